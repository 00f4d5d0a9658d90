// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.BulkException;
import dev.pillion.CallRejectedException;
import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import dev.pillion.EtagMismatchException;
import dev.pillion.InvalidConfigurationException;
import dev.pillion.NoSuchComponentException;
import dev.pillion.SerializationException;
import dev.pillion.TransactionException;
import dev.pillion.call.Call;
import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.testkit.CapturedLog;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** When a failed call is tried again, and after which pause. */
class RetriesTest {
  private static final Call GET = Call.outbound("state", "st", "get", true);
  private static final EtagMismatchException MISMATCH =
      new EtagMismatchException("ERR_STATE_SAVE", "k", "1", null);
  private static final ComponentException DOWN = ComponentException.unavailable("down", null);

  private final RecordingTime time = new RecordingTime();
  private double random = 0.5;

  private PolicyEngine engine(RetryPolicy retry) {
    var policies = Resiliency.builder()
        .retry("r", retry)
        .component("st", Target.withRetry("r"), Target.withRetry("r"))
        .build();
    return PolicyEngine.of(List.of(policies), Map.of(), time, null, () -> random);
  }

  private int runs(RetryPolicy retry, Call call, Failing body) {
    try {
      engine(retry).around(call, body);
    } catch (Exception e) {
      assertThat(e).isNotNull();
    }
    return body.runs;
  }

  @Test
  void aConstantPolicyIsWithoutEndAndEveryFiveSecondsUnlessSet() throws Exception {
    var body = Failing.times(1000);
    assertThat(engine(RetryPolicy.constant()).around(GET, body)).isEqualTo("done");
    assertThat(body.runs).isEqualTo(1001);
    assertThat(time.pausesMillis).hasSize(1000).containsOnly(5000L);
  }

  @Test
  void anExponentialPolicyGrowsByHalfUpToAMinute() {
    var retry = RetryPolicy.exponential().maxRetries(14);
    assertThat(runs(retry, GET, Failing.times(99))).isEqualTo(15);
    assertThat(time.pausesMillis)
        .containsExactly(
            500L, 750L, 1125L, 1687L, 2531L, 3796L, 5695L, 8542L, 12814L, 19221L, 28832L, 43248L,
            60000L, 60000L);
  }

  @ParameterizedTest
  @CsvSource({"0.0, 250, 375", "0.9999999, 749, 1124"})
  void pausesAreDrawnFromHalfToOneAndAHalf(double drawn, long first, long second) {
    random = drawn;
    runs(RetryPolicy.exponential().maxRetries(2), GET, Failing.times(9));
    assertThat(time.pausesMillis).containsExactly(first, second);
  }

  @Test
  void theCapHoldsFromTheSecondPauseOn() {
    runs(RetryPolicy.exponential(Duration.ofMillis(100)).maxRetries(3), GET, Failing.times(9));
    assertThat(time.pausesMillis).containsExactly(500L, 100L, 100L);
  }

  @Test
  void anExponentialPolicyWithoutLimitEndsAfterFifteenMinutes() {
    runs(RetryPolicy.exponential(), GET, Failing.always(DOWN));
    long waited = time.pausesMillis.stream().mapToLong(Long::longValue).sum();
    assertThat(waited).isBetween(840_000L, 900_000L);
  }

  @ParameterizedTest
  @CsvSource({"0, 1", "1, 2", "4, 5"})
  void soManyRetriesAfterTheFirstAttempt(int retries, int attempts) {
    assertThat(runs(RetryPolicy.constant().maxRetries(retries), GET, Failing.always(DOWN)))
        .isEqualTo(attempts);
  }

  @ParameterizedTest
  @CsvSource({
    "429, true",
    "428, false",
    "500, true",
    "599, true",
    "404, false",
    "0, true",
    "14, true",
    "17, false",
    "99, false",
    "600, false",
    "-1, false"
  })
  void httpListsLetGrpcCodesThrough(int code, boolean again) {
    var retry = RetryPolicy.constant().maxRetries(1).httpStatusCodes("429,500-599");
    assertThat(runs(retry, GET, Failing.status(code))).isEqualTo(again ? 2 : 1);
  }

  @ParameterizedTest
  @CsvSource({"4, true", "13, true", "14, true", "5, false", "404, true", "17, false"})
  void grpcListsLetHttpCodesThrough(int code, boolean again) {
    var retry = RetryPolicy.constant().maxRetries(1).grpcStatusCodes("4,13-14");
    assertThat(runs(retry, GET, Failing.status(code))).isEqualTo(again ? 2 : 1);
  }

