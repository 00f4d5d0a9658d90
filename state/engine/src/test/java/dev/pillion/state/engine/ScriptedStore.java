// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import dev.pillion.BuildingBlockException;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StoredValue;
import dev.pillion.state.spi.TransactionalStateStore;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Keeps bytes by stored key, remembers what it was given, and fails where a test says so. */
class ScriptedStore implements TransactionalStateStore {
  final Map<String, byte[]> stored = new LinkedHashMap<>();
  final List<StateChange> given = new ArrayList<>();
  final Map<String, BuildingBlockException> failing = new LinkedHashMap<>();
  BuildingBlockException failure;
  int maxTransactionSize = Integer.MAX_VALUE;
  int maxValueSize = Integer.MAX_VALUE;

  @Override
  public void open(ComponentContext context) {}

  @Override
  public Optional<StoredValue> get(String key, ReadOptions options, Deadline deadline) {
    fail(key);
    return Optional.ofNullable(stored.get(key))
        .map(bytes -> new StoredValue(bytes.clone(), "1", null));
  }

  @Override
  public void apply(StateChange change, Deadline deadline) {
    given.add(change);
    fail(change.key());
    if (change instanceof StateChange.Put put) {
      stored.put(put.key(), put.value().bytes());
    } else {
      stored.remove(change.key());
    }
  }

  @Override
  public BulkRead getAll(List<String> keys, ReadOptions options, Deadline deadline) {
    if (failure != null) {
      throw failure;
    }
    return TransactionalStateStore.super.getAll(keys, options, deadline);
  }

  @Override
  public Map<Integer, BuildingBlockException> applyAll(
      List<StateChange> changes, Deadline deadline) {
    if (failure != null) {
      throw failure;
    }
    return TransactionalStateStore.super.applyAll(changes, deadline);
  }

  @Override
  public void transact(List<StateChange> changes, Deadline deadline) {
    changes.forEach(change -> apply(change, deadline));
  }

  @Override
  public int maxTransactionSize() {
    return maxTransactionSize;
  }

  @Override
  public int maxValueSize() {
    return maxValueSize;
  }

  private void fail(String key) {
    if (failure != null) {
      throw failure;
    }
    var particular = failing.get(key);
    if (particular != null) {
      throw particular;
    }
  }

  @Override
  public void close() {}
}
