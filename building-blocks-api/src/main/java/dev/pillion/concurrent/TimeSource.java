// SPDX-License-Identifier: Apache-2.0
package dev.pillion.concurrent;

import java.time.Duration;
import java.time.Instant;

/**
 * Wall clock, monotonic clock and delayed tasks of one runtime; a test replaces all three.
 * Thread-safe.
 */
public interface TimeSource {
  /** The wall clock: what is written into stores and shown to people. */
  Instant now();

  /** The monotonic clock, in nanoseconds from an arbitrary origin: deadlines and durations. */
  long nanos();

  /**
   * Runs {@code task} once after {@code delay}, on a thread shared by all scheduled tasks: it must
   * neither block nor throw. Work of any length goes to {@link Threads} from there.
   */
  Scheduled schedule(Duration delay, Runnable task);

  /** A task that has been scheduled. */
  @FunctionalInterface
  interface Scheduled {
    /** Cancels the task if it has not begun; idempotent. */
    void cancel();
  }
}
