// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import dev.pillion.BuildingBlockException;
import dev.pillion.call.Call;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What protects one target in one direction, and how it fares. Thread-safe. */
final class TargetPolicies {
  private static final Logger log = LoggerFactory.getLogger(TargetPolicies.class);

  /** Which breaker of its target a call goes through. */
  enum BreakerKey {
    /** The method of an app; the operation where the call names none. */
    METHOD,
    /** The id of an actor. */
    INSTANCE,
    /** The only one. */
    SINGLE
  }

  private final TargetName name;
  private final long timeoutNanos;
  private final @Nullable RetryPolicy retry;
  private final @Nullable BreakerTemplate breaker;
  private final BreakerKey breakerKey;
  private final BreakerCache breakers;
  private final AtomicInteger stuck = new AtomicInteger();
  private final Incidents incidents = new Incidents();

  /**
   * The policies of a target.
   *
   * @param timeoutNanos zero for none
   * @param breakers the target's breakers, which its other direction may share
   */
  TargetPolicies(
      TargetName name,
      long timeoutNanos,
      @Nullable RetryPolicy retry,
      @Nullable BreakerTemplate breaker,
      BreakerKey breakerKey,
      BreakerCache breakers) {
    this.name = name;
    this.timeoutNanos = timeoutNanos;
    this.retry = retry;
    this.breaker = breaker;
    this.breakerKey = breakerKey;
    this.breakers = breakers;
  }

  /** Whether nothing is to be done around a call. */
  boolean isEmpty() {
    return timeoutNanos <= 0 && retry == null && breaker == null;
  }

  /** The same policies without the one, for a direction in which it has no place. */
  TargetPolicies only(boolean withTimeout, boolean withRetryAndBreaker) {
    return new TargetPolicies(
        name,
        withTimeout ? timeoutNanos : 0,
        withRetryAndBreaker ? retry : null,
        withRetryAndBreaker ? breaker : null,
        breakerKey,
        breakers);
  }

  TargetName name() {
    return name;
  }

  long timeoutNanos() {
    return timeoutNanos;
  }

  @Nullable
  RetryPolicy retry() {
    return retry;
  }

  boolean hasBreaker() {
    return breaker != null;
  }

  /** The breaker a call goes through; null for none. */
  @Nullable
  Breaker breaker(Call call) {
    if (breaker == null) {
      return null;
    }
    var instance = call.context().instance();
    var key =
        switch (breakerKey) {
          case METHOD -> instance.isEmpty() ? call.operation() : instance;
          case INSTANCE -> instance;
          case SINGLE -> "";
        };
    return breakers.get(key, breaker);
  }

  BreakerCache breakers() {
    return breakers;
  }

  /** Counts the runs of user code that go on although their time is up. */
  AtomicInteger stuck() {
    return stuck;
  }

  /** Reports that an attempt of this call failed and another one follows. */
  void onRetry(Call call, Exception failure, long now) {
    if (incidents.begins(call.target(), now)) {
      log.warn("calls of {} fail, retrying ({}): {}", named(call), retry, reason(failure));
    }
  }

  /** Reports that this call succeeded. */
  void onSuccess(Call call) {
    if (incidents.ends(call.target())) {
      log.info("calls of {} succeed again", named(call));
    }
  }

  /** The target, and what of it where a call names a part: the topic of a pubsub. */
  private String named(Call call) {
    return call.target().equals(name.name()) ? name.toString() : name + " on " + call.target();
  }

  /** Our own messages are made to be shown; what another one holds nobody knows. */
  private static String reason(Exception failure) {
    return failure instanceof BuildingBlockException
        ? String.valueOf(failure.getMessage())
        : failure.getClass().getName();
  }
}
