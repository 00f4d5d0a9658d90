// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.redis;

import dev.pillion.BuildingBlockException;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.Threads;
import dev.pillion.concurrent.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** The machine's clock, and contexts on it. */
enum TestTime implements TimeSource, Threads {
  REAL;

  static ComponentContext context() {
    return context(Duration.ofSeconds(20));
  }

  static ComponentContext context(Duration initTimeout) {
    return new ComponentContext("orders", "", "st", REAL, REAL, in(initTimeout));
  }

  static ComponentContext context(String component) {
    return new ComponentContext("orders", "", component, REAL, REAL, in(Duration.ofSeconds(20)));
  }

  static Deadline in(Duration timeout) {
    return Deadline.after(timeout, REAL);
  }

  /** Waits until a thread has gone to wait for something. */
  static void awaitWaiting(Thread thread) {
    await(thread.getName() + " to wait", () -> switch (thread.getState()) {
      case WAITING, TIMED_WAITING -> true;
      default -> false;
    });
  }

  /** Waits until something holds, 20 seconds at most; a failure means that it does not hold yet. */
  static void await(String what, BooleanSupplier condition) {
    var deadline = in(Duration.ofSeconds(20));
    RuntimeException last = null;
    while (!deadline.hasPassed()) {
      try {
        if (condition.getAsBoolean()) {
          return;
        }
      } catch (BuildingBlockException e) {
        last = e;
      }
      LockSupport.parkNanos(1_000_000);
    }
    throw new AssertionError("waited in vain for " + what, last);
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
    throw new UnsupportedOperationException("nothing is scheduled by this store");
  }

  @Override
  public void execute(String name, Runnable task) {
    start(name, task);
  }

  @Override
  public Thread start(String name, Runnable loop) {
    var thread = new Thread(loop, name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }
}
