// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import dev.pillion.CallRejectedException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * How many calls a program is given at a time. Who waits is served in turn, and waits until its
 * deadline on the runtime's clock. Thread-safe.
 */
final class Slots {
  private final int limit;
  private final String address;
  private final TimeSource time;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition idle = lock.newCondition();
  private final Deque<Waiter> waiting = new ArrayDeque<>();
  private int taken;
  private boolean closed;

  private enum Outcome {
    GRANTED,
    EXPIRED,
    INTERRUPTED,
    CLOSED
  }

  private static final class Waiter {
    final CountDownLatch settled = new CountDownLatch(1);

    @Nullable
    Outcome outcome;
  }

  /** One call's place; given back once however often it is released. */
  final class Slot {
    private final AtomicBoolean held = new AtomicBoolean(true);

    void release() {
      if (held.compareAndSet(true, false)) {
        next();
      }
    }
  }

  /** At most {@code limit} at a time; zero or below for no limit. */
  Slots(int limit, String address, TimeSource time) {
    this.limit = limit;
    this.address = address;
    this.time = time;
  }

  /**
   * Takes a slot, after those who asked before.
   *
   * @throws CallRejectedException when none is free in time, or the thread is interrupted
   * @throws IllegalStateException when closed
   */
  Slot acquire(Deadline deadline) {
    var waiter = new Waiter();
    lock.lock();
    try {
      if (closed) {
        throw closed();
      }
      if (limit <= 0 || (taken < limit && waiting.isEmpty())) {
        taken++;
        return new Slot();
      }
      waiting.addLast(waiter);
    } finally {
      lock.unlock();
    }
    return switch (outcome(waiter, deadline)) {
      case GRANTED -> new Slot();
      case CLOSED -> throw closed();
      case EXPIRED -> throw rejected("was free before the deadline of the call");
      case INTERRUPTED -> {
        Thread.currentThread().interrupt();
        // Whoever limits the call may end the wait at the same moment by an interrupt.
        throw rejected(
            deadline.hasPassed()
                ? "was free before the deadline of the call"
                : "was free before the waiting thread was interrupted");
      }
    };
  }

  private Outcome outcome(Waiter waiter, Deadline deadline) {
    var alarm = time.schedule(
        Duration.ofNanos(Math.max(0, deadline.remainingNanos())),
        () -> settle(waiter, Outcome.EXPIRED));
    try {
      waiter.settled.await();
      return settle(waiter, Outcome.EXPIRED);
    } catch (InterruptedException e) {
      var settled = settle(waiter, Outcome.INTERRUPTED);
      if (settled == Outcome.GRANTED) {
        next();
      }
      return Outcome.INTERRUPTED;
    } finally {
      alarm.cancel();
    }
  }

  /** The first outcome of a waiter is its last one. */
  private Outcome settle(Waiter waiter, Outcome wanted) {
    lock.lock();
    try {
      if (waiter.outcome == null) {
        waiter.outcome = wanted;
        waiting.remove(waiter);
        waiter.settled.countDown();
      }
      return waiter.outcome;
    } finally {
      lock.unlock();
    }
  }

  /** One slot less is taken; the first who waits has it. */
  private void next() {
    lock.lock();
    try {
      taken--;
      var first = waiting.pollFirst();
      if (first != null) {
        first.outcome = Outcome.GRANTED;
        first.settled.countDown();
        taken++;
      } else if (taken == 0) {
        idle.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Gives no more, sends away who waits, and waits for those taken. */
  void close(Duration patience) {
    lock.lock();
    try {
      closed = true;
      for (var waiter = waiting.pollFirst(); waiter != null; waiter = waiting.pollFirst()) {
        waiter.outcome = Outcome.CLOSED;
        waiter.settled.countDown();
      }
      long left = patience.toNanos();
      while (taken > 0 && left > 0) {
        left = idle.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  private CallRejectedException rejected(String why) {
    return new CallRejectedException(
        "ERR_DIRECT_INVOKE",
        "the app at %s is busy: none of its %d slots %s; its maximum concurrency is set by maxConcurrency, and an answer that is not closed keeps its slot"
            .formatted(address, limit, why),
        null);
  }

  private IllegalStateException closed() {
    return new IllegalStateException("the channel to the app at " + address + " is closed");
  }
}
