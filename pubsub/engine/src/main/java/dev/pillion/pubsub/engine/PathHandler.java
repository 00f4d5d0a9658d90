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
  /** What becomes of a delivery that a handler is to take. */
  enum Entry {
    /** It has begun. */
    BEGUN,
    /** Somebody else may have it: it was stopped, the handler has ended, everything is paused. */
    NOT_HERE,
    /**
     * One waits for the paused handler already; all places of the intake are not for its events.
     */
    LATER
  }

  private static final long PULSE = TimeUnit.MILLISECONDS.toNanos(50);

  private final String source;
  private final @Nullable String path;
  private final EventSink sink;
  private final int concurrency;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Set<RunningDelivery> running = new HashSet<>();
  private @Nullable RunningDelivery awaitsResume;

  // Written under the lock; read without it by those who look for a handler.
  private volatile boolean full;
  private volatile boolean paused;
  private volatile boolean closed;

  /**
   * A handler.
   *
   * @param source where it comes from, for messages
   * @param path the only path it is for; null for all
   * @param concurrency how many deliveries at a time; 0 for no limit of its own
   */
  PathHandler(String source, @Nullable String path, EventSink sink, int concurrency) {
    this.source = source;
    this.path = path;
    this.sink = sink;
    this.concurrency = concurrency;
  }

  String source() {
    return source;
  }

  SubscriptionDescription.Handler describe() {
    lock.lock();
    try {
      return new SubscriptionDescription.Handler(source, path, paused, running.size());
    } finally {
      lock.unlock();
    }
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
   */
  Entry enter(RunningDelivery delivery, BooleanSupplier othersGoOn) {
    lock.lock();
    try {
      while (!closed && !delivery.isStopped() && (paused ? othersGoOn.getAsBoolean() : full)) {
        if (paused && awaitsResume != null && awaitsResume != delivery) {
          return Entry.LATER;
        }
        awaitsResume = paused ? delivery : awaitsResume;
        changed.awaitUninterruptibly();
      }
      if (closed || paused || delivery.isStopped()) {
        return Entry.NOT_HERE;
      }
      running.add(delivery);
      full = running.size() == concurrency;
      return Entry.BEGUN;
    } finally {
      awaitsResume = awaitsResume == delivery ? null : awaitsResume;
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
