// SPDX-License-Identifier: Apache-2.0
package dev.pillion.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.EtagMismatchException;
import dev.pillion.call.Call;
import dev.pillion.call.CallChain;
import dev.pillion.call.CallContext;
import dev.pillion.component.ComponentSpec;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.state.SaveOptions;
import dev.pillion.testkit.CapturedLog;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.observation.DefaultMeterObservationHandler;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.observation.ObservationRegistry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ObservationsTest {
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

  private EmbeddedRuntime runtime(Observations observations) {
    return EmbeddedRuntime.builder("checkout")
        .with(observations)
        .component(ComponentSpec.of("orders", "state.in-memory", Map.of()))
        .start();
  }

  private CallChain chain(ObservationRegistry registry) {
    return CallChain.of(List.of(new ObservedCalls(registry)));
  }

  private ObservationRegistry timing() {
    var registry = ObservationRegistry.create();
    registry.observationConfig().observationHandler(new DefaultMeterObservationHandler(meters));
    return registry;
  }

  private Timer timer(String... tags) {
    return meters.get("pillion.call.duration").tags(tags).timer();
  }

  @Test
  void deliveriesAreTimedByPubsubAndTopic() throws InterruptedException {
    try (var runtime = EmbeddedRuntime.builder("checkout")
        .with(Observations.to(meters))
        .component(ComponentSpec.of("bus", "pubsub.in-memory", Map.of()))
        .start()) {
      var handled = new CountDownLatch(3);
      runtime.subscribe("bus", "paid", String.class, data -> handled.countDown());
      for (int i = 0; i < 3; i++) {
        runtime.topic("bus", "paid").publish("secret-" + i);
      }
      assertThat(handled.await(10, TimeUnit.SECONDS)).isTrue();
    }

    assertThat(timer("operation", "deliver").getId().getTags())
        .containsExactlyInAnyOrder(
            Tag.of("block", "pubsub"),
            Tag.of("direction", "inbound"),
            Tag.of("target", "bus/paid"),
            Tag.of("operation", "deliver"),
            Tag.of("error", "none"));
    assertThat(timer("operation", "deliver").count()).isEqualTo(3);
    assertThat(timer("operation", "publish", "target", "bus/paid").count()).isEqualTo(3);
    assertThat(meters.getMetersAsString()).doesNotContain("secret");
  }

  @Test
  void topicsWithoutNumberDoNotMakeMetersWithoutNumber() {
    try (var runtime = EmbeddedRuntime.builder("checkout")
        .with(Observations.to(meters))
        .component(ComponentSpec.of("bus", "pubsub.in-memory", Map.of()))
        .start()) {
      for (int i = 0; i < 5_000; i++) {
        runtime.topic("bus", "topic-" + i).publish("x");
      }
    }

    assertThat(meters.find("pillion.call.duration").tag("operation", "publish").timers())
        .hasSizeLessThan(2_000);
    assertThat(meters.find("pillion.call.duration").timers().stream()
            .mapToLong(Timer::count)
            .sum())
        .isEqualTo(5_000);
  }

  @Test
  void everyCallIsTimedUnderOneNameWithFourTagsAndTheError() {
    try (var runtime = runtime(Observations.to(meters))) {
      runtime.state("orders").save("secret-key", "secret-value");
      runtime.state("orders").get("secret-key", String.class);
      runtime.state("orders").get("another-secret-key", String.class);
    }

    assertThat(meters.getMeters())
        .extracting(Meter::getId)
        .extracting(Meter.Id::getName)
        .containsOnly("pillion.call.duration");
    assertThat(timer("operation", "get").getId().getTags())
        .containsExactlyInAnyOrder(
            Tag.of("block", "state"),
            Tag.of("direction", "outbound"),
            Tag.of("target", "orders"),
            Tag.of("operation", "get"),
            Tag.of("error", "none"));
    assertThat(timer("operation", "get").count()).isEqualTo(2);
    assertThat(timer("operation", "save").count()).isEqualTo(1);
    assertThat(meters.getMetersAsString()).doesNotContain("secret");
  }

  @Test
  void aFailureIsTaggedWithItsTypeAndReachesTheProgramUnchanged() {
    try (var runtime = runtime(Observations.to(meters))) {
      var orders = runtime.state("orders");
      orders.save("42", "first");
      assertThatThrownBy(() -> orders.save("42", "second", SaveOptions.firstWrite()))
          .isInstanceOf(EtagMismatchException.class);
      assertThatThrownBy(() -> runtime
              .calls()
              .run(
                  Call.inbound("invocation", "reserve", "invoke", false, CallContext.EMPTY),
                  call -> {
                    throw new IOException("the handler's own");
                  }))
          .isExactlyInstanceOf(IOException.class)
          .hasMessage("the handler's own");
    }

    assertThat(timer("error", "EtagMismatchException", "operation", "save").count())
        .isEqualTo(1);
    assertThat(timer("error", "IOException", "direction", "inbound").count()).isEqualTo(1);
  }

  @Test
  void theApplicationsOwnRegistryDecidesWhatBecomesOfTheCalls() {
    try (var runtime = runtime(Observations.to(timing()))) {
      runtime.state("orders").save("42", "order");
    }

    assertThat(timer("operation", "save").count()).isEqualTo(1);
    assertThat(meters.get("pillion.call.duration.active").longTaskTimer().activeTasks())
        .isZero();
  }

  @Test
  void twoRuntimesMayShareOneRegistry() {
    var observations = Observations.to(meters);
    try (var one = runtime(observations);
        var two = runtime(observations)) {
      one.state("orders").save("42", "order");
      two.state("orders").save("42", "order");
    }

    assertThat(timer("operation", "save").count()).isEqualTo(2);
  }

  @Test
  void aTagTakesAThousandNamesAndCountsTheRestAsOtherWithOneWarning() {
    try (var log = new CapturedLog(TagValues.class.getName())) {
      var chain = chain(timing());
      IntStream.range(0, 5_000).forEach(i -> chain.run(invented("peer-made-" + i), call -> true));
      chain.run(invented("peer-made-0"), call -> true);
      assertThat(log.lines())
          .singleElement()
          .asString()
          .contains("\"target\"", "1000", "\"other\"");
    }

    assertThat(meters.find("pillion.call.duration").timers()).hasSize(1_001);
    assertThat(timer("target", "other").count()).isEqualTo(4_000);
    assertThat(timer("target", "peer-made-0").count()).isEqualTo(2);
  }

  private static Call invented(String target) {
    return Call.inbound("actors", target, "invoke", false, CallContext.EMPTY);
  }

  @Test
  void aTargetWithoutANameIsNone() {
    chain(timing()).run(Call.outbound("state", "", "get", true), call -> true);

    assertThat(timer("target", "none").count()).isEqualTo(1);
  }

  @Test
  void noCallIsLostOrCountedTwiceWhenManyThreadsCallAtOnce() throws Exception {
    var chain = chain(timing());
    var threads = Executors.newFixedThreadPool(8);
    try {
      var tasks = new ArrayList<Callable<Boolean>>();
      for (int thread = 0; thread < 8; thread++) {
        tasks.add(() -> {
          for (int i = 0; i < 4_000; i++) {
            chain.run(invented("type-" + i), call -> true);
          }
          return true;
        });
      }
      for (var done : threads.invokeAll(tasks)) {
        assertThat(done.get()).isTrue();
      }
    } finally {
      threads.shutdownNow();
    }

    var timers = meters.find("pillion.call.duration").timers();
    assertThat(timers).hasSize(1_001);
    assertThat(timers.stream().mapToLong(Timer::count).sum()).isEqualTo(8 * 4_000);
  }
}
