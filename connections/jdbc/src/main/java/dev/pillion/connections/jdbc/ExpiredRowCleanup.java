// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.jdbc;

import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource.Scheduled;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes expired rows every so often, as Dapr's SQL components do: all processes on one database
 * share one schedule, because a run must first claim the row that holds the time of the last one.
 *
 * <p>The first run comes one full interval after the start. A run that takes longer than the
 * interval makes the next ones fall out. Failures are logged once until a run succeeds again.
 * Thread-safe.
 */
public final class ExpiredRowCleanup implements AutoCloseable {
  /** Dapr's limit for one run. */
  static final Duration RUN_LIMIT = Duration.ofMinutes(10);

  /** What Dapr takes off the interval, so that a timer that is a little early still claims. */
  static final Duration TOLERANCE = Duration.ofMillis(100);

  private static final long CLOSE_WAIT_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final Logger LOG = LoggerFactory.getLogger(ExpiredRowCleanup.class);

  private final Duration interval;
  private final ExpiredRows rows;
  private final ComponentContext context;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition ended = lock.newCondition();
  private @Nullable Scheduled next;
  private boolean running;
  private boolean failing;
  private boolean closed;

  private ExpiredRowCleanup(Duration interval, ExpiredRows rows, ComponentContext context) {
    this.interval = interval;
    this.rows = rows;
    this.context = context;
  }

  /** Starts cleaning up every {@code interval}; zero or less means never. */
  public static ExpiredRowCleanup start(
      Duration interval, ExpiredRows rows, ComponentContext context) {
    var cleanup = new ExpiredRowCleanup(interval, rows, context);
    if (!interval.isZero() && !interval.isNegative()) {
      cleanup.scheduleNext();
    }
    return cleanup;
  }

  /**
   * Stops. A run under way is waited for, five seconds at most; what becomes of it later is not
   * logged. Idempotent.
   */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      if (next != null) {
        next.cancel();
      }
      for (long left = CLOSE_WAIT_NANOS; running && left > 0; ) {
        left = ended.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  private void scheduleNext() {
    lock.lock();
    try {
      if (!closed) {
        next = context.time().schedule(interval, this::tick);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Runs on the shared timer thread: only hands over. */
  private void tick() {
    scheduleNext();
    if (!begin()) {
      return;
    }
    try {
      context.threads().execute("cleanup/" + context.name(), this::run);
    } catch (RuntimeException e) {
      end(e);
    }
  }

  private void run() {
    RuntimeException failure = null;
    try {
      var deadline = Deadline.after(RUN_LIMIT, context.time());
      if (rows.claim(interval.minus(TOLERANCE), deadline)) {
        long count = rows.delete(deadline);
        LOG.debug("component \"{}\" removed {} expired rows", context.name(), count);
      }
    } catch (RuntimeException e) {
      failure = e;
    } finally {
      end(failure);
    }
  }

  private boolean begin() {
    lock.lock();
    try {
      if (running || closed) {
        return false;
      }
      running = true;
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void end(@Nullable RuntimeException failure) {
    lock.lock();
    try {
      running = false;
      ended.signalAll();
      boolean wasFailing = failing;
      failing = failure != null;
      if (closed || failing == wasFailing) {
        return;
      }
      if (failing) {
        LOG.warn(
            "component \"{}\" could not remove expired rows; it tries again every {}",
            context.name(),
            interval,
            failure);
      } else {
        LOG.info("component \"{}\" removes expired rows again", context.name());
      }
    } finally {
      lock.unlock();
    }
  }
}
