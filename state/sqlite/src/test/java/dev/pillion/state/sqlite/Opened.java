// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.sqlite;

import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.Threads;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.state.Consistency;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.spi.Condition;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StateValue;
import dev.pillion.state.spi.StoredValue;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** An open store, its changes in short, and a clock whose tasks the test runs. */
final class Opened implements TimeSource, Threads, AutoCloseable {
  final SqliteStateStore store;
  final List<Runnable> scheduled = new ArrayList<>();

  Opened(SqliteStateStore store) {
    this.store = store;
    store.open(new ComponentContext("orders", "", "st", this, this, Deadline.none()));
  }

  void save(String key, String text) {
    store.apply(put(key, text, false, null), Deadline.none());
  }

  Optional<StoredValue> get(String key) {
    return store.get(key, ReadOptions.defaults(), Deadline.none());
  }

  String text(String key) {
    return get(key)
        .map(value -> new String(value.bytes(), StandardCharsets.UTF_8))
        .orElse(null);
  }

  static StateChange.Put put(String key, String text, boolean json, Duration timeToLive) {
    return new StateChange.Put(
        key,
        new StateValue(text.getBytes(StandardCharsets.UTF_8), json),
        Condition.none(),
        timeToLive,
        Consistency.EVENTUAL,
        Map.of());
  }

  /** Runs what was scheduled so far, whatever its delay. */
  void runScheduled() {
    var due = List.copyOf(scheduled);
    scheduled.clear();
    due.forEach(Runnable::run);
  }

  @Override
  public void close() {
    store.close();
  }

  @Override
  public Instant now() {
    return Instant.now();
  }

  @Override
  public long nanos() {
    return System.nanoTime();
  }

  @Override
  public Scheduled schedule(Duration delay, Runnable task) {
    scheduled.add(task);
    return () -> scheduled.remove(task);
  }

  @Override
  public void execute(String name, Runnable task) {
    task.run();
  }

  @Override
  public Thread start(String name, Runnable loop) {
    throw new UnsupportedOperationException();
  }
}
