// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.ComponentException;
import dev.pillion.call.Call;
import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.resiliency.PolicyListener.State;
import dev.pillion.testkit.CapturedLog;
import dev.pillion.testkit.ManualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.function.IntSupplier;
import java.util.function.ToIntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What listeners learn of targets, and what they read then. */
@Timeout(60)
class PolicyListenerTest {
  private static final ComponentException DOWN = ComponentException.unavailable("down", null);

  private final ManualTime time = new ManualTime();
  private final PolicyEngine engine = PolicyEngine.of(
      List.of(Resiliency.builder()
          .timeout("t", Duration.ofSeconds(2))
          .circuitBreaker("cb", CircuitBreakerPolicy.defaults())
          .component("st", Target.withTimeout("t"), Target.withCircuitBreaker("cb"))
          .component("both", Target.withCircuitBreaker("cb"), Target.withCircuitBreaker("cb"))
          .component("slow", Target.withTimeout("t"), Target.withTimeout("t"))
          .app("billing", Target.withCircuitBreaker("cb"))
          .actor("Cart", Target.withTimeout("t").circuitBreaker("cb").perActorId())
          .build()),
      Map.of(),
      time,
      null);

  /** Keeps what it is told, under {@code kind target}. */
  private static final class Told implements PolicyListener {
    final Map<String, ToIntFunction<State>> breakers = new TreeMap<>();
    final Map<String, IntSupplier> userCode = new TreeMap<>();
    int times;

    @Override
    public void onBreakers(String kind, String target, ToIntFunction<State> inState) {
      times++;
      breakers.put(kind + " " + target, inState);
    }

    @Override
    public void onUserCode(String kind, String target, IntSupplier stuck) {
      times++;
      userCode.put(kind + " " + target, stuck);
    }

    List<Integer> states(String name) {
      var inState = breakers.get(name);
      return List.of(
          inState.applyAsInt(State.CLOSED),
          inState.applyAsInt(State.HALF_OPEN),
          inState.applyAsInt(State.OPEN));
    }
  }

  private Told listening() {
    var told = new Told();
    engine.listen(told);
    return told;
  }

  private static Call outbound(String block, String target, String instance) {
    return Call.outbound(block, target, "op", true).with(CallContext.EMPTY.at(instance));
  }

  private static Call inbound(String block, String target) {
    return Call.inbound(block, target, "op", true, CallContext.EMPTY);
  }

  private void succeed(Call call) throws Exception {
    engine.around(call, Failing.times(0));
  }

  private void fail(Call call, int times) {
    for (int i = 0; i < times; i++) {
      assertThatThrownBy(() -> engine.around(call, Failing.always(DOWN))).isSameAs(DOWN);
    }
  }

  @Test
  void aTargetIsToldOfWhenItIsCalledFirstAndOnce() throws Exception {
    var told = listening();
    assertThat(told.breakers).isEmpty();
    assertThat(told.userCode).containsOnlyKeys("none none");
    for (int i = 0; i < 3; i++) {
      succeed(outbound("state", "st", ""));
      succeed(outbound("invocation", "billing", "pay"));
      succeed(outbound("actors", "Cart", "a"));
      succeed(inbound("actors", "Cart"));
      succeed(outbound("pubsub", "both/topic-" + i, ""));
      succeed(inbound("pubsub", "both/topic-" + i));
      succeed(outbound("pubsub", "slow/topic-" + i, ""));
      succeed(outbound("state", "unknown", ""));
    }
    assertThat(told.breakers)
        .containsOnlyKeys("component st", "app billing", "actor Cart", "component both");
    assertThat(told.userCode).containsOnlyKeys("none none", "actor Cart", "component both");
    assertThat(told.times).isEqualTo(7);
  }

  @Test
  void aLaterListenerIsToldTheSame() throws Exception {
    var first = listening();
    succeed(outbound("state", "st", ""));
    succeed(inbound("pubsub", "both/orders"));
    var second = listening();
    assertThat(second.breakers.keySet()).isEqualTo(first.breakers.keySet());
    assertThat(second.userCode.keySet()).isEqualTo(first.userCode.keySet());
  }

