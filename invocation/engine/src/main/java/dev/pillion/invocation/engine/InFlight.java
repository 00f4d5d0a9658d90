// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.concurrent.Deadline;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Counts calls under way, and refuses further ones once it is closed. Thread-safe. */
final class InFlight {
  /** The sign says that it is closed: one atomic number, so that no call slips in beside it. */
  private static final long CLOSED = Long.MIN_VALUE;

  private final AtomicLong count = new AtomicLong();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition none = lock.newCondition();

  /** Counts one in; false, and nothing counted, once closed. */
  boolean enter() {
    if (count.incrementAndGet() > 0) {
      return true;
    }
    leave();
    return false;
  }

  void leave() {
    if (count.decrementAndGet() == CLOSED) {
      lock.lock();
      try {
        none.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  /** Whether further ones are refused. */
  boolean isClosed() {
    return count.get() < 0;
  }

  /** Refuses further ones, and waits until those under way have left or the deadline has passed. */
  void close(Deadline deadline) {
    close(deadline, 0);
  }

  /**
   * The same for whoever is under way itself.
   *
   * @param own how many of them the caller is within, which can't leave meanwhile
   */
  void close(Deadline deadline, int own) {
    count.getAndUpdate(running -> running < 0 ? running : running + CLOSED);
    lock.lock();
    try {
      long left = deadline.remainingNanos();
      while (count.get() - CLOSED > own && left > 0) {
        none.awaitNanos(Math.min(left, TimeUnit.MILLISECONDS.toNanos(10)));
        left = deadline.remainingNanos();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }
}
