// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import dev.pillion.BuildingBlockException;
import dev.pillion.SerializationException;
import dev.pillion.TransactionException;
import dev.pillion.TypeRef;
import dev.pillion.call.BoundCallBody;
import dev.pillion.call.Call;
import dev.pillion.call.CallChain;
import dev.pillion.state.DeleteOptions;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.SaveOptions;
import dev.pillion.state.StateChanges;
import dev.pillion.state.StateEntries;
import dev.pillion.state.StateEntry;
import dev.pillion.state.StateStore;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StateStoreComponent;
import dev.pillion.state.spi.StoredValue;
import dev.pillion.state.spi.TransactionalStateStore;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One component as programs hold it: prefix, values, the call chain, and failures that name what
 * the program named.
 */
final class StoreClient implements StateStore {
  private static final TypeRef<byte[]> BYTES = TypeRef.of(byte[].class);

  private final String name;
  private final StateStoreComponent component;
  private final KeyPrefix prefix;
  private final Values values;
  private final CallChain calls;
  private final StateFailures failures;
  private final @Nullable StateOutbox outbox;

  // Made once: a call without policies must not even allocate its description.
  private final Call get;
  private final Call getAll;
  private final Call save;
  private final Call saveIf;
  private final Call delete;
  private final Call deleteIf;
  private final BoundCallBody<String, ReadOptions, Optional<StoredValue>, RuntimeException> load =
      this::load;

  StoreClient(
      String name,
      StateStoreComponent component,
      KeyPrefix prefix,
      Values values,
      CallChain calls,
      @Nullable StateOutbox outbox) {
    this.name = name;
    this.component = component;
    this.prefix = prefix;
    this.values = values;
    this.calls = calls;
    this.outbox = outbox;
    this.failures = new StateFailures(name);
    this.get = call("get", true);
    this.getAll = call("getAll", true);
    this.save = call("save", true);
    this.saveIf = call("save", false);
    this.delete = call("delete", true);
    this.deleteIf = call("delete", false);
  }