  @Test
  void aListOfCommasMatchesNothingAndAnEmptyOneEverything() {
    var commas = RetryPolicy.constant().maxRetries(1).httpStatusCodes(",,");
    assertThat(runs(commas, GET, Failing.status(500))).isEqualTo(1);
    assertThat(runs(commas, GET, Failing.always(DOWN))).as("without a status").isEqualTo(2);
    var empty = RetryPolicy.constant().maxRetries(1).httpStatusCodes("");
    assertThat(runs(empty, GET, Failing.status(404))).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        " 500",
        "500 ",
        "5xx",
        "500-",
        "-500",
        "500-400",
        "1-2-3",
        "99",
        "600",
        "500-600",
        "99999999999"
      })
  void wrongListsAreRefused(String codes) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RetryPolicy.constant().httpStatusCodes(codes));
  }

  @Test
  void grpcListsGoToSixteen() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RetryPolicy.constant().grpcStatusCodes("17"))
        .withMessageContaining("from 0 to 16");
  }

  @Test
  void whatWouldFailAgainIsNotTriedAgain() {
    var retry = RetryPolicy.constant().maxRetries(1);
    for (Exception failure : List.of(
        new CallRejectedException("ERR", "full", null),
        MISMATCH,
        new TransactionException("ERR", "tx", MISMATCH),
        new BulkException("ERR", "bulk", Map.of("k", MISMATCH)),
        new NoSuchComponentException("ERR", "state store", "x", List.of()),
        new SerializationException("no", null),
        new InvalidConfigurationException(List.of("no")),
        new InterruptedException(),
        new IllegalArgumentException(),
        new IllegalStateException())) {
      assertThat(runs(retry, GET, Failing.always(failure))).as("%s", failure).isEqualTo(1);
    }
  }

  @Test
  void everythingElseIs() {
    var retry = RetryPolicy.constant().maxRetries(1);
    for (Exception failure : List.of(
        DOWN,
        ComponentException.failed("no", null),
        new CallTimeoutException("ERR", "late", null),
        new TransactionException("ERR", "tx", DOWN),
        new BulkException("ERR", "bulk", Map.of("a", MISMATCH, "b", DOWN)),
        new java.io.IOException())) {
      assertThat(runs(retry, GET, Failing.always(failure))).as("%s", failure).isEqualTo(2);
    }
    var inbound = Call.inbound("pubsub", "st/topic", "deliver", true, CallContext.EMPTY);
    assertThat(runs(retry, inbound, Failing.always(new IllegalStateException())))
        .as("a handler's own mistake may pass")
        .isEqualTo(2);
  }

  @Test
  void anErrorOfTheVmIsNotTriedAgain() {
    var runs = new int[1];
    assertThatThrownBy(() -> engine(RetryPolicy.constant()).around(GET, call -> {
          runs[0]++;
          throw new StackOverflowError();
        }))
        .isInstanceOf(StackOverflowError.class);
    assertThat(runs[0]).isEqualTo(1);
  }

  @Test
  void whatIsNotRepeatableRunsOnce() {
    var save = Call.outbound("state", "st", "save", false);
    assertThat(runs(RetryPolicy.constant(), save, Failing.always(DOWN))).isEqualTo(1);
  }

  @Test
  void noPauseEndsAfterTheCallersDeadline() {
    var call = GET.with(CallContext.EMPTY.with(Deadline.after(Duration.ofSeconds(12), time)));
    assertThat(runs(RetryPolicy.constant(), call, Failing.always(DOWN))).isEqualTo(3);
    assertThat(time.nanos()).isEqualTo(Duration.ofSeconds(10).toNanos());
  }

  @Test
  void anInterruptedThreadGivesUpAndKeepsItsFlag() {
    try (var log = new CapturedLog()) {
      assertThatThrownBy(() -> engine(RetryPolicy.constant()).around(GET, call -> {
            Thread.currentThread().interrupt();
            throw DOWN;
          }))
          .isSameAs(DOWN);
      assertThat(log.lines()).as("nothing is retried").isEmpty();
    }
    assertThat(Thread.interrupted()).isTrue();
    assertThat(time.pausesMillis).isEmpty();
  }

  @Test
  void aClosedEngineTriesNothingAgain() {
    var engine = engine(RetryPolicy.constant(Duration.ZERO));
    var runs = new int[1];
    assertThatThrownBy(() -> engine.around(GET, call -> {
          if (++runs[0] == 3) {
            engine.close();
          }
          throw DOWN;
        }))
        .isSameAs(DOWN);
    assertThat(runs[0]).isEqualTo(3);
  }

  @Test
  void anIncidentIsLoggedOnceHoweverManyAttemptsAndCallsItHas() throws Exception {
    try (var log = new CapturedLog()) {
      var engine = engine(RetryPolicy.constant().maxRetries(3));
      for (int i = 0; i < 5; i++) {
        assertThatThrownBy(() -> engine.around(GET, Failing.always(DOWN))).isSameAs(DOWN);
      }
      engine.around(GET, Failing.times(1));
      engine.around(GET, Failing.times(0));
      assertThat(log.lines())
          .containsExactly(
              "WARN calls of component \"st\" fail, retrying (constant, duration 5s, maxRetries 3): down",
              "INFO calls of component \"st\" succeed again");
    }
  }

  @Test
  void eachTopicOfAPubsubHasIncidentsOfItsOwn() throws Exception {
    try (var log = new CapturedLog()) {
      var engine = PolicyEngine.of(
          List.of(Resiliency.builder()
              .retry("r", RetryPolicy.constant(Duration.ZERO).maxRetries(1))
              .component("bus", Target.withRetry("r"), Target.withoutPolicies())
              .build()),
          Map.of(),
          time,
          null);
      var paid = Call.inbound("pubsub", "bus/paid", "deliver", true, CallContext.EMPTY);
      var sent = Call.inbound("pubsub", "bus/sent", "deliver", true, CallContext.EMPTY);
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> engine.around(paid, Failing.always(DOWN))).isSameAs(DOWN);
        assertThatThrownBy(() -> engine.around(sent, Failing.always(DOWN))).isSameAs(DOWN);
      }
      engine.around(sent, Failing.times(0));
      engine.around(sent, Failing.times(0));

      assertThat(log.lines())
          .containsExactly(
              "WARN calls of component \"bus\" on bus/paid fail, retrying (constant, duration 0s, maxRetries 1): down",
              "WARN calls of component \"bus\" on bus/sent fail, retrying (constant, duration 0s, maxRetries 1): down",
              "INFO calls of component \"bus\" on bus/sent succeed again");
    }
  }

  @Test
  void whereFailuresAndSuccessesMixTheLogStaysQuiet() throws Exception {
    try (var log = new CapturedLog()) {
      var engine = engine(RetryPolicy.constant(Duration.ofMillis(1)).maxRetries(3));
      for (int i = 0; i < 1000; i++) {
        engine.around(GET, Failing.times(1));
      }
      assertThat(log.lines()).hasSize(2);
      time.advance(Duration.ofSeconds(10));
      engine.around(GET, Failing.times(1));
      assertThat(log.lines()).hasSize(4);
    }
  }

  @Test
  void builtInPoliciesAndHowTheyAreOverridden() {
    var none = PolicyEngine.of(List.of(), Map.of(), time, null);
    assertThat(none.retry("DaprBuiltInServiceRetries"))
        .hasToString("constant, duration 1s, maxRetries 3");
    assertThat(none.retry("DaprBuiltInActorRetries"))
        .hasToString("constant, duration 1s, maxRetries 3");
    assertThat(none.retry("DaprBuiltInActorReminderRetries").maxRetries()).isZero();
    assertThat(none.retry("DaprBuiltInInitializationRetries"))
        .hasToString("exponential, maxInterval 1s, maxRetries 3");
    assertThat(none.retry("DaprBuiltInInitializationRetries").maxElapsed()).hasSeconds(10);
    assertThat(none.retry("DaprBuiltInActorNotFoundRetries").maxRetries()).isEqualTo(5);
    var engine = PolicyEngine.of(
        List.of(Resiliency.builder()
            .retry("DaprBuiltInServiceRetries", RetryPolicy.constant(Duration.ofSeconds(9)))
            .retry("DaprBuiltInActorRetries", RetryPolicy.constant().maxRetries(7))
            .retry("DaprBuiltInActorReminderRetries", RetryPolicy.constant().maxRetries(1))
            .retry("DaprBuiltInActorNotFoundRetries", RetryPolicy.constant().maxRetries(9))
            .app("orders", Target.withRetry("DaprBuiltInServiceRetries"))
            .build()),
        Map.of(),
        time,
        null);
    assertThat(engine.retry("DaprBuiltInServiceRetries"))
        .hasToString("constant, duration 9s, maxRetries 3");
    assertThat(engine.retry("DaprBuiltInActorRetries").maxRetries()).isEqualTo(7);
    assertThat(engine.retry("DaprBuiltInActorReminderRetries").maxRetries()).isEqualTo(3);
    assertThat(engine.retry("DaprBuiltInActorNotFoundRetries").maxRetries()).isEqualTo(5);
    assertThat(engine.hasTarget(Call.outbound("invocation", "orders", "x", true)))
        .isTrue();
    assertThat(engine.hasTarget(Call.outbound("invocation", "other", "x", true)))
        .isFalse();
    assertThatIllegalArgumentException().isThrownBy(() -> engine.retry("x"));
  }
}