  @Test
  void theStatesAreThoseOfTheMoment() throws Exception {
    var told = listening();
    var call = outbound("state", "st", "");
    fail(call, 5);
    assertThat(told.states("component st")).containsExactly(1, 0, 0);
    fail(call, 1);
    assertThat(told.states("component st")).containsExactly(0, 0, 1);
    time.advance(Duration.ofSeconds(61));
    engine.around(call, inner -> {
      assertThat(told.states("component st")).containsExactly(0, 1, 0);
      return "";
    });
    assertThat(told.states("component st")).containsExactly(1, 0, 0);
  }

  @Test
  void theBreakersOfOneTargetAreCounted() throws Exception {
    var told = listening();
    succeed(outbound("actors", "Cart", "a"));
    succeed(outbound("actors", "Cart", "b"));
    fail(outbound("actors", "Cart", "c"), 6);
    assertThat(told.states("actor Cart")).containsExactly(2, 0, 1);
  }

  @Test
  void userCodeThatOutstaysItsTimeIsCountedUntilItReturns() throws Exception {
    var told = listening();
    var limited = CallContext.of(Deadline.after(Duration.ofSeconds(1), time), Map.of());
    var calls = List.of(
        inbound("actors", "Cart"),
        Call.inbound("bindings", "other", "op", true, limited),
        Call.inbound("invocation", "billing", "op", true, limited));
    var started = new CountDownLatch(3);
    var release = new Semaphore(0);
    var pool = Executors.newCachedThreadPool();
    try {
      var running = new ArrayList<Future<?>>();
      for (var call : calls) {
        running.add(pool.submit((Callable<String>) () -> engine.around(call, inner -> {
          started.countDown();
          release.acquireUninterruptibly();
          return "";
        })));
      }
      started.await();
      assertThat(told.userCode.get("actor Cart").getAsInt()).isZero();
      time.advance(Duration.ofSeconds(2));
      assertThat(told.userCode.get("actor Cart").getAsInt()).isEqualTo(1);
      assertThat(told.userCode.get("component other").getAsInt()).isEqualTo(1);
      assertThat(told.userCode.get("none none").getAsInt()).isEqualTo(1);
      release.release(3);
      for (var call : running) {
        assertThatThrownBy(call::get).hasMessageContaining("was not over within");
      }
      assertThat(told.userCode.get("actor Cart").getAsInt()).isZero();
      assertThat(told.userCode.get("component other").getAsInt()).isZero();
      assertThat(told.userCode.get("none none").getAsInt()).isZero();
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void aListenerThatFailsFailsNoCall() throws Exception {
    try (var log = new CapturedLog()) {
      engine.listen(new PolicyListener() {
        @Override
        public void onBreakers(String kind, String target, ToIntFunction<State> inState) {
          throw new IllegalStateException("no room for " + target);
        }

        @Override
        public void onUserCode(String kind, String target, IntSupplier stuck) {}
      });
      var told = listening();
      succeed(outbound("state", "st", ""));
      assertThat(told.breakers).containsOnlyKeys("component st");
      assertThat(log.lines("WARN"))
          .singleElement()
          .asString()
          .startsWith("WARN a listener of policies failed")
          .contains("no room for st");
    }
  }

  @Test
  void namesThatCallersInventAreToldOfUpToALimit() throws Exception {
    var policies = Resiliency.builder()
        .circuitBreaker("DefaultAppCircuitBreakerPolicy", CircuitBreakerPolicy.defaults())
        .build();
    var invented = PolicyEngine.of(List.of(policies), Map.of(), time, null);
    var told = new Told();
    invented.listen(told);
    for (int i = 0; i < 10_100; i++) {
      invented.around(outbound("invocation", "app-" + i, ""), Failing.times(0));
    }
    assertThat(told.breakers).hasSize(10_000);
    assertThat(told.states("app app-0")).as("forgotten").containsExactly(0, 0, 0);
    assertThat(told.states("app app-9999")).as("forgotten").containsExactly(0, 0, 0);
    invented.around(outbound("invocation", "app-0", ""), Failing.times(0));
    assertThat(told.states("app app-0")).as("called again").containsExactly(1, 0, 0);
  }
}