  private Call call(String operation, boolean repeatable) {
    return Call.outbound("state", name, operation, repeatable);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public <T> Optional<T> get(String key, Class<T> type) {
    return get(key, type, ReadOptions.defaults());
  }

  @Override
  public <T> Optional<T> get(String key, Class<T> type, ReadOptions options) {
    return get(key, ref(type), options);
  }

  @Override
  public <T> Optional<T> get(String key, TypeRef<T> type, ReadOptions options) {
    var stored = read(key, options);
    return stored == null ? Optional.empty() : Optional.ofNullable(value(key, stored, type));
  }

  @Override
  public <T> Optional<StateEntry<T>> entry(String key, Class<T> type) {
    return entry(key, ref(type), ReadOptions.defaults());
  }

  @Override
  public <T> Optional<StateEntry<T>> entry(String key, Class<T> type, ReadOptions options) {
    return entry(key, ref(type), options);
  }

  @Override
  public <T> Optional<StateEntry<T>> entry(String key, TypeRef<T> type, ReadOptions options) {
    var stored = read(key, options);
    return stored == null ? Optional.empty() : Optional.ofNullable(entry(key, stored, type));
  }

  @SuppressWarnings("unchecked") // T is byte[] where it is cast
  private static <T> TypeRef<T> ref(Class<T> type) {
    return type == byte[].class ? (TypeRef<T>) BYTES : TypeRef.of(type);
  }

  private <T> @Nullable T value(String key, StoredValue stored, TypeRef<T> type) {
    try {
      return values.toValue(stored.bytes(), type);
    } catch (SerializationException e) {
      throw failures.get(key, e);
    }
  }

  private @Nullable StoredValue read(String key, ReadOptions options) {
    return calls.run(get, prefix.apply(key), values.options(options), load).orElse(null);
  }

  private Optional<StoredValue> load(Call call, String storedKey, ReadOptions options) {
    try {
      return component.get(storedKey, options, call.context().deadline());
    } catch (BuildingBlockException e) {
      throw failures.get(prefix.remove(storedKey), e);
    }
  }

  private <T> @Nullable StateEntry<T> entry(String key, StoredValue stored, TypeRef<T> type) {
    T value = value(key, stored, type);
    return value == null ? null : new StateEntry<>(key, value, stored.etag(), stored.expiresAt());
  }

  @Override
  public <T> StateEntries<T> getAll(Collection<String> keys, Class<T> type) {
    return getAll(keys, ref(type), ReadOptions.defaults());
  }

  @Override
  public <T> StateEntries<T> getAll(Collection<String> keys, TypeRef<T> type, ReadOptions options) {
    var storedKeys = new LinkedHashMap<String, String>();
    keys.forEach(key -> storedKeys.put(key, prefix.apply(key)));
    if (storedKeys.isEmpty()) {
      return new StateEntries<>(Map.of(), Map.of());
    }
    var read = calls.run(getAll, call -> {
      try {
        return component.getAll(
            List.copyOf(storedKeys.values()),
            values.options(options),
            call.context().deadline());
      } catch (BuildingBlockException e) {
        throw failures.getAll(e);
      }
    });
    var found = new LinkedHashMap<String, StateEntry<T>>();
    var failed = new LinkedHashMap<String, BuildingBlockException>();
    storedKeys.forEach((key, storedKey) -> {
      var failure = read.failures().get(storedKey);
      var stored = read.found().get(storedKey);
      if (failure != null) {
        failed.put(key, failures.get(key, failure));
      } else if (stored != null) {
        try {
          var entry = entry(key, stored, type);
          if (entry != null) {
            found.put(key, entry);
          }
        } catch (BuildingBlockException e) {
          failed.put(key, e);
        }
      }
    });
    return new StateEntries<>(found, failed);
  }

  @Override
  public void save(String key, Object value) {
    save(key, value, SaveOptions.defaults());
  }

  @Override
  public void save(String key, Object value, SaveOptions options) {
    var put = ChangeList.put(prefix, values, key, value, options, true);
    calls.run(put.condition().isNone() ? save : saveIf, call -> {
      try {
        component.apply(put, call.context().deadline());
      } catch (BuildingBlockException e) {
        throw failures.save(key, e);
      }
      return true;
    });
  }

  @Override
  public void delete(String key) {
    delete(key, DeleteOptions.defaults());
  }

  @Override
  public void delete(String key, DeleteOptions options) {
    var change = ChangeList.remove(prefix, values, key, options);
    calls.run(change.condition().isNone() ? delete : deleteIf, call -> {
      try {
        component.apply(change, call.context().deadline());
      } catch (BuildingBlockException e) {
        throw failures.delete(key, e);
      }
      return true;
    });
  }

  @Override
  public void saveAll(Map<String, ?> valuesByKey) {
    saveAll(valuesByKey, SaveOptions.defaults());
  }

  @Override
  public void saveAll(Map<String, ?> valuesByKey, SaveOptions options) {
    bulk(changes -> valuesByKey.forEach((key, value) -> changes.save(key, value, options)));
  }

  @Override
  public void deleteAll(Collection<String> keys) {
    bulk(changes -> new LinkedHashSet<>(keys).forEach(changes::delete));
  }

  @Override
  public <E extends Exception> void bulk(StateChanges.Writer<E> writer) throws E {
    var list = new ChangeList(prefix, values, false);
    var changes = list.writtenBy(writer);
    if (changes.isEmpty()) {
      return;
    }
    var attempts = new BulkAttempts(component, list, failures);
    // Thrown within the chain: policies and metrics must see that some failed.
    calls.run(call("bulk", list.isRepeatable()), call -> {
      attempts.next(call.context().deadline());
      return true;
    });
  }

  @Override
  public <E extends Exception> void transaction(StateChanges.Writer<E> writer) throws E {
    if (!(component instanceof TransactionalStateStore store)) {
      throw new TransactionException(
          "ERR_STATE_STORE_NOT_SUPPORTED",
          "state store " + name + " doesn't support transactions",
          null);
    }
    var events = new OutboxEvents();
    var list = new ChangeList(prefix, values, true, outbox == null ? null : events);
    var changes = list.writtenBy(writer);
    int size = changes.size() + events.size();
    if (size == 0) {
      return;
    }
    if (size > store.maxTransactionSize()) {
      throw new TransactionException(
          "ERR_STATE_STORE_TOO_MANY_TRANSACTIONS",
          "the transaction contains %d operations, which is more than what the state store supports: %d"
              .formatted(size, store.maxTransactionSize()),
          null);
    }
    var sent = published(events, changes);
    calls.run(call("transaction", list.isRepeatable()), call -> {
      try {
        store.transact(sent, call.context().deadline());
      } catch (BuildingBlockException e) {
        throw failures.transaction(list, e);
      }
      return true;
    });
  }

  private List<StateChange> published(OutboxEvents events, List<StateChange> changes) {
    if (outbox == null) {
      return changes;
    }
    try {
      return events.publish(outbox, changes);
    } catch (BuildingBlockException e) {
      throw failures.outbox(e);
    }
  }
}
