// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What one intake holds: entries that wait for a handler, that have one, and that are done while
 * the server does not know it yet. Thread-safe.
 *
 * <p>Fresh entries are fetched while fewer than {@code capacity} are held; reclaimed ones have room
 * for as many again, so that neither keeps the other out.
 */
final class Inbox {
  /**
   * How entries are handed out.
   *
   * @param capacity how many entries are held before no more are fetched
   * @param concurrency how many handlers run at a time
   * @param batch how many entries a handler takes at a time
   * @param maxAwait how long a batch that is not full waits
   */
  record Limits(int capacity, int concurrency, int batch, Duration maxAwait) {}

  private static final int REFILL = 4;

  private final Limits limits;
  private final boolean returnsOnPause;
  private final TimeSource time;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Map<String, StreamEntry> held = new HashMap<>();
  private final ArrayDeque<StreamEntry> waiting = new ArrayDeque<>();
  private long waitingSince;
  private int running;
  private boolean paused;
  private boolean closed;
  private boolean awaited;

  /** @param returnsOnPause whether what waits is given back in a pause; otherwise it stays */
  Inbox(Limits limits, boolean returnsOnPause, TimeSource time) {
    this.limits = limits;
    this.returnsOnPause = returnsOnPause;
    this.time = time;
  }

  /** Takes in entries, unless they are here already; returns those to be given back. */
  List<StreamEntry> add(List<StreamEntry> entries) {
    lock.lock();
    try {
      var returned = new ArrayList<StreamEntry>();
      for (var entry : entries) {
        var known = held.putIfAbsent(entry.id(), entry);
        if (known != null) {
          // The group was made anew, or our own renewal came too late: it was ours all along.
          known.claimed(entry.claimedAt());
        } else if (closed || (paused && returnsOnPause)) {
          returned.add(entry);
        } else {
          add(entry);
        }
      }
      return returned;
    } finally {
      lock.unlock();
    }
  }

  private void add(StreamEntry entry) {
    if (waiting.isEmpty()) {
      waitingSince = time.nanos();
    }
    waiting.addLast(entry);
  }

  /**
   * Blocks until entries should be fetched.
   *
   * @return how many; 0 when no more should be, ever
   */
  int awaitRoom() throws InterruptedException {
    lock.lock();
    try {
      while (!closed) {
        int room = limits.capacity - held.size();
        if (!paused && room > 0 && isLow()) {
          return room;
        }
        awaited = true;
        changed.await();
      }
      return 0;
    } finally {
      awaited = false;
      lock.unlock();
    }
  }

  private boolean isLow() {
    return waiting.size() <= limits.capacity / REFILL || waiting.size() < limits.batch;
  }

  /** How many claimable entries may be taken. */
  int roomForReclaimed() {
    lock.lock();
    try {
      return paused || closed ? 0 : 2 * limits.capacity - held.size();
    } finally {
      lock.unlock();
    }
  }

  /** Begins a run of handlers with its first batch; empty when there must not be one now. */
  List<StreamEntry> begin() {
    lock.lock();
    try {
      if (running >= limits.concurrency || !isReady()) {
        return List.of();
      }
      running++;
      return take();
    } finally {
      lock.unlock();
    }
  }

  /** The next batch of a run; empty when that has ended with this call. */
  List<StreamEntry> next() {
    lock.lock();
    try {
      if (isReady()) {
        return take();
      }
      ended();
      return List.of();
    } finally {
      lock.unlock();
    }
  }

  /** Ends a run that has not asked for the next batch. */
  void end() {
    lock.lock();
    try {
      ended();
    } finally {
      lock.unlock();
    }
  }

  private void ended() {
    running--;
    changed.signalAll();
  }

  /**
   * Ends a run and has its batch wait again, before all others. Returns what is to be given back.
   */
  List<StreamEntry> endWith(List<StreamEntry> batch) {
    lock.lock();
    try {
      ended();
      if (closed || (paused && returnsOnPause)) {
        return batch;
      }
      for (int i = batch.size() - 1; i >= 0; i--) {
        waiting.addFirst(batch.get(i));
      }
      return List.of();
    } finally {
      lock.unlock();
    }
  }

  private boolean isReady() {
    return !paused && !closed && !waiting.isEmpty() && (isFull() || awaitedNanos() <= 0);
  }

  private boolean isFull() {
    return waiting.size() >= limits.batch;
  }

  private long awaitedNanos() {
    return waitingSince + limits.maxAwait.toNanos() - time.nanos();
  }

  private List<StreamEntry> take() {
    var batch = new ArrayList<StreamEntry>(Math.min(limits.batch, waiting.size()));
    while (batch.size() < limits.batch && !waiting.isEmpty()) {
      batch.add(waiting.removeFirst());
    }
    waitingSince = time.nanos();
    if (awaited && isLow()) {
      changed.signalAll();
    }
    return batch;
  }

  /**
   * How long what waits is not handed out yet; zero when nothing waits, or a run has to end first.
   */
  Duration untilReady() {
    lock.lock();
    try {
      if (paused || closed || waiting.isEmpty() || isReady()) {
        return Duration.ZERO;
      }
      return Duration.ofNanos(Math.max(1, awaitedNanos()));
    } finally {
      lock.unlock();
    }
  }

  /** Forgets entries of which the server has been told what became of them. */
  void settled(Collection<StreamEntry> entries) {
    lock.lock();
    try {
      entries.forEach(entry -> held.remove(entry.id(), entry));
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Another consumer has it: forgets it if it waits. Returns whether a handler is to be told. */
  boolean taken(StreamEntry entry) {
    lock.lock();
    try {
      if (waiting.remove(entry)) {
        held.remove(entry.id(), entry);
        changed.signalAll();
        return false;
      }
      boolean isNew = held.containsKey(entry.id()) && !entry.isTaken();
      entry.taken();
      return isNew;
    } finally {
      lock.unlock();
    }
  }

  /** What is held and was not renewed since this reading of the clock. */
  List<StreamEntry> claimedBefore(long nanos) {
    lock.lock();
    try {
      return held.values().stream()
          .filter(entry -> !entry.isTaken() && entry.claimedAt() - nanos < 0)
          .toList();
    } finally {
      lock.unlock();
    }
  }

  boolean isEmpty() {
    lock.lock();
    try {
      return held.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  List<StreamEntry> held() {
    lock.lock();
    try {
      return List.copyOf(held.values());
    } finally {
      lock.unlock();
    }
  }

  /** Hands nothing out from now on; returns what is to be given back. */
  List<StreamEntry> pause() {
    lock.lock();
    try {
      paused = true;
      return returnsOnPause ? drain() : List.of();
    } finally {
      lock.unlock();
    }
  }

  void resume() {
    lock.lock();
    try {
      paused = false;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Hands nothing out any more; returns what is to be given back. */
  List<StreamEntry> close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
      return drain();
    } finally {
      lock.unlock();
    }
  }

  boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  private List<StreamEntry> drain() {
    var drained = List.copyOf(waiting);
    waiting.clear();
    return drained;
  }

  /** Blocks until no handler runs, or the deadline passes. Returns whether none runs. */
  boolean awaitEnd(Deadline deadline) throws InterruptedException {
    lock.lock();
    try {
      while (running > 0 && !deadline.hasPassed()) {
        changed.await(deadline.remainingNanos(TimeUnit.SECONDS.toNanos(1)), TimeUnit.NANOSECONDS);
      }
      return running == 0;
    } finally {
      lock.unlock();
    }
  }
}
