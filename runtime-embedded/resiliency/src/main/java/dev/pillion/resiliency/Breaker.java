// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import dev.pillion.CallRejectedException;
import dev.pillion.call.Call;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker.State;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One circuit breaker. Resilience4j's holds the state, hands out the permits of the half-open state
 * and knows when the open one is over; it is moved by Dapr's counts, not by its own. Thread-safe.
 */
final class Breaker {
  private static final Logger log = LoggerFactory.getLogger(Breaker.class);

  private final BreakerTemplate template;
  private final String target;
  private final String key;
  private final CircuitBreaker state;
  private final ReentrantLock lock = new ReentrantLock();
  private final BreakerCounts counts = new BreakerCounts();
  private long generation;
  private long windowStart;
  private long openedAt;
  private boolean incident;
  private @Nullable Throwable lastFailure;

  Breaker(BreakerTemplate template, String target, String key, CircuitBreaker state) {
    this.template = template;
    this.target = target;
    this.key = key;
    this.state = state;
    this.windowStart = template.time().nanos();
  }

  /**
   * Asks to let a call through.
   *
   * @return the generation, to be handed back to {@link #leave} or {@link #withdraw}
   * @throws CallRejectedException when it is open, or half-open with its calls under way
   */
  long enter(Call call) {
    lock.lock();
    try {
      var before = state.getState();
      if (before == State.CLOSED) {
        passWindow();
      }
      boolean permitted = state.tryAcquirePermission();
      if (before == State.OPEN && state.getState() != State.OPEN) {
        nextGeneration();
      }
      if (!permitted) {
        throw refusal(call);
      }
      counts.onRequest();
      return generation;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Reports how a call ended; one of an earlier generation counts no more.
   *
   * @param failure null when it succeeded
   */
  void leave(long entered, @Nullable Throwable failure) {
    lock.lock();
    try {
      if (state.getState() == State.CLOSED) {
        passWindow();
      }
      if (entered != generation) {
        return;
      }
      if (failure == null) {
        onSuccess();
      } else {
        onFailure(failure);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Takes back a call that was let through and then tried nothing: another one may pass for it. */
  void withdraw(long entered) {
    lock.lock();
    try {
      if (state.getState() == State.CLOSED) {
        passWindow();
      }
      if (entered == generation) {
        counts.onWithdrawal();
        state.releasePermission();
      }
    } finally {
      lock.unlock();
    }
  }

  private void onSuccess() {
    counts.onSuccess();
    if (state.getState() == State.HALF_OPEN
        && counts.consecutiveSuccesses() >= template.policy().maxRequests()) {
      state.transitionToClosedState();
      nextGeneration();
      incident = false;
      lastFailure = null;
      log.info("circuit breaker \"{}\" of {} is closed again", template.name(), target);
    }
  }

  private void onFailure(Throwable failure) {
    boolean halfOpen = state.getState() == State.HALF_OPEN;
    counts.onFailure();
    if (!halfOpen && !template.trip().opens(counts)) {
      return;
    }
    if (!incident) {
      incident = true;
      log.warn(
          "circuit breaker \"{}\" of {} is open for {}: {} failures in a row, {} of {} calls",
          template.name(),
          target,
          Durations.text(template.policy().timeout()),
          counts.consecutiveFailures(),
          counts.totalFailures(),
          counts.requests());
    }
    lastFailure = failure;
    state.transitionToOpenState();
    openedAt = template.time().nanos();
    nextGeneration();
  }

  private void passWindow() {
    long interval = template.policy().interval().toNanos();
    if (interval > 0 && template.time().nanos() - windowStart > interval) {
      nextGeneration();
    }
  }

  private void nextGeneration() {
    generation++;
    counts.clear();
    windowStart = template.time().nanos();
  }

  private CallRejectedException refusal(Call call) {
    var reason = state.getState() == State.OPEN
        ? "is open; it lets a call through in "
            + Durations.rounded(Duration.ofNanos(Math.max(
                0,
                openedAt
                    + template.policy().timeout().toNanos()
                    - template.time().nanos())))
        : "is half-open with all its %d calls let through (too many requests)"
            .formatted(template.policy().maxRequests());
    return new CallRejectedException(
        DaprCodes.of(call),
        "circuit breaker \"%s\" of %s %s".formatted(template.name(), target, reason),
        // Why it is open is what the caller wants to know.
        lastFailure);
  }

  /** As it is now; waits for no call. */
  PolicyListener.State state() {
    return switch (state.getState()) {
      case OPEN -> PolicyListener.State.OPEN;
      case HALF_OPEN -> PolicyListener.State.HALF_OPEN;
      default -> PolicyListener.State.CLOSED;
    };
  }

  ResiliencyDescription.BreakerState describe() {
    lock.lock();
    try {
      return new ResiliencyDescription.BreakerState(
          target,
          key,
          template.name(),
          state.getState().name().toLowerCase(Locale.ROOT).replace('_', '-'),
          counts.requests(),
          counts.totalFailures());
    } finally {
      lock.unlock();
    }
  }
}
