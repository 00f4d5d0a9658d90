// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Many writers, one connection, few commits. Whoever finds nobody leading leads: begins a
 * transaction, takes what has queued up by then, oldest first, runs it, commits once, and only then
 * lets everybody go. There is no thread of its own, and a caller alone waits for nobody.
 *
 * <p>Leading is given up after every commit, and any running caller may grab it; since the queue is
 * served in order, nobody starves. Waiting for another process happens before anything is taken, so
 * a caller whose time is up then knows that nothing of its was written.
 */
final class GroupCommit {
  private static final int MAX_BATCH = 256;
  private static final int MAX_YIELDS = 20;
  private static final long FIRST_PAUSE_NANOS = TimeUnit.MICROSECONDS.toNanos(200);
  private static final long LONGEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private final SqliteSettings settings;
  private final TimeSource time;
  private final WriteTransaction transaction;
  private final ConcurrentLinkedQueue<Write<?>> queue = new ConcurrentLinkedQueue<>();
  private final ReentrantLock leading = new ReentrantLock();
  private int lastBatch;
  private boolean busy;
  private long busySinceNanos;
  private volatile boolean closed;

  GroupCommit(SqliteSettings settings, TimeSource time, WriteTransaction transaction) {
    this.settings = settings;
    this.time = time;
    this.transaction = transaction;
  }

  /**
   * Waits for the batch under way, fails whoever is still queued, and gives the connection back.
   */
  void close() {
    closed = true;
    leading.lock();
    try {
      for (Write<?> write = queue.poll(); write != null; write = queue.poll()) {
        fail(write, closedFailure());
      }
      transaction.close();
    } finally {
      leading.unlock();
    }
  }

  <T> T run(Write<T> write, Deadline deadline) {
    queue.add(write);
    boolean interrupted = false;
    try {
      while (!write.isDone()) {
        interrupted |= Thread.interrupted();
        if ((interrupted || deadline.hasPassed()) && write.withdraw()) {
          queue.remove(write);
          wakeNext();
          throw interrupted ? interruption() : timeout("waits for others", "was not applied");
        }
        if (leading.tryLock()) {
          lead(write, deadline);
        } else if (deadline.hasPassed()) {
          throw timeout("is being written", "may or may not be applied");
        } else {
          LockSupport.parkNanos(this, deadline.remainingNanos());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    var failure = write.failure();
    if (failure != null) {
      throw rethrow(failure);
    }
    return write.result();
  }

  /** One batch. Called with {@link #leading} held, which it gives back. */
  private void lead(Write<?> own, Deadline deadline) {
    var batch = new ArrayList<Write<?>>();
    try {
      if (closed) {
        fail(own, closedFailure());
      } else if (!own.isDone()) {
        awaitCompany();
        if (begin(own, deadline)) {
          take(batch);
          lastBatch = batch.size();
          transaction.run(batch);
          if (transaction.isLogLong()) {
            batch.forEach(GroupCommit::wake);
            transaction.emptyLog();
          }
        }
      }
    } catch (SQLException | RuntimeException e) {
      // No transaction was begun, so nobody was taken.
      fail(own, e);
    } finally {
      for (Write<?> write : batch) {
        if (write.mustRunAlone() && !write.isDone()) {
          queue.add(write);
        }
      }
      leading.unlock();
      wakeNext();
      for (Write<?> write : batch) {
        wake(write);
      }
    }
  }

  /**
   * Begins a transaction. While another process writes it waits, up to busyTimeout; false when
   * {@code own} must not wait any longer.
   */
  private boolean begin(Write<?> own, Deadline deadline) throws SQLException {
    long pause = FIRST_PAUSE_NANOS;
    while (!transaction.begin()) {
      if (!busy) {
        busy = true;
        busySinceNanos = time.nanos();
      }
      failThoseBlockedForTooLong();
      if (own.isDone()
          || closed
          || deadline.hasPassed()
          || Thread.currentThread().isInterrupted()) {
        return false;
      }
      LockSupport.parkNanos(this, deadline.remainingNanos(pause));
      pause = Math.min(pause * 2, LONGEST_PAUSE_NANOS);
    }
    busy = false;
    return true;
  }

  private void failThoseBlockedForTooLong() {
    long now = time.nanos();
    long limit = TimeUnit.MILLISECONDS.toNanos(settings.busyMillis());
    for (Write<?> next = queue.peek(); next != null; next = queue.peek()) {
      if (now - busySinceNanos < limit || now - next.queuedNanos() < limit) {
        return;
      }
      fail(next, SqliteErrors.busy(settings, null));
      queue.remove(next);
    }
  }

  /**
   * Those of the last batch were let go together and are likely to come back together: lets them
   * arrive first. After a batch of one there is nobody to wait for.
   */
  @SuppressWarnings("ThreadPriorityCheck") // a hint: without it commits are more, and still right
  private void awaitCompany() {
    for (int i = 0; i < MAX_YIELDS && lastBatch > 1 && queue.size() < lastBatch; i++) {
      Thread.yield();
    }
  }

  private void take(List<Write<?>> batch) {
    for (Write<?> next = queue.peek(); next != null; next = queue.peek()) {
      if (next.mustRunAlone() && !batch.isEmpty()) {
        return;
      }
      queue.remove(next);
      if (next.take()) {
        batch.add(next);
        if (next.mustRunAlone() || batch.size() == MAX_BATCH) {
          return;
        }
      }
    }
  }

  private void fail(Write<?> write, Throwable cause) {
    if (write.take()) {
      queue.remove(write);
      write.failure(cause);
      write.finish();
      wake(write);
    }
  }

  private void wakeNext() {
    var next = queue.peek();
    if (next != null) {
      wake(next);
    }
  }

  private static void wake(Write<?> write) {
    if (write.caller() != Thread.currentThread()) {
      LockSupport.unpark(write.caller());
    }
  }

  private RuntimeException rethrow(Throwable failure) {
    if (failure instanceof SQLException e) {
      return SqliteErrors.translate(settings, e);
    }
    if (failure instanceof Error e) {
      throw e;
    }
    return (RuntimeException) failure;
  }

  private CallTimeoutException timeout(String doing, String outcome) {
    return new CallTimeoutException(
        "ERR_COMPONENT",
        "sqlite database \"%s\": the deadline passed while a write %s; it %s"
            .formatted(settings, doing, outcome),
        null);
  }

  private ComponentException interruption() {
    return ComponentException.unavailable(
        "sqlite database \"%s\": interrupted while a write waited for others; it was not applied"
            .formatted(settings),
        null);
  }

  private IllegalStateException closedFailure() {
    return new IllegalStateException("sqlite database \"%s\" is closed".formatted(settings));
  }
}
