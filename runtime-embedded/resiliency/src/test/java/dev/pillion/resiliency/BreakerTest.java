// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.CallRejectedException;
import dev.pillion.ComponentException;
import dev.pillion.Expressions;
import dev.pillion.call.Call;
import dev.pillion.pubsub.NotHandledException;
import dev.pillion.testkit.CapturedLog;
import dev.pillion.testkit.ManualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Dapr's circuit breaker: what it counts, when it opens, half-opens and closes. */
@Timeout(60)
class BreakerTest {
  private static final Call SAVE = Call.outbound("state", "st", "save", false);
  private static final ComponentException DOWN = ComponentException.unavailable("down", null);

  private final ManualTime time = new ManualTime();

  private PolicyEngine engine(CircuitBreakerPolicy policy) {
    return engine(policy, null);
  }

  private PolicyEngine engine(CircuitBreakerPolicy policy, Expressions expressions) {
    var policies = Resiliency.builder()
        .circuitBreaker("cb", policy)
        .component("st", Target.withoutPolicies(), Target.withCircuitBreaker("cb"))
        .build();
    return PolicyEngine.of(List.of(policies), Map.of(), time, expressions);
  }

  private static void fail(PolicyEngine engine, int times) {
    for (int i = 0; i < times; i++) {
      assertThatThrownBy(() -> engine.around(SAVE, Failing.always(DOWN))).isSameAs(DOWN);
    }
  }

  private static void succeed(PolicyEngine engine) throws Exception {
    assertThat(engine.around(SAVE, Failing.times(0))).isEqualTo("done");
  }

  private static void refused(PolicyEngine engine, String reason) {
    var body = Failing.times(0);
    assertThatExceptionOfType(CallRejectedException.class)
        .isThrownBy(() -> engine.around(SAVE, body))
        .withMessage("circuit breaker \"cb\" of component \"st\" " + reason);
    assertThat(body.runs).isZero();
  }

  private static String state(PolicyEngine engine) {
    return engine.describe().breakers().get(0).state();
  }

  @Test
  void byDefaultItOpensAtTheSixthFailureInARowForAMinute() throws Exception {
    var engine = engine(CircuitBreakerPolicy.defaults());
    fail(engine, 5);
    succeed(engine);
    fail(engine, 6);
    assertThat(state(engine)).isEqualTo("open");
    refused(engine, "is open; it lets a call through in 1m");
    time.advance(Duration.ofSeconds(60));
    refused(engine, "is open; it lets a call through in 0s");
    time.advance(Duration.ofNanos(1));
    succeed(engine);
    assertThat(state(engine)).isEqualTo("closed");
  }

  @Test
  void theCodeOfARefusalIsTheVerbs() {
    var engine = engine(CircuitBreakerPolicy.defaults());
    fail(engine, 6);
    var refusal = catchThrowableOfType(
        CallRejectedException.class, () -> engine.around(SAVE, Failing.times(0)));
    assertThat(refusal.errorCode()).isEqualTo("ERR_STATE_SAVE");
  }

  @Test
  void aRefusalHasTheFailureThatOpenedTheBreakerAsItsCause() throws Exception {
    var engine = engine(CircuitBreakerPolicy.defaults().timeout(Duration.ofSeconds(10)));
    fail(engine, 6);
    assertThatThrownBy(() -> engine.around(SAVE, Failing.times(0))).cause().isSameAs(DOWN);
    time.advance(Duration.ofSeconds(11));
    engine.around(SAVE, call -> {
      assertThatThrownBy(() -> engine.around(SAVE, Failing.times(0)))
          .as("half-open")
          .cause()
          .isSameAs(DOWN);
      return "";
    });
    assertThat(state(engine)).isEqualTo("closed");
  }

  @Test
  void whatIsLeftOfTheTimeIsRounded() {
    var engine = engine(CircuitBreakerPolicy.defaults().timeout(Duration.ofSeconds(10)));
    fail(engine, 6);
    time.advance(Duration.ofNanos(7_234_567_890L));
    refused(engine, "is open; it lets a call through in 2.8s");
    time.advance(Duration.ofNanos(2_345_678_901L));
    refused(engine, "is open; it lets a call through in 420ms");
  }

  @Test
  void aFailureWhileHalfOpenOpensItAnewAndRefusalsDoNotLengthenThat() {
    var engine = engine(CircuitBreakerPolicy.defaults().timeout(Duration.ofSeconds(10)));
    fail(engine, 6);
    time.advance(Duration.ofSeconds(9));
    refused(engine, "is open; it lets a call through in 1s");
    time.advance(Duration.ofSeconds(2));
    fail(engine, 1);
    refused(engine, "is open; it lets a call through in 10s");
    time.advance(Duration.ofSeconds(11));
    fail(engine, 1);
  }

