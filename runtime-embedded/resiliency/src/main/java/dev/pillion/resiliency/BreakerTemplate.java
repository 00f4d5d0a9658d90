// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import dev.pillion.concurrent.TimeSource;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.time.Duration;

/** A named circuit breaker policy, ready to make breakers. Immutable, thread-safe. */
final class BreakerTemplate {
  /** Resilience4j counts in milliseconds. */
  private static final Duration SHORTEST = Duration.ofMillis(1);

  private final String name;
  private final CircuitBreakerPolicy policy;
  private final Trip trip;
  private final TimeSource time;
  private final CircuitBreakerConfig config;

  BreakerTemplate(String name, CircuitBreakerPolicy policy, Trip trip, TimeSource time) {
    this.name = name;
    this.policy = policy;
    this.trip = trip;
    this.time = time;
    var timeout = policy.timeout();
    this.config = CircuitBreakerConfig.custom()
        .waitDurationInOpenState(timeout.compareTo(SHORTEST) < 0 ? SHORTEST : timeout)
        .permittedNumberOfCallsInHalfOpenState(policy.maxRequests())
        .automaticTransitionFromOpenToHalfOpenEnabled(false)
        .clock(new MonotonicClock(time))
        .writableStackTraceEnabled(false)
        // Its own results are never recorded: the smallest window there is.
        .slidingWindow(1, 1, CircuitBreakerConfig.SlidingWindowType.COUNT_BASED)
        .build();
  }

  String name() {
    return name;
  }

  CircuitBreakerPolicy policy() {
    return policy;
  }

  Trip trip() {
    return trip;
  }

  TimeSource time() {
    return time;
  }

  /** A closed breaker. */
  Breaker create(String target, String key) {
    return new Breaker(this, target, key, CircuitBreaker.of(name, config));
  }
}
