// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import java.time.Duration;

/** What policies demand of a duration, and how they print one. */
final class Durations {
  /** Nanoseconds are counted in a long, and half as much again must fit as well. */
  private static final Duration LONGEST = Duration.ofDays(365 * 100);

  private Durations() {}

  static Duration notNegative(String field, Duration duration) {
    if (duration.isNegative()) {
      throw new IllegalArgumentException(
          "\"%s\" can't be negative: %s".formatted(field, text(duration)));
    }
    return bounded(field, duration);
  }

  static Duration positive(String field, Duration duration) {
    if (duration.isZero()) {
      throw new IllegalArgumentException("\"%s\" must be more than zero".formatted(field));
    }
    return notNegative(field, duration);
  }

  static Duration bounded(String field, Duration duration) {
    if (duration.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException("\"%s\" is over a hundred years".formatted(field));
    }
    return duration;
  }

  /** What is left of one, for people: in tenths of a second, or in milliseconds below one. */
  static String rounded(Duration duration) {
    long unit = duration.compareTo(Duration.ofSeconds(1)) < 0 ? 1 : 100;
    long millis = (duration.toNanos() + unit * 1_000_000 - 1) / (unit * 1_000_000) * unit;
    return millis > 0 && millis < 1000 ? millis + "ms" : text(Duration.ofMillis(millis));
  }

  /** As in {@code 1m30s}. */
  static String text(Duration duration) {
    return duration.toString().substring(2).toLowerCase(java.util.Locale.ROOT);
  }
}
