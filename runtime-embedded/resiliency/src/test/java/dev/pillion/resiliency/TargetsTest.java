// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.CallRejectedException;
import dev.pillion.ComponentException;
import dev.pillion.InvalidConfigurationException;
import dev.pillion.call.Call;
import dev.pillion.call.CallContext;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which policies and which breaker a call has. */
class TargetsTest {
  private static final ComponentException DOWN = ComponentException.unavailable("down", null);
  private static final Map<String, String> TYPES =
      Map.of("st", "state.redis", "events", "pubsub.kafka", "mail", "bindings.smtp");

  private final RecordingTime time = new RecordingTime();

  private PolicyEngine engine(Resiliency... resources) {
    return PolicyEngine.of(List.of(resources), TYPES, time, null);
  }

  private static Call outbound(String block, String target) {
    return Call.outbound(block, target, "op", true);
  }

  private static Call inbound(String block, String target) {
    return Call.inbound(block, target, "op", true, CallContext.EMPTY);
  }

  private static Call at(Call call, String instance) {
    return call.with(CallContext.EMPTY.at(instance));
  }

  private static boolean isOpen(PolicyEngine engine, Call call) {
    try {
      engine.around(call, Failing.times(0));
      return false;
    } catch (CallRejectedException e) {
      return true;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static void open(PolicyEngine engine, Call call) {
    for (int i = 0; i < 6; i++) {
      assertThatThrownBy(() -> engine.around(call, Failing.always(DOWN))).isSameAs(DOWN);
    }
  }

  @Test
  void nothingAppliesWithoutPolicies() {
    var engine = engine();
    assertThat(engine.appliesTo(outbound("state", "st"))).isFalse();
    assertThat(engine.appliesTo(inbound("pubsub", "events/a"))).isFalse();
    assertThat(engine.describe().isEmpty()).isTrue();
  }

  @Test
  void componentsByNameUpToTheSlashAndDirection() {
    var engine = engine(Resiliency.builder()
        .timeout("t", Duration.ofSeconds(1))
        .component("events", Target.withTimeout("t"), Target.withoutPolicies())
        .component("st", Target.withTimeout("t"), Target.withTimeout("t"))
        .build());
    assertThat(engine.appliesTo(inbound("pubsub", "events/a"))).isTrue();
    assertThat(engine.appliesTo(outbound("pubsub", "events/a"))).isFalse();
    assertThat(engine.appliesTo(inbound("pubsub", "other/a"))).isFalse();
    for (String block : List.of("state", "secrets", "lock", "crypto", "conversation")) {
      assertThat(engine.appliesTo(outbound(block, "st"))).isTrue();
      assertThat(engine.appliesTo(inbound(block, "st"))).isFalse();
    }
    assertThat(engine.appliesTo(inbound("configuration", "st"))).isTrue();
    assertThat(engine.appliesTo(inbound("bindings", "st"))).isTrue();
    assertThat(engine.appliesTo(inbound("facade", "st"))).isFalse();
    assertThat(engine.appliesTo(outbound("invocation", "st"))).isFalse();
  }

  @Test
  void anAppHasABreakerForEachMethodAndForgetsTheOldestBeyondAHundred() {
    var engine = engine(Resiliency.builder()
        .circuitBreaker("cb", CircuitBreakerPolicy.defaults())
        .app("orders", Target.withCircuitBreaker("cb"))
        .app("small", Target.withCircuitBreaker("cb").circuitBreakerCacheSize(1))
        .build());
    var orders = outbound("invocation", "orders");
    open(engine, at(orders, "a"));
    assertThat(isOpen(engine, at(orders, "b"))).isFalse();
    for (int i = 0; i < 98; i++) {
      assertThat(isOpen(engine, at(orders, "m" + i))).isFalse();
    }
    assertThat(isOpen(engine, at(orders, "a"))).as("one of a hundred").isTrue();
    assertThat(isOpen(engine, at(orders, "x"))).isFalse();
    assertThat(isOpen(engine, at(orders, "a"))).as("used more recently than b").isTrue();
    for (int i = 0; i < 100; i++) {
      assertThat(isOpen(engine, at(orders, "n" + i))).isFalse();
    }
    assertThat(isOpen(engine, at(orders, "a"))).as("forgotten").isFalse();
    open(engine, orders);
    assertThat(isOpen(engine, at(orders, "op")))
        .as("the operation where no method")
        .isTrue();
    var small = outbound("invocation", "small");
    open(engine, at(small, "a"));
    assertThat(isOpen(engine, at(small, "b"))).isFalse();
    assertThat(isOpen(engine, at(small, "a"))).isFalse();
    assertThat(engine.appliesTo(inbound("invocation", "orders"))).isFalse();
  }

  @Test
  void actorsHaveABreakerForTheTypeOrForEachId() {
    var breaker = Target.withCircuitBreaker("cb");
    var engine = engine(Resiliency.builder()
        .circuitBreaker("cb", CircuitBreakerPolicy.defaults())
        .actor("Cart", breaker.perActorId())
        .actor("User", breaker.perActorType())
        .build());
    var cart = outbound("actors", "Cart");
    open(engine, at(cart, "1"));
    assertThat(isOpen(engine, at(cart, "2"))).isFalse();
    assertThat(isOpen(engine, at(cart, "1"))).isTrue();
    var user = outbound("actors", "User");
    open(engine, at(user, "1"));
    assertThat(isOpen(engine, at(user, "2"))).isTrue();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Resiliency.builder().actor("X", breaker))
        .withMessageStartingWith("actor circuit breakers must include scope");
  }

  @Test
  void ofAnActorTypeTheLastFiveThousandIdsAreRemembered() {
    var engine = engine(Resiliency.builder()
        .circuitBreaker("cb", CircuitBreakerPolicy.defaults())
        .actor("Cart", Target.withCircuitBreaker("cb").perActorId())
        .build());
    var cart = outbound("actors", "Cart");
    open(engine, at(cart, "first"));
    for (int id = 1; id < 5000; id++) {
      assertThat(isOpen(engine, at(cart, "id-" + id))).isFalse();
    }
    assertThat(isOpen(engine, at(cart, "first"))).as("one of 5000").isTrue();
    for (int id = 1; id <= 5000; id++) {
      assertThat(isOpen(engine, at(cart, "other-" + id))).isFalse();
    }
    assertThat(isOpen(engine, at(cart, "first"))).as("forgotten").isFalse();
  }

  @Test
  void ofActorsTheCallerRetriesAndTheTurnHasTheTimeLimit() {
    var engine = engine(Resiliency.builder()
        .retry("r", RetryPolicy.constant().maxRetries(1))
        .timeout("t", Duration.ofSeconds(1))
        .actor("Retried", Target.withRetry("r"))
        .actor("Timed", Target.withTimeout("t"))
        .build());
    assertThat(engine.appliesTo(outbound("actors", "Retried"))).isTrue();
    assertThat(engine.appliesTo(inbound("actors", "Retried"))).isFalse();
    assertThat(engine.appliesTo(outbound("actors", "Timed"))).isFalse();
    assertThat(engine.appliesTo(inbound("actors", "Timed"))).isTrue();
  }

  @Test
  void aComponentsDirectionsShareTheBreakerOfTheFirst() {
    var engine = engine(Resiliency.builder()
        .circuitBreaker("in", CircuitBreakerPolicy.defaults())
        .circuitBreaker("out", CircuitBreakerPolicy.defaults())
        .component("events", Target.withCircuitBreaker("in"), Target.withCircuitBreaker("out"))
        .build());
    open(engine, inbound("pubsub", "events/a"));
    assertThat(isOpen(engine, outbound("pubsub", "events/b"))).isTrue();
    assertThat(engine.describe().breakers()).singleElement().satisfies(breaker -> {
      assertThat(breaker.policy()).isEqualTo("in");
      assertThat(breaker.state()).isEqualTo("open");
    });
    assertThat(engine.describe().toString())
        .contains("circuit breaker in of component \"events\" is open");
  }

  @ParameterizedTest
  @CsvSource({
    "DefaultAppRetryPolicy, invocation, orders, true",
    "DefaultActorRetryPolicy, invocation, orders, false",
    "DefaultActorRetryPolicy, actors, Cart, true",
    "DefaultStatestoreComponentOutboundRetryPolicy, state, st, true",
    "DefaultStatestoreComponentInboundRetryPolicy, state, st, false",
    "DefaultStatestoreComponentOutboundRetryPolicy, pubsub, events/a, false",
    "DefaultPubsubComponentOutboundRetryPolicy, pubsub, events/a, true",
    "DefaultBindingComponentOutboundRetryPolicy, bindings, mail, true",
    "DefaultComponentOutboundRetryPolicy, state, st, true",
    "DefaultComponentInboundRetryPolicy, state, st, false",
    "DefaultComponentRetryPolicy, state, st, true",
    "DefaultComponentRetryPolicy, invocation, orders, false",
    "DefaultRetryPolicy, state, st, true",
    "DefaultRetryPolicy, invocation, orders, true",
    "DefaultRetryPolicy, actors, Cart, true",
    "SomeRetryPolicy, state, st, false"
  })
  void defaultPoliciesByTheirNames(String name, String block, String target, boolean applies) {
    var retry = RetryPolicy.constant().maxRetries(1);
    var byDefault = engine(Resiliency.builder().retry(name, retry).build());
    assertThat(byDefault.appliesTo(outbound(block, target))).isEqualTo(applies);
    var explicit = engine(Resiliency.builder()
        .retry(name, retry)
        .app("orders", Target.withoutPolicies())
        .actor("Cart", Target.withoutPolicies())
        .component("st", Target.withoutPolicies(), Target.withoutPolicies())
        .component("events", Target.withoutPolicies(), Target.withoutPolicies())
        .component("mail", Target.withoutPolicies(), Target.withoutPolicies())
        .build());
    assertThat(explicit.appliesTo(outbound(block, target))).isFalse();
  }

  @Test
  void theMostParticularDefaultCountsAndEachKindIsFoundByItself() {
    var engine = engine(Resiliency.builder()
        .retry("DefaultRetryPolicy", RetryPolicy.constant().maxRetries(9))
        .retry("DefaultComponentRetryPolicy", RetryPolicy.constant().maxRetries(8))
        .retry("DefaultComponentOutboundRetryPolicy", RetryPolicy.constant().maxRetries(7))
        .retry(
            "DefaultStatestoreComponentOutboundRetryPolicy",
            RetryPolicy.constant().maxRetries(2))
        .timeout("DefaultTimeoutPolicy", Duration.ofSeconds(4))
        .circuitBreaker("DefaultComponentCircuitBreakerPolicy", CircuitBreakerPolicy.defaults())
        .build());
    var body = Failing.always(DOWN);
    assertThatThrownBy(() -> engine.around(outbound("state", "st"), body)).isSameAs(DOWN);
    assertThat(body.runs).isEqualTo(3);
    assertThat(engine.describe().breakers()).singleElement().satisfies(breaker -> assertThat(
            breaker.policy())
        .isEqualTo("DefaultComponentCircuitBreakerPolicy"));
    var other = Failing.always(DOWN);
    assertThatThrownBy(() -> engine.around(outbound("pubsub", "events/a"), other))
        .isInstanceOf(CallRejectedException.class);
    assertThat(other.runs).as("until the breaker opens").isEqualTo(6);
  }

  /** Names come from callers: they must neither fill the memory nor turn a breaker off. */
  @Test
  void howeverManyNamesAreCalledEachHasItsBreaker() {
    var engine = engine(Resiliency.builder()
        .circuitBreaker("DefaultAppCircuitBreakerPolicy", CircuitBreakerPolicy.defaults())
        .circuitBreaker("cb", CircuitBreakerPolicy.defaults())
        .app("orders", Target.withCircuitBreaker("cb"))
        .build());
    var orders = outbound("invocation", "orders");
    open(engine, orders);
    for (int i = 0; i < TargetTable.MOST + 10; i++) {
      assertThat(isOpen(engine, outbound("invocation", "junk-" + i))).isFalse();
    }
    assertThat(isOpen(engine, orders))
        .as("one with an entry is never forgotten")
        .isTrue();
    var late = outbound("invocation", "late");
    open(engine, late);
    assertThat(isOpen(engine, late)).isTrue();
    assertThat(engine.describe().breakers()).hasSizeLessThan(TargetTable.MOST);
  }

  @Test
  void breakersAreDescribedInOrder() {
    var engine = engine(Resiliency.builder()
        .circuitBreaker("cb", CircuitBreakerPolicy.defaults())
        .app("b", Target.withCircuitBreaker("cb"))
        .app("a", Target.withCircuitBreaker("cb"))
        .build());
    for (String app : List.of("b", "a")) {
      for (String method : List.of("y", "x")) {
        assertThat(isOpen(engine, at(outbound("invocation", app), method))).isFalse();
      }
    }
    assertThat(engine.describe().breakers())
        .extracting(breaker -> breaker.target() + " " + breaker.key())
        .containsExactly("app \"a\" x", "app \"a\" y", "app \"b\" x", "app \"b\" y");
  }

  @Test
  void laterResourcesOverwriteWholeEntries() {
    var first = Resiliency.builder()
        .timeout("t", Duration.ofSeconds(1))
        .retry("r", RetryPolicy.constant().maxRetries(1))
        .app("orders", Target.withTimeout("t").retry("r"))
        .build();
    var second = Resiliency.builder()
        .retry("r", RetryPolicy.constant().maxRetries(4))
        .app("orders", Target.withRetry("r"))
        .build();
    var engine = engine(first, second);
    var body = Failing.always(DOWN);
    assertThatThrownBy(() -> engine.around(outbound("invocation", "orders"), call -> {
          assertThat(call.context().deadline().isSet()).isFalse();
          return body.run(call);
        }))
        .isSameAs(DOWN);
    assertThat(body.runs).isEqualTo(5);
  }

  @Test
  void undefinedNamesAndExpressionsWithoutALanguageAreRefused() {
    var wrong = Resiliency.builder()
        .timeout("quick", Duration.ofSeconds(1))
        .circuitBreaker("cb", CircuitBreakerPolicy.defaults().trip("totalFailures > 2"))
        .app("orders", Target.withTimeout("quik").retry("r"))
        .component("st", Target.withoutPolicies(), Target.withCircuitBreaker("x"))
        .build();
    assertThatExceptionOfType(InvalidConfigurationException.class)
        .isThrownBy(() -> engine(wrong))
        .satisfies(
            e -> assertThat(e.problems())
                .hasSize(4)
                .satisfiesExactly(
                    p -> assertThat(p).startsWith("policies.circuitBreakers.cb.trip: "),
                    p -> assertThat(p)
                        .isEqualTo(
                            "targets.apps.orders.timeout: there is no timeout \"quik\", did you mean \"quick\"?; there are [quick]"),
                    p -> assertThat(p)
                        .startsWith("targets.apps.orders.retry: there is no retry policy \"r\""),
                    p -> assertThat(p)
                        .startsWith(
                            "targets.components.st.outbound.circuitBreaker: there is no circuit breaker")));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Resiliency.builder()
            .retry("r", RetryPolicy.constant())
            .retry("r", RetryPolicy.constant()))
        .withMessage("the retry policy \"r\" is there already");
    assertThatThrownBy(() -> Resiliency.builder().timeout("quick", null))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("the timeout \"quick\" is null");
    assertThatThrownBy(() -> Resiliency.builder().circuitBreaker("guard", null))
        .hasMessage("the circuit breaker \"guard\" is null");
  }

