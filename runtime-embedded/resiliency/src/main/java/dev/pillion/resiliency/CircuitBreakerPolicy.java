// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * When calls are refused at once, since those before have failed, and when they are let through
 * again. Immutable; each method returns another policy.
 */
public final class CircuitBreakerPolicy {
  static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(60);
  // Resilience4j keeps a window of this many results while half-open.
  private static final int MAX_REQUESTS = 100_000;

  private static final CircuitBreakerPolicy DEFAULTS =
      new CircuitBreakerPolicy(1, Duration.ZERO, DEFAULT_TIMEOUT, null);

  private final int maxRequests;
  private final Duration interval;
  private final Duration timeout;
  private final @Nullable String trip;

  private CircuitBreakerPolicy(
      int maxRequests, Duration interval, Duration timeout, @Nullable String trip) {
    this.maxRequests = maxRequests;
    this.interval = interval;
    this.timeout = timeout;
    this.trip = trip;
  }

  /**
   * Dapr's: opens after more than five failures in a row, lets one call through after 60 s, and
   * closes if that succeeds.
   */
  public static CircuitBreakerPolicy defaults() {
    return DEFAULTS;
  }

  /**
   * How many calls are let through while half-open, and how many of them must succeed in a row; 0
   * for the default, 1.
   */
  public CircuitBreakerPolicy maxRequests(int requests) {
    if (requests < 0 || requests > MAX_REQUESTS) {
      throw new IllegalArgumentException(
          "\"maxRequests\" was %d but must be from 0 to %d".formatted(requests, MAX_REQUESTS));
    }
    return new CircuitBreakerPolicy(Math.max(1, requests), interval, timeout, trip);
  }

  /** After how long a closed breaker forgets what it has counted; zero, the default, for never. */
  public CircuitBreakerPolicy interval(Duration window) {
    return new CircuitBreakerPolicy(
        maxRequests, Durations.notNegative("interval", window), timeout, trip);
  }

  /** How long an open breaker refuses every call; zero for the default, 60 s. */
  public CircuitBreakerPolicy timeout(Duration open) {
    Durations.notNegative("timeout", open);
    return new CircuitBreakerPolicy(
        maxRequests, interval, open.isZero() ? DEFAULT_TIMEOUT : open, trip);
  }

  /**
   * When a closed breaker opens: a condition in CEL over {@code requests}, {@code totalSuccesses},
   * {@code totalFailures}, {@code consecutiveSuccesses} and {@code consecutiveFailures}, evaluated
   * after each failure. Needs {@code pillion-cel}; an empty text is the default.
   */
  public CircuitBreakerPolicy trip(String expression) {
    return new CircuitBreakerPolicy(
        maxRequests, interval, timeout, expression.isEmpty() ? null : expression);
  }

  int maxRequests() {
    return maxRequests;
  }

  Duration interval() {
    return interval;
  }

  Duration timeout() {
    return timeout;
  }

  /** Null for the default. */
  @Nullable
  String trip() {
    return trip;
  }

  /** Readable, in the words of Dapr's files. */
  @Override
  public String toString() {
    return "maxRequests %d, interval %s, timeout %s, trip %s"
        .formatted(
            maxRequests,
            Durations.text(interval),
            Durations.text(timeout),
            trip == null ? Trip.DEFAULT_TEXT : trip);
  }
}
