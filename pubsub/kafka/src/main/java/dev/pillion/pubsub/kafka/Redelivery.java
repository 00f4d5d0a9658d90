// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import dev.pillion.component.ComponentMetadata;
import java.time.Duration;
import java.util.function.DoubleSupplier;

/**
 * When a message that has failed comes again, while its partition waits: Dapr's {@code backOff…}.
 * Immutable, thread-safe.
 *
 * @param first the first pause, and of a constant policy every one
 * @param multiplier by which the next pause is longer; 1 for a constant policy
 * @param longest no pause is longer
 * @param spread by which part a pause is randomly longer or shorter
 * @param limit after how many failures a message is exhausted, and how long after the first one
 */
record Redelivery(Duration first, double multiplier, Duration longest, double spread, Limit limit) {
  private static final Duration CONSTANT = Duration.ofSeconds(5);
  private static final int UNLIMITED = -1;

  /**
   * @param retries so many failures beyond the first; below zero for any number
   * @param elapsed so long after the first failure; zero for any time
   * @param skips whether what is exhausted is given up; otherwise it goes on coming
   */
  record Limit(int retries, Duration elapsed, boolean skips) {
    boolean isReached(int failures, Duration since) {
      return (retries >= 0 && failures > retries)
          || (!elapsed.isZero() && since.compareTo(elapsed) >= 0);
    }

    boolean isSet() {
      return retries >= 0 || !elapsed.isZero();
    }
  }

  /** Every {@code pause}, for ever. */
  static Redelivery every(Duration pause) {
    return new Redelivery(pause, 1, pause, 0, new Limit(UNLIMITED, Duration.ZERO, false));
  }

  /** The same, giving up a message that has failed once and {@code retries} times again. */
  Redelivery skipAfter(int retries) {
    return new Redelivery(
        first, multiplier, longest, spread, new Limit(retries, Duration.ZERO, true));
  }

  static Redelivery read(ComponentMetadata metadata) {
    boolean exponential = metadata
        .oneOf("backOffPolicy", "constant", "constant", "exponential")
        .equals("exponential");
    var constant = positive(metadata, "backOffDuration", CONSTANT);
    var initial = positive(metadata, "backOffInitialInterval", Duration.ofMillis(500));
    var longest = positive(metadata, "backOffMaxInterval", Duration.ofSeconds(60));
    double spread = number(metadata, "backOffRandomizationFactor", 0.5, 0, 1);
    double multiplier = number(metadata, "backOffMultiplier", 1.5, 1, 100);
    var elapsed = metadata.millis("backOffMaxElapsedTime", Duration.ofMinutes(15));
    int retries =
        metadata.integer("backOffMaxRetries", UNLIMITED, Integer.MIN_VALUE, Integer.MAX_VALUE);
    boolean enabled = metadata.truthy("consumeRetryEnabled", true);
    boolean skips = metadata.oneOf("onExhausted", "wait", "wait", "skip").equals("skip");
    var limit = new Limit(
        enabled ? Math.max(UNLIMITED, retries) : 0,
        exponential && !elapsed.isNegative() ? elapsed : Duration.ZERO,
        skips);
    if (skips && !limit.isSet()) {
      metadata.problem(
          "\"onExhausted\" is \"skip\", but retries never end; set \"backOffMaxRetries\", or \"consumeRetryEnabled\" to false");
    }
    return exponential
        ? new Redelivery(initial, multiplier, longest, spread, limit)
        : new Redelivery(constant, 1, constant, 0, limit);
  }

  private static Duration positive(ComponentMetadata metadata, String key, Duration fallback) {
    var written = metadata.millis(key, fallback);
    if (written.isNegative() || written.isZero()) {
      metadata.problem("\"%s\" must be longer than zero".formatted(key));
      return fallback;
    }
    return written;
  }

  private static double number(
      ComponentMetadata metadata, String key, double fallback, double min, double max) {
    var written = metadata.text(key).map(String::strip).filter(text -> !text.isEmpty());
    if (written.isEmpty()) {
      return fallback;
    }
    try {
      double value = Double.parseDouble(written.get());
      if (value >= min && value <= max) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Reported below, as a number out of bounds is.
    }
    metadata.problem("\"%s\" must be a number from %s to %s".formatted(key, min, max));
    return fallback;
  }

  /**
   * The pause after so many failures, one at least.
   *
   * @param random gives numbers from 0 to below 1
   */
  Duration pause(int failures, DoubleSupplier random) {
    double millis = (double) first.toMillis() * Math.pow(multiplier, failures - 1);
    millis = Math.min(millis, (double) longest.toMillis());
    millis *= 1 + spread * (2 * random.getAsDouble() - 1);
    return Duration.ofMillis(Math.max(1, Math.round(millis)));
  }
}
