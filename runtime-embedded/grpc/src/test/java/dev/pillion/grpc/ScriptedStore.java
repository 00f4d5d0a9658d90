// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.BuildingBlockException;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.engine.InMemoryStateStore;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StoredValue;
import dev.pillion.state.spi.TransactionalStateStore;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/** An in-memory store that does something before it touches a key: fail, or wait. */
final class ScriptedStore implements TransactionalStateStore {
  private final InMemoryStateStore store = new InMemoryStateStore();
  private final Map<String, Runnable> before = new ConcurrentHashMap<>();
  private final Map<String, Consumer<StateChange>> beforeChange = new ConcurrentHashMap<>();
  private volatile Runnable beforeBulkRead = () -> {};
  private final AtomicReference<Deadline> deadline = new AtomicReference<>();
  private int maxTransactionSize = Integer.MAX_VALUE;

  ScriptedStore before(String key, Runnable script) {
    before.put("checkout||" + key, script);
    return this;
  }

  ScriptedStore beforeChange(String key, Consumer<StateChange> script) {
    beforeChange.put("checkout||" + key, script);
    return this;
  }

  ScriptedStore beforeBulkRead(Runnable script) {
    beforeBulkRead = script;
    return this;
  }

  ScriptedStore maxTransactionSize(int size) {
    maxTransactionSize = size;
    return this;
  }

  /** The deadline that the latest read was given. */
  Deadline deadline() {
    return deadline.get();
  }

  private void run(StateChange change) {
    before.getOrDefault(change.key(), () -> {}).run();
    beforeChange.getOrDefault(change.key(), any -> {}).accept(change);
  }

  @Override
  public void open(ComponentContext context) {
    store.open(context);
  }

  @Override
  public Optional<StoredValue> get(String key, ReadOptions options, Deadline deadline) {
    this.deadline.set(deadline);
    before.getOrDefault(key, () -> {}).run();
    return store.get(key, options, deadline);
  }

  @Override
  public BulkRead getAll(List<String> keys, ReadOptions options, Deadline deadline) {
    beforeBulkRead.run();
    return TransactionalStateStore.super.getAll(keys, options, deadline);
  }

  @Override
  public void apply(StateChange change, Deadline deadline) {
    run(change);
    store.apply(change, deadline);
  }

  @Override
  public Map<Integer, BuildingBlockException> applyAll(
      List<StateChange> changes, Deadline deadline) {
    return TransactionalStateStore.super.applyAll(changes, deadline);
  }

  @Override
  public void transact(List<StateChange> changes, Deadline deadline) {
    changes.forEach(this::run);
    store.transact(changes, deadline);
  }

  @Override
  public int maxTransactionSize() {
    return maxTransactionSize;
  }

  @Override
  public void close() {
    store.close();
  }
}
