// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** Pauses between attempts to reach a server: they grow up to a cap, and differ by chance. */
final class Backoff {
  private static final long FIRST_MILLIS = 50;
  private static final long LONGEST_MILLIS = 5_000;

  private long millis = FIRST_MILLIS;

  /** The next pause: between half and all of what it has grown to. */
  Duration next() {
    long current = millis;
    millis = Math.min(LONGEST_MILLIS, current * 2);
    return Duration.ofMillis(current / 2 + ThreadLocalRandom.current().nextLong(current / 2 + 1));
  }

  /** Whether the last attempt succeeded. */
  boolean isReset() {
    return millis == FIRST_MILLIS;
  }

  void reset() {
    millis = FIRST_MILLIS;
  }
}
