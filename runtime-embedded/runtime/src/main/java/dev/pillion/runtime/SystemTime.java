// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.concurrent.TimeSource;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The machine's clocks and one timer thread, which exists only once something has been scheduled.
 */
final class SystemTime implements TimeSource, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SystemTime.class);

  private final Clock clock = Clock.systemUTC();
  private final ScheduledThreadPoolExecutor timer;

  SystemTime(String appId) {
    timer = new ScheduledThreadPoolExecutor(1, task -> {
      var thread = new Thread(task, appId + "/timer");
      thread.setDaemon(true);
      return thread;
    });
    timer.setRemoveOnCancelPolicy(true);
    timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  @Override
  public Instant now() {
    return clock.instant();
  }

  @Override
  public long nanos() {
    return System.nanoTime();
  }

  @Override
  public Scheduled schedule(Duration delay, Runnable task) {
    Runnable guarded = () -> {
      try {
        task.run();
      } catch (RuntimeException | Error e) {
        log.error("a scheduled task failed; it must not throw", e);
      }
    };
    try {
      var future = timer.schedule(guarded, delay.toNanos(), TimeUnit.NANOSECONDS);
      return () -> future.cancel(false);
    } catch (RejectedExecutionException e) {
      throw new IllegalStateException("the runtime is closed", e);
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
