// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import dev.pillion.state.DeleteOptions;
import dev.pillion.state.SaveOptions;
import dev.pillion.state.StateChanges;
import dev.pillion.state.spi.Condition;
import dev.pillion.state.spi.StateChange;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Turns what a program writes into what a store is given, keeping the program's own keys beside it.
 */
final class ChangeList implements StateChanges {
  private final KeyPrefix prefix;
  private final Values values;
  private final boolean inTransaction;
  private final @Nullable OutboxEvents outbox;
  private final List<StateChange> changes = new ArrayList<>();
  private final List<String> keys = new ArrayList<>();
  private boolean sent;

  ChangeList(KeyPrefix prefix, Values values, boolean inTransaction) {
    this(prefix, values, inTransaction, null);
  }

  /**
   * A list of changes.
   *
   * @param outbox is told of what is saved; null when nobody wants to know
   */
  ChangeList(
      KeyPrefix prefix, Values values, boolean inTransaction, @Nullable OutboxEvents outbox) {
    this.prefix = prefix;
    this.values = values;
    this.inTransaction = inTransaction;
    this.outbox = outbox;
  }

  @Override
  public StateChanges save(String key, Object value) {
    return save(key, value, SaveOptions.defaults());
  }

  @Override
  public StateChanges save(String key, Object value, SaveOptions options) {
    var put = put(prefix, values, key, value, options, !inTransaction);
    if (outbox == null || outbox.add(put, options, values.contentType(value))) {
      add(key, put);
    }
    return this;
  }

  @Override
  public StateChanges delete(String key) {
    return delete(key, DeleteOptions.defaults());
  }

  @Override
  public StateChanges delete(String key, DeleteOptions options) {
    add(key, remove(prefix, values, key, options));
    return this;
  }

  private void add(String key, StateChange change) {
    if (sent) {
      throw new IllegalStateException(
          "the changes were sent when the lambda returned; \"" + key + "\" came too late");
    }
    // Whether a store judges conditions first or one by one must not show.
    if (inTransaction && !change.condition().isNone() && keys.contains(key)) {
      throw new IllegalArgumentException(
          "the transaction changes the key \"" + key
              + "\" before the change that has a condition on it; put the condition on its first change");
    }
    changes.add(change);
    keys.add(key);
  }

  static StateChange.Put put(
      KeyPrefix prefix,
      Values values,
      String key,
      Object value,
      SaveOptions options,
      boolean jsonAllowed) {
    var stored = prefix.apply(key);
    Objects.requireNonNull(value, "value: a state store keeps no null; delete the key instead");
    var condition = options.etag() != null
        ? Condition.matches(options.etag())
        : options.isFirstWrite() ? Condition.absent() : Condition.none();
    return new StateChange.Put(
        stored,
        values.toStore(key, value, options.metadata(), jsonAllowed),
        condition,
        TimeToLive.of(options),
        options.consistency(),
        values.metadata(options.metadata()));
  }

  static StateChange.Delete remove(
      KeyPrefix prefix, Values values, String key, DeleteOptions options) {
    var etag = options.etag();
    return new StateChange.Delete(
        prefix.apply(key),
        etag == null ? Condition.none() : Condition.matches(etag),
        values.metadata(options.metadata()));
  }

  /** Lets the program write its changes, and no more afterwards. */
  <E extends Exception> List<StateChange> writtenBy(Writer<E> writer) throws E {
    writer.write(this);
    sent = true;
    return changes;
  }

  List<StateChange> changes() {
    return changes;
  }

  /** The program's key of the change at this position. */
  String key(int position) {
    return keys.get(position);
  }

  /** The program's key of a stored key; the stored key itself when no change has it. */
  String keyOf(String storedKey) {
    for (int i = 0; i < changes.size(); i++) {
      if (changes.get(i).key().equals(storedKey)) {
        return keys.get(i);
      }
    }
    return storedKey;
  }

  /** Whether it holds nothing but deletes. */
  boolean deletesOnly() {
    return changes.stream().allMatch(StateChange.Delete.class::isInstance);
  }

  /** Whether sending all of it twice does no more harm than once. */
  boolean isRepeatable() {
    return changes.stream().allMatch(change -> change.condition().isNone());
  }
}
