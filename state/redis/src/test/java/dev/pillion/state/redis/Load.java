// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.redis;

import dev.pillion.BuildingBlockException;
import dev.pillion.state.spi.StateStoreComponent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Threads that save one growing number each under a key each, and remember the last acknowledged.
 */
final class Load implements AutoCloseable {
  private final Map<String, Long> acknowledged = new ConcurrentHashMap<>();
  private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
  private final AtomicLong successes = new AtomicLong();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean stopped;

  Load(StateStoreComponent store, int callers) {
    for (int i = 0; i < callers; i++) {
      var key = Changes.key();
      threads.add(TestTime.REAL.start("load-" + i, () -> run(store, key)));
    }
  }

  private void run(StateStoreComponent store, String key) {
    for (long number = 1; !stopped; number++) {
      try {
        Changes.apply(store, Changes.put(key, Long.toString(number)));
        acknowledged.put(key, number);
        successes.incrementAndGet();
      } catch (BuildingBlockException e) {
        failures.add(e);
      } catch (RuntimeException | Error e) {
        failures.add(new AssertionError("no caller must see this", e));
      }
    }
  }

  /** Waits until so many more saves were acknowledged. */
  void awaitSaves(int more) {
    long from = successes.get();
    TestTime.await(more + " saves", () -> successes.get() >= from + more);
  }

  /** Stops, and returns the last acknowledged number by key. */
  Map<String, Long> stop() {
    stopped = true;
    for (Thread thread : threads) {
      try {
        thread.join(10_000);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
    return new HashMap<>(acknowledged);
  }

  List<Throwable> failures() {
    return List.copyOf(failures);
  }

  @Override
  public void close() {
    stop();
  }
}
