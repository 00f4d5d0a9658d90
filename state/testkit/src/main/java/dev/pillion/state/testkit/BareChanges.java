// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import dev.pillion.state.DeleteOptions;
import dev.pillion.state.SaveOptions;
import dev.pillion.state.StateChanges;
import dev.pillion.state.spi.Condition;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StateValue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Collects what a program writes as a component's changes. Not thread-safe. */
final class BareChanges implements StateChanges {
  private final List<StateChange> changes = new ArrayList<>();
  private boolean written;

  static <E extends Exception> List<StateChange> writtenBy(Writer<E> writer) throws E {
    var collector = new BareChanges();
    writer.write(collector);
    collector.written = true;
    return List.copyOf(collector.changes);
  }

  static StateChange put(String key, Object value, SaveOptions options) {
    checkKey(key);
    if (!(value instanceof byte[] bytes)) {
      throw new IllegalArgumentException("a bare store takes byte[] only; a runtime takes values");
    }
    String etag = options.etag();
    var condition = etag != null
        ? Condition.matches(etag)
        : options.isFirstWrite() ? Condition.absent() : Condition.none();
    boolean isJson = StateChange.JSON.equals(options.metadata().get(StateChange.CONTENT_TYPE));
    return new StateChange.Put(
        key,
        new StateValue(bytes.clone(), isJson),
        condition,
        inWholeSeconds(options.timeToLive()),
        options.consistency(),
        options.metadata());
  }

  static StateChange removal(String key, DeleteOptions options) {
    checkKey(key);
    String etag = options.etag();
    return new StateChange.Delete(
        key, etag == null ? Condition.none() : Condition.matches(etag), options.metadata());
  }

  static void checkKey(String key) {
    if (key.isEmpty()) {
      throw new IllegalArgumentException("state key cannot be empty");
    }
    if (key.contains("||")) {
      throw new IllegalArgumentException("key \"" + key + "\" can't contain '||'");
    }
  }

  private static @Nullable Duration inWholeSeconds(@Nullable Duration timeToLive) {
    return timeToLive == null || timeToLive.getNano() == 0
        ? timeToLive
        : Duration.ofSeconds(timeToLive.getSeconds() + 1);
  }

  @Override
  public StateChanges save(String key, Object value) {
    return save(key, value, SaveOptions.defaults());
  }

  @Override
  public StateChanges save(String key, Object value, SaveOptions options) {
    return add(put(key, value, options));
  }

  @Override
  public StateChanges delete(String key) {
    return delete(key, DeleteOptions.defaults());
  }

  @Override
  public StateChanges delete(String key, DeleteOptions options) {
    return add(removal(key, options));
  }

  private StateChanges add(StateChange change) {
    if (written) {
      throw new IllegalStateException("the changes were sent when the lambda returned");
    }
    changes.add(change);
    return this;
  }
}
