// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.Threads;
import dev.pillion.concurrent.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** The machine's clock and threads, and contexts on them: idle times are the server's own. */
enum TestTime implements TimeSource, Threads {
  REAL;

  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(task -> daemon("timer", task));
  private final ExecutorService pool = Executors.newCachedThreadPool(task -> daemon("pool", task));

  static ComponentContext context() {
    return context(REAL);
  }

  static ComponentContext context(Threads threads) {
    return new ComponentContext("shop", "", "bus", REAL, threads, in(Duration.ofSeconds(20)));
  }

  static Deadline in(Duration timeout) {
    return Deadline.after(timeout, REAL);
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
    var future = timer.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
    return () -> future.cancel(false);
  }

  @Override
  public void execute(String name, Runnable task) {
    pool.execute(task);
  }

  @Override
  public Thread start(String name, Runnable loop) {
    var thread = daemon(name, loop);
    thread.start();
    return thread;
  }

  private static Thread daemon(String name, Runnable task) {
    var thread = new Thread(task, "shop/" + name);
    thread.setDaemon(true);
    return thread;
  }
}
