// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import java.util.function.DoubleSupplier;

/** The pauses of one call, by Dapr's rules. Not thread-safe. */
final class BackOff {
  /** Instead of a pause: it is over. */
  static final long STOP = -1;

  private static final double MULTIPLIER = 1.5;
  private static final double SPREAD = 0.5;

  private final RetryPolicy policy;
  private final DoubleSupplier random;
  private long current = RetryPolicy.INITIAL_INTERVAL.toNanos();
  private int retries;

  /** @param random from 0 to 1 */
  BackOff(RetryPolicy policy, DoubleSupplier random) {
    this.policy = policy;
    this.random = random;
  }

  /** The nanoseconds before the next retry, or {@link #STOP}. */
  long next(long elapsedNanos) {
    if (policy.maxRetries() >= 0 && retries >= policy.maxRetries()) {
      return STOP;
    }
    retries++;
    if (!policy.isExponential()) {
      return policy.interval().toNanos();
    }
    long pause = (long) (current * (1 - SPREAD + 2 * SPREAD * random.getAsDouble()));
    long largest = policy.interval().toNanos();
    // The cap holds for the interval before it is drawn from, and not for the first one.
    current = current >= largest / MULTIPLIER ? largest : (long) (current * MULTIPLIER);
    long maxElapsed = policy.maxElapsed().toNanos();
    return maxElapsed > 0 && elapsedNanos + pause > maxElapsed ? STOP : pause;
  }
}