  /** The example of Dapr's behaviour that has everything in it, on our own clock. */
  @Test
  void theWorkedExample() {
    var resource = Resiliency.builder()
        .timeout("t", Duration.ofSeconds(2))
        .retry(
            "r",
            RetryPolicy.exponential(Duration.ofSeconds(10))
                .maxRetries(4)
                .httpStatusCodes("429,500-599"))
        .circuitBreaker(
            "cb",
            CircuitBreakerPolicy.defaults()
                .maxRequests(1)
                .interval(Duration.ofSeconds(30))
                .timeout(Duration.ofSeconds(15))
                .trip("consecutiveFailures >= 3"))
        .app("orders", Target.withTimeout("t").retry("r").circuitBreaker("cb"))
        .build();
    dev.pillion.Expressions cel = text -> counts -> (Long) counts.get("consecutiveFailures") >= 3;
    var engine = PolicyEngine.of(List.of(resource), Map.of(), time, cel, () -> 0.5);
    var call = at(outbound("invocation", "orders"), "reserve");

    var notFound = Failing.status(404);
    assertThatThrownBy(() -> engine.around(call, notFound)).hasMessage("status 404");
    assertThat(notFound.runs).isEqualTo(1);
    assertThat(engine.describe().breakers().get(0).failures()).isEqualTo(1);

    var busy = Failing.status(503);
    assertThatThrownBy(() -> engine.around(call, busy))
        .isInstanceOf(CallRejectedException.class)
        .hasMessage(
            "circuit breaker \"cb\" of app \"orders\" is open; it lets a call through in 14.3s")
        .satisfies(e -> assertThat(e.getCause()).hasMessage("status 503"))
        .satisfies(e -> assertThat(e.getSuppressed()).isEmpty());
    assertThat(busy.runs).as("the third failure in a row opens it").isEqualTo(2);
    assertThat(time.pausesMillis).containsExactly(500L, 750L);
    assertThat(isOpen(engine, at(call, "other"))).isFalse();
    time.advance(Duration.ofSeconds(15));
    assertThat(isOpen(engine, call)).isFalse();
  }
}
