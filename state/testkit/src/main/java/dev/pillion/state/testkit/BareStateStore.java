// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import dev.pillion.BuildingBlockException;
import dev.pillion.BulkException;
import dev.pillion.ComponentException;
import dev.pillion.EtagMismatchException;
import dev.pillion.ReplicationException;
import dev.pillion.TransactionException;
import dev.pillion.TypeRef;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.state.DeleteOptions;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.SaveOptions;
import dev.pillion.state.StateChanges;
import dev.pillion.state.StateEntries;
import dev.pillion.state.StateEntry;
import dev.pillion.state.StateStore;
import dev.pillion.state.spi.SharesStoredValues;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StateStoreComponent;
import dev.pillion.state.spi.StoredValue;
import dev.pillion.state.spi.TransactionalStateStore;
import dev.pillion.testkit.PlainThreads;
import dev.pillion.testkit.RealTime;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A component as a {@link StateStore}, with as little as possible between the two: keys are the
 * stored keys, values are {@code byte[]} and nothing else, no policy applies. Each call has a
 * deadline of 30 seconds. Thread-safe.
 */
public final class BareStateStore implements StateStore, AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final StateStoreComponent component;
  private final TimeSource time;
  private final AutoCloseable closer;

  private BareStateStore(StateStoreComponent component, TimeSource time, AutoCloseable closer) {
    this.component = component;
    this.time = time;
    this.closer = closer;
  }

  /** Opens the component on the machine's own clock; {@link #close} closes it. */
  public static BareStateStore open(StateStoreComponent component) {
    var time = new RealTime();
    return open(component, time, () -> {
      component.close();
      time.close();
    });
  }

  /** Opens the component on this clock; {@link #close} closes it. */
  public static BareStateStore open(StateStoreComponent component, TimeSource time) {
    return open(component, time, component);
  }

  private static BareStateStore open(
      StateStoreComponent component, TimeSource time, AutoCloseable closer) {
    var store = new BareStateStore(component, time, closer);
    try {
      component.open(new ComponentContext(
          "contract", "", "statestore", time, new PlainThreads(), store.deadline()));
    } catch (RuntimeException e) {
      store.close();
      throw e;
    }
    return store;
  }

  @Override
  public void close() {
    try {
      closer.close();
    } catch (Exception e) {
      throw new IllegalStateException("the component did not close", e);
    }
  }

  @Override
  public String name() {
    return "statestore";
  }

  @Override
  public <T> Optional<T> get(String key, Class<T> type) {
    return get(key, TypeRef.of(type), ReadOptions.defaults());
  }

  @Override
  public <T> Optional<T> get(String key, Class<T> type, ReadOptions options) {
    return get(key, TypeRef.of(type), options);
  }

  @Override
  public <T> Optional<T> get(String key, TypeRef<T> type, ReadOptions options) {
    return entry(key, type, options).map(StateEntry::value);
  }

  @Override
  public <T> Optional<StateEntry<T>> entry(String key, Class<T> type) {
    return entry(key, TypeRef.of(type), ReadOptions.defaults());
  }

  @Override
  public <T> Optional<StateEntry<T>> entry(String key, Class<T> type, ReadOptions options) {
    return entry(key, TypeRef.of(type), options);
  }

  @Override
  public <T> Optional<StateEntry<T>> entry(String key, TypeRef<T> type, ReadOptions options) {
    BareChanges.checkKey(key);
    checkType(type);
    return component.get(key, options, deadline()).map(stored -> entry(key, stored));
  }

  @Override
  public <T> StateEntries<T> getAll(Collection<String> keys, Class<T> type) {
    return getAll(keys, TypeRef.of(type), ReadOptions.defaults());
  }

  @Override
  public <T> StateEntries<T> getAll(Collection<String> keys, TypeRef<T> type, ReadOptions options) {
    keys.forEach(BareChanges::checkKey);
    checkType(type);
    var found = new LinkedHashMap<String, StateEntry<T>>();
    var failures = new LinkedHashMap<String, BuildingBlockException>();
    var distinct = List.copyOf(new LinkedHashSet<>(keys));
    if (distinct.isEmpty()) {
      return new StateEntries<>(found, failures);
    }
    var read = component.getAll(distinct, options, deadline());
    for (String key : distinct) {
      var stored = read.found().get(key);
      var failure = read.failures().get(key);
      if (stored != null) {
        found.put(key, entry(key, stored));
      }
      if (failure != null) {
        failures.put(key, failure);
      }
    }
    return new StateEntries<>(found, failures);
  }

  @Override
  public void save(String key, Object value) {
    save(key, value, SaveOptions.defaults());
  }

  @Override
  public void save(String key, Object value, SaveOptions options) {
    component.apply(BareChanges.put(key, value, options), deadline());
  }

  @Override
  public void saveAll(Map<String, ?> values) {
    saveAll(values, SaveOptions.defaults());
  }

  @Override
  public void saveAll(Map<String, ?> values, SaveOptions options) {
    bulk(changes -> values.forEach((key, value) -> changes.save(key, value, options)));
  }

  @Override
  public void delete(String key) {
    delete(key, DeleteOptions.defaults());
  }

  @Override
  public void delete(String key, DeleteOptions options) {
    component.apply(BareChanges.removal(key, options), deadline());
  }

  @Override
  public void deleteAll(Collection<String> keys) {
    bulk(changes -> keys.forEach(changes::delete));
  }

  @Override
  public <E extends Exception> void bulk(StateChanges.Writer<E> writer) throws E {
    var changes = BareChanges.writtenBy(writer);
    if (changes.isEmpty()) {
      return;
    }
    var byPosition = component.applyAll(changes, deadline());
    var byKey = new LinkedHashMap<String, BuildingBlockException>();
    for (int i = 0; i < changes.size(); i++) {
      var failure = byPosition.get(i);
      if (failure != null) {
        byKey.putIfAbsent(changes.get(i).key(), failure);
      }
    }
    if (!byKey.isEmpty()) {
      throw new BulkException(
          "ERR_STATE_SAVE",
          "%d of %d changes failed: %s".formatted(byKey.size(), changes.size(), byKey.keySet()),
          byKey);
    }
  }

  @Override
  public <E extends Exception> void transaction(StateChanges.Writer<E> writer) throws E {
    var changes = BareChanges.writtenBy(writer);
    if (!changes.isEmpty()) {
      transact(changes);
    }
  }

  private void transact(List<StateChange> changes) {
    if (!(component instanceof TransactionalStateStore transactional)) {
      throw new TransactionException(
          "ERR_STATE_STORE_NOT_SUPPORTED",
          "state store %s doesn't support transactions"
              .formatted(component.getClass().getName()),
          null);
    }
    if (changes.size() > transactional.maxTransactionSize()) {
      throw new TransactionException(
          "ERR_STATE_STORE_TOO_MANY_TRANSACTIONS",
          "the transaction contains %d operations, which is more than what the state store supports: %d"
              .formatted(changes.size(), transactional.maxTransactionSize()),
          null);
    }
    try {
      transactional.transact(changes, deadline());
    } catch (ReplicationException e) {
      throw e;
    } catch (EtagMismatchException | ComponentException e) {
      throw new TransactionException(
          "ERR_STATE_TRANSACTION", "error while executing state transaction: " + e.getMessage(), e);
    }
  }

  private Deadline deadline() {
    return Deadline.after(TIMEOUT, time);
  }

  private static void checkType(TypeRef<?> type) {
    if (type.type() != byte[].class) {
      throw new IllegalArgumentException(
          "a bare store reads byte[] only, not " + type + "; a runtime reads other types");
    }
  }

  @SuppressWarnings("unchecked") // checkType has seen to it that T is byte[]
  private <T> StateEntry<T> entry(String key, StoredValue stored) {
    byte[] bytes =
        component instanceof SharesStoredValues ? stored.bytes().clone() : stored.bytes();
    return new StateEntry<>(key, (T) bytes, stored.etag(), stored.expiresAt());
  }
}
