// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.Threads;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.state.Consistency;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.spi.Condition;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StateChange.Delete;
import dev.pillion.state.spi.StateChange.Put;
import dev.pillion.state.spi.StateValue;
import dev.pillion.state.spi.StoredValue;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** What tests need to open a store without a runtime, and short words for changes. */
final class TestStore {
  /** The machine's clock; scheduled tasks are kept, for the test to run. */
  static final class Time implements TimeSource {
    final CopyOnWriteArrayList<Runnable> scheduled = new CopyOnWriteArrayList<>();

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

    /** Runs what is scheduled now, on this thread. */
    void runScheduled() {
      var due = scheduled.toArray(Runnable[]::new);
      for (Runnable task : due) {
        scheduled.remove(task);
        task.run();
      }
    }
  }

  /** Runs at once, so that a test sees the end of it. */
  private static final Threads THREADS = new Threads() {
    @Override
    public void execute(String name, Runnable task) {
      task.run();
    }

    @Override
    public Thread start(String name, Runnable loop) {
      throw new UnsupportedOperationException(name);
    }
  };

  private TestStore() {}

  static PostgresStateStore open(PostgresStateStore store) {
    return open(store, new Time());
  }

  static PostgresStateStore open(PostgresStateStore store, TimeSource time) {
    store.open(context(time, Duration.ofSeconds(30)));
    return store;
  }

  static ComponentContext context(TimeSource time, Duration initTimeout) {
    return new ComponentContext(
        "orders", "", "st", time, THREADS, Deadline.after(initTimeout, time));
  }

  static Deadline in(Duration timeout) {
    return Deadline.after(timeout, new Time());
  }

  static Put bytes(String key, String value) {
    return put(key, value, false, Condition.none(), null);
  }

  static Put json(String key, String value) {
    return put(key, value, true, Condition.none(), null);
  }

  static Put put(
      String key, String value, boolean isJson, Condition condition, Duration timeToLive) {
    return new Put(
        key,
        new StateValue(value.getBytes(UTF_8), isJson),
        condition,
        timeToLive,
        Consistency.EVENTUAL,
        Map.of());
  }

  static Put ifMatch(String key, String value, String etag) {
    return put(key, value, false, Condition.matches(etag), null);
  }

  static Delete delete(String key) {
    return new Delete(key, Condition.none(), Map.of());
  }

  static Delete deleteIfMatch(String key, String etag) {
    return new Delete(key, Condition.matches(etag), Map.of());
  }

  static void apply(PostgresStateStore store, StateChange change) {
    store.apply(change, in(Duration.ofSeconds(20)));
  }

  static Optional<StoredValue> get(PostgresStateStore store, String key) {
    return store.get(key, ReadOptions.defaults(), in(Duration.ofSeconds(20)));
  }

  static String text(PostgresStateStore store, String key) {
    return get(store, key).map(value -> new String(value.bytes(), UTF_8)).orElse("none");
  }

  static String etag(PostgresStateStore store, String key) {
    return get(store, key).orElseThrow().etag();
  }
}
