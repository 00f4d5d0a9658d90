// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.postgresql;

import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.Threads;
import dev.pillion.concurrent.TimeSource;
import java.time.Duration;
import java.time.Instant;

/** The machine's clock and plain threads, for a database that is opened without a runtime. */
final class Fixtures {
  static final TimeSource TIME = new TimeSource() {
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
      throw new UnsupportedOperationException("a database schedules nothing");
    }
  };

  private static final Threads THREADS = new Threads() {
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
  };

  private Fixtures() {}

  static Deadline in(Duration timeout) {
    return Deadline.after(timeout, TIME);
  }

  static ComponentContext context() {
    return context(Duration.ofSeconds(30));
  }

  static ComponentContext context(Duration initTimeout) {
    return new ComponentContext("app", "", "orders", TIME, THREADS, in(initTimeout));
  }
}
