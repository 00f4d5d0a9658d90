// SPDX-License-Identifier: Apache-2.0
package dev.pillion.concurrent;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The moment by which a call must be over, on the monotonic clock. It is handed down to the driver,
 * which enforces it. Immutable.
 */
public final class Deadline {
  private static final Deadline NONE = new Deadline(null, 0);

  private final @Nullable TimeSource time;
  private final long atNanos;

  private Deadline(@Nullable TimeSource time, long atNanos) {
    this.time = time;
    this.atNanos = atNanos;
  }

  /** No deadline: the component's own timeout alone holds. */
  public static Deadline none() {
    return NONE;
  }

  /** The deadline {@code timeout} from now. */
  public static Deadline after(Duration timeout, TimeSource time) {
    return new Deadline(time, time.nanos() + timeout.toNanos());
  }

  /** Whether there is a deadline at all. */
  public boolean isSet() {
    return time != null;
  }

  /** Nanoseconds left, zero or below once passed; {@link Long#MAX_VALUE} without a deadline. */
  public long remainingNanos() {
    return time == null ? Long.MAX_VALUE : atNanos - time.nanos();
  }

  /** Nanoseconds left, but at most {@code limitNanos}: the wait a driver is given. */
  public long remainingNanos(long limitNanos) {
    return Math.min(remainingNanos(), limitNanos);
  }

  /** Whether the deadline has passed. */
  public boolean hasPassed() {
    return remainingNanos() <= 0;
  }

  @Override
  public String toString() {
    return time == null ? "no deadline" : "in " + Duration.ofNanos(remainingNanos());
  }
}