  @Test
  void soManyCallsAreLetThroughWhileHalfOpenAndAllMustSucceed() throws Exception {
    var engine = engine(CircuitBreakerPolicy.defaults().maxRequests(3));
    fail(engine, 6);
    time.advance(Duration.ofSeconds(61));
    succeed(engine);
    succeed(engine);
    assertThat(state(engine)).isEqualTo("half-open");
    engine.around(SAVE, call -> {
      refused(engine, "is half-open with all its 3 calls let through (too many requests)");
      return "";
    });
    assertThat(state(engine)).isEqualTo("closed");
  }

  /** An event whose attempts were spent before, or whose handler is gone. */
  @Test
  void whatTriedNothingIsNeitherASuccessNorAFailure() throws Exception {
    var engine = engine(CircuitBreakerPolicy.defaults().timeout(Duration.ofSeconds(10)));
    var nothing = Failing.always(new NotHandledException("no attempt is left"));
    fail(engine, 5);
    assertThatThrownBy(() -> engine.around(SAVE, nothing)).isInstanceOf(NotHandledException.class);
    assertThat(state(engine)).isEqualTo("closed");
    assertThat(engine.describe().breakers().get(0).requests()).isEqualTo(5);
    fail(engine, 1);
    assertThat(state(engine)).as("the sixth in a row").isEqualTo("open");
    time.advance(Duration.ofSeconds(11));

    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> engine.around(SAVE, nothing))
          .as("it gives back the permit it has taken")
          .isInstanceOf(NotHandledException.class);
      assertThat(state(engine)).isEqualTo("half-open");
    }
    fail(engine, 1);
    assertThat(state(engine)).isEqualTo("open");
  }

  @Test
  void resultsOfAnEarlierGenerationDoNotCount() throws Exception {
    var engine = engine(CircuitBreakerPolicy.defaults().timeout(Duration.ofSeconds(10)));
    engine.around(SAVE, late -> {
      fail(engine, 6);
      time.advance(Duration.ofSeconds(11));
      return "";
    });
    assertThat(state(engine)).as("a success from before it opened").isEqualTo("open");
    assertThatThrownBy(() -> engine.around(SAVE, halfOpen -> {
          throw new StackOverflowError();
        }))
        .as("a crash counts")
        .isInstanceOf(StackOverflowError.class);
    refused(engine, "is open; it lets a call through in 10s");
  }

  @Test
  void countsAreForgottenAfterEachInterval() {
    var engine = engine(CircuitBreakerPolicy.defaults().interval(Duration.ofSeconds(30)));
    fail(engine, 5);
    time.advance(Duration.ofSeconds(31));
    fail(engine, 5);
    assertThat(state(engine)).isEqualTo("closed");
    fail(engine, 1);
    assertThat(state(engine)).isEqualTo("open");
  }

  @Test
  void aResultFromBeforeTheIntervalEndedDoesNotCount() {
    var engine = engine(CircuitBreakerPolicy.defaults().interval(Duration.ofSeconds(30)));
    assertThatThrownBy(() -> engine.around(SAVE, late -> {
          time.advance(Duration.ofSeconds(31));
          throw DOWN;
        }))
        .isSameAs(DOWN);
    fail(engine, 5);
    assertThat(state(engine)).isEqualTo("closed");
  }

  @Test
  void aWrittenTripSeesAllCounts() throws Exception {
    var seen = new ArrayList<Map<String, ?>>();
    Expressions expressions = text -> variables -> {
      seen.add(variables);
      return variables.get("totalFailures").equals(2L);
    };
    var engine = engine(CircuitBreakerPolicy.defaults().trip("x"), expressions);
    fail(engine, 1);
    succeed(engine);
    fail(engine, 1);
    assertThat(seen)
        .containsExactly(
            Map.of(
                "requests",
                1L,
                "totalSuccesses",
                0L,
                "totalFailures",
                1L,
                "consecutiveSuccesses",
                0L,
                "consecutiveFailures",
                1L),
            Map.of(
                "requests",
                3L,
                "totalSuccesses",
                1L,
                "totalFailures",
                2L,
                "consecutiveSuccesses",
                0L,
                "consecutiveFailures",
                1L));
    assertThat(state(engine)).isEqualTo("open");
  }

  @Test
  void aTripThatCannotBeDecidedNeverOpensAndIsLoggedOnce() {
    Expressions expressions = text -> variables -> {
      throw new Expressions.EvaluationException("no such variable: x", new RuntimeException());
    };
    try (var log = new CapturedLog()) {
      var engine = engine(CircuitBreakerPolicy.defaults().trip("x > 1"), expressions);
      fail(engine, 20);
      assertThat(state(engine)).isEqualTo("closed");
      assertThat(log.lines())
          .containsExactly(
              "WARN the trip of the circuit breaker \"cb\" can't be decided, it will not open: no such variable: x");
    }
  }

  /** The caller is to see why its call failed, not what a language threw. */
  @Test
  void aLanguageThatFailsHidesNoFailureOfACall() {
    Expressions expressions = text -> variables -> {
      throw new UnsupportedOperationException("broken");
    };
    try (var log = new CapturedLog()) {
      var engine = engine(CircuitBreakerPolicy.defaults().trip("x > 1"), expressions);
      fail(engine, 20);
      assertThat(state(engine)).isEqualTo("closed");
      assertThat(log.lines())
          .containsExactly(
              "WARN the trip of the circuit breaker \"cb\" can't be decided, it will not open: java.lang.UnsupportedOperationException: broken");
    }
  }

  @Test
  void openedAndClosedAreLoggedOnceEach() throws Exception {
    try (var log = new CapturedLog()) {
      var engine = engine(CircuitBreakerPolicy.defaults());
      fail(engine, 6);
      time.advance(Duration.ofSeconds(61));
      fail(engine, 1);
      time.advance(Duration.ofSeconds(61));
      succeed(engine);
      assertThat(log.lines("WARN"))
          .containsExactly(
              "WARN circuit breaker \"cb\" of component \"st\" is open for 1m: 6 failures in a row, 6 of 6 calls");
      assertThat(log.lines("INFO"))
          .containsExactly("INFO circuit breaker \"cb\" of component \"st\" is closed again");
    }
  }

  @Test
  void countsAreExactUnderThousandsOfConcurrentCalls() throws Exception {
    int threads = 16;
    int calls = 2_000;
    var failed = new AtomicLong();
    var ran = new AtomicLong();
    var policies = Resiliency.builder()
        .circuitBreaker("cb", CircuitBreakerPolicy.defaults().trip("never"))
        .retry("r", RetryPolicy.constant(Duration.ZERO).maxRetries(2))
        .component(
            "st", Target.withoutPolicies(), Target.withCircuitBreaker("cb").retry("r"))
        .build();
    Expressions never = text -> variables -> false;
    var engine = PolicyEngine.of(List.of(policies), Map.of(), time, never);
    var start = new CountDownLatch(1);
    var pool = Executors.newFixedThreadPool(threads);
    try {
      var results = new ArrayList<java.util.concurrent.Future<Integer>>();
      for (int t = 0; t < threads; t++) {
        results.add(pool.submit(() -> {
          start.await();
          int given = 0;
          for (int i = 0; i < calls; i++) {
            var call = Call.outbound("state", "st", "get", true);
            try {
              engine.around(call, again -> {
                ran.incrementAndGet();
                if (ThreadLocalRandom.current().nextBoolean()) {
                  failed.incrementAndGet();
                  throw DOWN;
                }
                return "";
              });
            } catch (ComponentException e) {
              given++;
            }
          }
          return given;
        }));
      }
      start.countDown();
      for (var result : results) {
        assertThat(result.get()).isBetween(1, calls - 1);
      }
    } finally {
      pool.shutdownNow();
    }
    assertThat(engine.describe().breakers()).singleElement().satisfies(breaker -> {
      assertThat(breaker.requests()).isEqualTo(ran.get());
      assertThat(breaker.failures()).isEqualTo(failed.get());
    });
  }

  @Test
  void exactlyTheAllowedCallsPassTheHalfOpenBreakerAtOnce() throws Exception {
    var engine = engine(CircuitBreakerPolicy.defaults().maxRequests(7));
    fail(engine, 6);
    time.advance(Duration.ofSeconds(61));
    int threads = 32;
    var start = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var passed = new AtomicLong();
    var refused = new CountDownLatch(threads - 7);
    var pool = Executors.newFixedThreadPool(threads);
    try {
      for (int t = 0; t < threads; t++) {
        pool.execute(() -> {
          try {
            start.await();
            engine.around(SAVE, call -> {
              passed.incrementAndGet();
              release.await();
              return "";
            });
          } catch (CallRejectedException e) {
            refused.countDown();
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        });
      }
      start.countDown();
      refused.await();
      release.countDown();
    } finally {
      pool.shutdown();
    }
    assertThat(pool.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
    assertThat(passed).hasValue(7);
  }
}
