// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testkit;

import dev.pillion.concurrent.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The machine's own clocks, for a component that is tested without a runtime. {@link #close} ends
 * the thread that runs delayed tasks. Thread-safe.
 */
public final class RealTime implements TimeSource, AutoCloseable {
  private final ScheduledThreadPoolExecutor timer =
      new ScheduledThreadPoolExecutor(1, task -> PlainThreads.daemon(task, "testkit/timer"));

  /** A clock with a timer of its own. */
  public RealTime() {}

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
    var scheduled = timer.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
    return () -> scheduled.cancel(false);
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
