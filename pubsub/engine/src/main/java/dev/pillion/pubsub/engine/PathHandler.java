// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.concurrent.Deadline;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** A handler with what it is doing: the gate that pauses and closes it. Thread-safe. */
final class PathHandler {
  private static final long PULSE = TimeUnit.MILLISECONDS.toNanos(50);

  private final @Nullable String path;
  private final EventSink sink;
  private final int concurrency;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Set<RunningDelivery> running = new HashSet<>();

  // Written under the lock; read without it by those who look for a handler.
  private volatile boolean full;
  private volatile boolean paused;
  private volatile boolean closed;

  /**
   * A handler.
   *
   * @param path the only path it is for; null for all
   * @param concurrency how many deliveries at a time; 0 for no limit of its own
   */
  PathHandler(@Nullable String path, EventSink sink, int concurrency) {
    this.path = path;
    this.sink = sink;
    this.concurrency = concurrency;
  }

  @Nullable
  String path() {
    return path;
  }

  EventSink sink() {
    return sink;
  }

  /** How many deliveries at a time; 0 for no limit of its own. */
  int concurrency() {
    return concurrency;
  }

  /**
   * Lets a delivery begin, once there is room for it.
   *
   * @param othersGoOn whether the broker goes on handing over while this handler is paused, for
   *     others: the delivery then waits here, for it would come straight back. Asked for under the
   *     handler's lock.
   * @return whether it may begin: not after a stop or the end, nor while everything is paused
   */
  boolean enter(RunningDelivery delivery, BooleanSupplier othersGoOn) {
    lock.lock();
    try {
      while (!closed && !delivery.isStopped() && (paused ? othersGoOn.getAsBoolean() : full)) {
        changed.awaitUninterruptibly();
      }
      if (closed || paused || delivery.isStopped()) {
        return false;
      }
      running.add(delivery);
      full = running.size() == concurrency;
      return true;
    } finally {
      lock.unlock();
    }
  }

  void leave(RunningDelivery delivery) {
    lock.lock();
    try {
      running.remove(delivery);
      full = false;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Whether deliveries may begin. */
  boolean isActive() {
    return !paused && !closed;
  }

  /** Whether a delivery could begin at once. */
  boolean hasRoom() {
    return isActive() && !full;
  }

  void pause(boolean on) {
    lock.lock();
    try {
      paused = on;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Lets deliveries that wait here see that they have been stopped. */
  void wake() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Lets nothing begin any more and ends the pauses between attempts. Idempotent. */
  void close() {
    lock.lock();
    try {
      closed = true;
      running.forEach(RunningDelivery::stop);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until nothing runs, the caller's own delivery excepted.
   *
   * @param deadline when what still runs is interrupted
   * @param last until when that is waited for
   */
  void drain(Deadline deadline, Deadline last) {
    lock.lock();
    try {
      awaitOthers(deadline);
      running.stream().filter(RunningDelivery::isElsewhere).forEach(RunningDelivery::interrupt);
      awaitOthers(last);
    } catch (InterruptedException e) {
      running.stream().filter(RunningDelivery::isElsewhere).forEach(RunningDelivery::interrupt);
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  private void awaitOthers(Deadline deadline) throws InterruptedException {
    while (running.stream().anyMatch(RunningDelivery::isElsewhere) && !deadline.hasPassed()) {
      changed.awaitNanos(deadline.remainingNanos(PULSE));
    }
  }
}
