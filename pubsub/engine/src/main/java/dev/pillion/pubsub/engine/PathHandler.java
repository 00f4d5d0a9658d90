// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.concurrent.Deadline;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
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
  private boolean paused;
  private boolean closed;

  /**
   * A handler.
   *
   * @param path the only path it is for; null for all
   * @param concurrency how many deliveries at a time; 0 for no limit of its own
   */
  PathHandler(@Nullable String path, EventSink sink, int concurrency) {
    this.path = path;
    this.sink = sink;
    this.concurrency = concurrency == 0 ? Integer.MAX_VALUE : concurrency;
  }

  @Nullable
  String path() {
    return path;
  }

  EventSink sink() {
    return sink;
  }

  /**
   * Lets a delivery begin, once there is room for it.
   *
   * @return whether it may begin: not while paused, nor after the end
   */
  boolean enter(RunningDelivery delivery) {
    lock.lock();
    try {
      while (!paused && !closed && running.size() >= concurrency && !delivery.isStopped()) {
        changed.awaitUninterruptibly();
      }
      return !paused && !closed && running.add(delivery);
    } finally {
      lock.unlock();
    }
  }

  void leave(RunningDelivery delivery) {
    lock.lock();
    try {
      running.remove(delivery);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Whether deliveries may begin. */
  boolean isActive() {
    lock.lock();
    try {
      return !paused && !closed;
    } finally {
      lock.unlock();
    }
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

  /**
   * Lets nothing begin any more and ends the pauses between attempts.
   *
   * @return whether it was open
   */
  boolean close() {
    lock.lock();
    try {
      boolean wasOpen = !closed;
      closed = true;
      running.forEach(RunningDelivery::stop);
      changed.signalAll();
      return wasOpen;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until nothing runs, the caller's own delivery excepted, and interrupts what runs at the
   * deadline.
   */
  void drain(Deadline deadline) {
    boolean interrupted = false;
    lock.lock();
    try {
      while (runsElsewhere() && !deadline.hasPassed()) {
        try {
          changed.awaitNanos(deadline.remainingNanos(PULSE));
        } catch (InterruptedException e) {
          interrupted = true;
          break;
        }
      }
      running.stream().filter(RunningDelivery::isElsewhere).forEach(RunningDelivery::interrupt);
    } finally {
      lock.unlock();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private boolean runsElsewhere() {
    return running.stream().anyMatch(RunningDelivery::isElsewhere);
  }
}
