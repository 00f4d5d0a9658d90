// SPDX-License-Identifier: Apache-2.0
package dev.pillion.component;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Durations as Go programs write them, which is what Dapr's files hold. */
public final class GoDuration {
  private static final Pattern PART =
      Pattern.compile("(\\d+(?:\\.\\d*)?|\\.\\d+)(ns|us|µs|μs|ms|s|m|h)");
  private static final Pattern WHOLE = Pattern.compile("[+-]?\\d{1,18}");

  private GoDuration() {}

  /**
   * Reads {@code text}; null when it is not a duration. A whole number without a unit counts
   * {@code bareUnit}s.
   */
  public static @Nullable Duration parse(String text, Duration bareUnit) {
    var trimmed = text.strip();
    try {
      if (WHOLE.matcher(trimmed).matches()) {
        return bareUnit.multipliedBy(Long.parseLong(trimmed));
      }
      boolean negative = trimmed.startsWith("-");
      var parts = negative || trimmed.startsWith("+") ? trimmed.substring(1) : trimmed;
      Matcher matcher = PART.matcher(parts);
      var nanos = BigDecimal.ZERO;
      int end = 0;
      while (matcher.lookingAt()) {
        nanos = nanos.add(new BigDecimal(matcher.group(1))
            .multiply(BigDecimal.valueOf(nanosPer(matcher.group(2)))));
        end = matcher.end();
        matcher.region(end, parts.length());
      }
      if (parts.isEmpty() || end != parts.length()) {
        return null;
      }
      // longValueExact would refuse fractions of a nanosecond, which Go drops.
      var result = Duration.ofNanos(nanos.toBigInteger().longValueExact());
      return negative ? result.negated() : result;
    } catch (ArithmeticException e) {
      return null;
    }
  }

  /** Writes a duration as Go does: {@code 5s}, {@code 500ms}, {@code 1m30s}, {@code 1h0m0s}. */
  public static String format(Duration duration) {
    if (duration.isNegative()) {
      return "-" + format(duration.negated());
    }
    if (duration.isZero()) {
      return "0s";
    }
    if (duration.compareTo(Duration.ofSeconds(1)) < 0) {
      int nanos = duration.toNanosPart();
      return nanos < 1_000
          ? nanos + "ns"
          : nanos < 1_000_000 ? decimal(nanos, 3) + "µs" : decimal(nanos, 6) + "ms";
    }
    var seconds = BigDecimal.valueOf(duration.toSecondsPart())
        .add(BigDecimal.valueOf(duration.toNanosPart(), 9))
        .stripTrailingZeros()
        .toPlainString();
    return (duration.toHours() > 0 ? duration.toHours() + "h" : "")
        + (duration.toMinutes() > 0 ? duration.toMinutesPart() + "m" : "")
        + seconds + "s";
  }

  private static String decimal(int nanos, int places) {
    return BigDecimal.valueOf(nanos, places).stripTrailingZeros().toPlainString();
  }

  private static long nanosPer(String unit) {
    return switch (unit) {
      case "ns" -> 1L;
      case "us", "µs", "μs" -> 1_000L;
      case "ms" -> 1_000_000L;
      case "s" -> 1_000_000_000L;
      case "m" -> 60_000_000_000L;
      default -> 3_600_000_000_000L;
    };
  }
}
