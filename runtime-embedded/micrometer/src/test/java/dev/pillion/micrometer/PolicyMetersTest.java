// SPDX-License-Identifier: Apache-2.0
package dev.pillion.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.CallRejectedException;
import dev.pillion.CallTimeoutException;
import dev.pillion.call.Call;
import dev.pillion.call.CallContext;
import dev.pillion.component.ComponentSpec;
import dev.pillion.resiliency.CircuitBreakerPolicy;
import dev.pillion.resiliency.Resiliency;
import dev.pillion.resiliency.Target;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testkit.ManualTime;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PolicyMetersTest {
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final ManualTime time = new ManualTime();

  private EmbeddedRuntime runtime(String appId) {
    return EmbeddedRuntime.builder(appId)
        .with(Observations.to(meters))
        .with(PolicyMeters.to(meters))
        .time(time)
        .component(ComponentSpec.of("orders", "state.in-memory", Map.of()))
        .resiliency(Resiliency.builder()
            .timeout("quick", Duration.ofSeconds(2))
            .circuitBreaker("guard", CircuitBreakerPolicy.defaults())
            .circuitBreaker("DefaultAppCircuitBreakerPolicy", CircuitBreakerPolicy.defaults())
            .component("orders", Target.withTimeout("quick"), Target.withCircuitBreaker("guard"))
            .actor("Cart", Target.withCircuitBreaker("guard").perActorId())
            .build())
        .start();
  }

  private static Call outbound(String block, String target, String instance) {
    return Call.outbound(block, target, "op", true).with(CallContext.EMPTY.at(instance));
  }

  private static void fail(EmbeddedRuntime runtime, Call call, int times) {
    for (int i = 0; i < times; i++) {
      assertThatThrownBy(() -> runtime.calls().run(call, inner -> {
            throw new IllegalStateException("down");
          }))
          .hasMessage("down");
    }
  }

  private List<Double> breakers(String kind, String target) {
    return List.of("closed", "half-open", "open").stream()
        .map(state -> meters
            .get("pillion.circuit.breakers")
            .tags("app", "checkout", "kind", kind, "target", target, "state", state)
            .gauge()
            .value())
        .toList();
  }

  private double stuck(String kind, String target) {
    return meters
        .get("pillion.calls.stuck")
        .tags("app", "checkout", "kind", kind, "target", target)
        .gauge()
        .value();
  }

  private List<String> gauges() {
    return meters.getMeters().stream()
        .map(Meter::getId)
        .filter(id -> id.getType() == Meter.Type.GAUGE)
        .map(id -> id.getName() + id.getTags())
        .toList();
  }

  @Test
  void aBreakerOpensIsTriedAndCloses() {
    try (var runtime = runtime("checkout")) {
      var get = outbound("state", "orders", "");
      fail(runtime, get, 5);
      assertThat(breakers("component", "orders")).containsExactly(1.0, 0.0, 0.0);
      fail(runtime, get, 1);
      assertThat(breakers("component", "orders")).containsExactly(0.0, 0.0, 1.0);
      assertThatThrownBy(() -> runtime.state("orders").get("42", String.class))
          .isInstanceOf(CallRejectedException.class);
      time.advance(Duration.ofSeconds(61));
      runtime.calls().run(get, inner -> {
        assertThat(breakers("component", "orders")).containsExactly(0.0, 1.0, 0.0);
        return true;
      });
      assertThat(breakers("component", "orders")).containsExactly(1.0, 0.0, 0.0);
    }
  }

  @Test
  void theIdsOfActorsAreCountedAndInNoTag() {
    try (var runtime = runtime("checkout")) {
      runtime.calls().run(outbound("actors", "Cart", "cart-1"), inner -> true);
      runtime.calls().run(outbound("actors", "Cart", "cart-2"), inner -> true);
      fail(runtime, outbound("actors", "Cart", "cart-3"), 6);
      assertThat(breakers("actor", "Cart")).containsExactly(2.0, 0.0, 1.0);
      assertThat(gauges().toString()).doesNotContain("cart-");
    }
  }

  @Test
  void aHandlerThatOutstaysItsTimeIsCountedUntilItReturns() throws Exception {
    var pool = Executors.newSingleThreadExecutor();
    try (var runtime = runtime("checkout")) {
      assertThat(stuck("none", "none")).isZero();
      var started = new CountDownLatch(1);
      var release = new Semaphore(0);
      var call = Call.inbound("bindings", "orders", "deliver", false, CallContext.EMPTY);
      var delivery = pool.submit(() -> runtime.calls().run(call, inner -> {
        started.countDown();
        release.acquireUninterruptibly();
        return true;
      }));
      started.await();
      assertThat(stuck("component", "orders")).isZero();
      time.advance(Duration.ofSeconds(2));
      assertThat(stuck("component", "orders")).isEqualTo(1);
      release.release();
      assertThatThrownBy(delivery::get).hasCauseInstanceOf(CallTimeoutException.class);
      assertThat(stuck("component", "orders")).isZero();
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void aTargetIsMeasuredFromItsFirstCallUntilTheRuntimeCloses() {
    try (var runtime = runtime("checkout")) {
      assertThat(gauges())
          .containsExactly(
              "pillion.calls.stuck[tag(app=checkout), tag(kind=none), tag(target=none)]");
      runtime.state("orders").get("42", String.class);
      assertThat(gauges()).hasSize(4);
      runtime.state("orders").get("42", String.class);
      assertThat(gauges()).hasSize(4);
    }
    assertThat(gauges()).isEmpty();
    try (var runtime = runtime("checkout")) {
      fail(runtime, outbound("state", "orders", ""), 6);
      assertThat(breakers("component", "orders")).containsExactly(0.0, 0.0, 1.0);
    }
  }

  @Test
  void runtimesInOneRegistryAreToldApartByTheirAppId() {
    try (var one = runtime("checkout");
        var two = runtime("billing")) {
      fail(two, outbound("state", "orders", ""), 6);
      one.state("orders").get("42", String.class);
      assertThat(breakers("component", "orders")).containsExactly(1.0, 0.0, 0.0);
    }
  }

  @Test
  void namesThatCallersInventFillNoRegistry() {
    try (var runtime = runtime("checkout")) {
      for (int i = 0; i < 1_100; i++) {
        runtime.calls().run(outbound("invocation", "app-" + i, "pay"), inner -> true);
      }
      // One target is "none", of user code without policies.
      assertThat(meters.find("pillion.circuit.breakers").gauges()).hasSize(3 * 999);
      assertThat(breakers("app", "app-0")).containsExactly(1.0, 0.0, 0.0);
    }
  }
}
