// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testkit;

import dev.pillion.concurrent.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Time that moves only when a test says so.
 *
 * <p>{@link #advance} moves both clocks and runs what falls due on the calling thread, each task at
 * its own moment, those that a task schedules included; tasks due at the same moment run in the
 * order in which they were scheduled. Nothing ever runs by itself, a task without delay included.
 *
 * <p>Thread-safe: one thread at a time advances, the others wait for it. No lock but that one is
 * held while a task runs.
 */
public final class ManualTime implements TimeSource {
  /** What {@link #now} says before anything has moved it, unless another start is given. */
  public static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  // Below zero, as the machine's may be: code that takes zero for "not set" should fail here first.
  private static final long ORIGIN = -Duration.ofMinutes(1).toNanos();
  private static final long PATIENCE_SECONDS = 10;

  private final ReentrantLock advancing = new ReentrantLock();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition scheduled = lock.newCondition();
  private final PriorityQueue<Task> tasks = new PriorityQueue<>();
  private Instant wall;
  private long elapsed;
  private long sequence;

  private record Task(long due, long sequence, Runnable body) implements Comparable<Task> {
    @Override
    public int compareTo(Task other) {
      return due != other.due
          ? Long.compare(due, other.due)
          : Long.compare(sequence, other.sequence);
    }
  }

  /** Time that begins at {@link #START}. */
  public ManualTime() {
    this(START);
  }

  /** Time that begins at this instant. */
  public ManualTime(Instant start) {
    this.wall = start;
  }

  @Override
  public Instant now() {
    lock.lock();
    try {
      return wall;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public long nanos() {
    lock.lock();
    try {
      return ORIGIN + elapsed;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Scheduled schedule(Duration delay, Runnable body) {
    lock.lock();
    try {
      var task = new Task(elapsed + Math.max(0, delay.toNanos()), sequence++, body);
      tasks.add(task);
      scheduled.signalAll();
      return () -> cancel(task);
    } finally {
      lock.unlock();
    }
  }

  private void cancel(Task task) {
    lock.lock();
    try {
      tasks.remove(task);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Moves both clocks on and runs what falls due on the way. A task may advance too. A task that
   * throws ends the advance at its moment; what was due later stays pending.
   *
   * @param duration how far; zero runs what is due already
   * @throws IllegalArgumentException when negative: time does not go back, see {@link #jump}
   */
  public void advance(Duration duration) {
    if (duration.isNegative()) {
      throw new IllegalArgumentException(
          "time can't go back by " + duration + "; jump(…) moves the wall clock alone");
    }
    advancing.lock();
    try {
      long target = elapsed() + duration.toNanos();
      for (var task = next(target); task != null; task = next(target)) {
        task.body.run();
      }
    } finally {
      advancing.unlock();
    }
  }

  private long elapsed() {
    lock.lock();
    try {
      return elapsed;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes the next task due by the target and moves the clocks to it; without one, to the target.
   */
  private @Nullable Task next(long target) {
    lock.lock();
    try {
      var head = tasks.peek();
      var due = head != null && head.due <= target ? tasks.poll() : null;
      long to = Math.max(elapsed, due == null ? target : due.due);
      wall = wall.plusNanos(to - elapsed);
      elapsed = to;
      return due;
    } finally {
      lock.unlock();
    }
  }

  /** Moves the wall clock alone, forwards or back, as a corrected clock does; runs nothing. */
  public void jump(Duration duration) {
    lock.lock();
    try {
      wall = wall.plus(duration);
    } finally {
      lock.unlock();
    }
  }

  /** How many tasks are scheduled and have neither begun nor been cancelled. */
  public int pending() {
    lock.lock();
    try {
      return tasks.size();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits, in real time, until other threads have scheduled so much that at least {@code count}
   * tasks are pending: then it is worth advancing.
   *
   * @throws AssertionError when that does not happen within ten seconds
   */
  public void awaitPending(int count) {
    lock.lock();
    try {
      long left = TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
      while (tasks.size() < count) {
        if (left <= 0) {
          throw new AssertionError("waited %d s for %d pending tasks, there are %d"
              .formatted(PATIENCE_SECONDS, count, tasks.size()));
        }
        left = scheduled.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted while waiting for pending tasks", e);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public String toString() {
    return "ManualTime[" + now() + ", " + pending() + " pending]";
  }
}
