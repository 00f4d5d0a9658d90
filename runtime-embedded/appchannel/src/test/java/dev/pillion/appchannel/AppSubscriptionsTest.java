// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import static dev.pillion.appchannel.EventProgram.to;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.pillion.BuildingBlockException;
import dev.pillion.appchannel.AppOptions.HealthCheck;
import dev.pillion.call.Call;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallInterceptor;
import dev.pillion.invocation.InvocationException.Reason;
import dev.pillion.pubsub.CloudEvent;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.SubscriptionDeclaration;
import dev.pillion.pubsub.engine.InMemoryPubSub;
import dev.pillion.resiliency.Resiliency;
import dev.pillion.resiliency.RetryPolicy;
import dev.pillion.resiliency.Target;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testkit.CapturedLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The subscriptions of a program that comes, goes, is sick and comes back as another one. */
@Timeout(60)
class AppSubscriptionsTest {
  private static final HealthCheck OFTEN =
      new HealthCheck("/healthz", ofMillis(20), ofMillis(20), 1);

  private final EventProgram program = new EventProgram();
  private EmbeddedRuntime runtime;
  private AppChannel channel;

  @AfterEach
  void close() {
    if (runtime != null) {
      runtime.close();
    }
  }

  private static AppOptions options() {
    return AppOptions.onPort(3000, Map.of());
  }

  private void start(AppOptions options, Consumer<EmbeddedRuntime.Builder> more) {
    channel = AppChannel.over(options, program);
    var builder = EmbeddedRuntime.builder("shop")
        .environment(Map.of())
        .drainTimeout(ofSeconds(5))
        .with(channel);
    more.accept(builder);
    runtime = builder.start();
  }

  private void start(AppOptions options) {
    start(options, builder -> builder.component("bus", InMemoryPubSub.create()));
  }

  private static ConditionFactory soon() {
    return await().atMost(ofSeconds(20)).pollInterval(ofMillis(10));
  }

  private List<String> topics() {
    return runtime.describe().app().subscriptions().stream()
        .map(one -> one.topic())
        .toList();
  }

  private void publish(String topic, String id) {
    runtime.topic("bus", topic).publish("{}", PublishOptions.defaults().id(id));
  }

  /**
   * Subscriptions begin one after the other; those of the in-memory broker miss what was before.
   */
  private void publishUntilSeen(String topic, String id) {
    soon().until(() -> {
      publish(topic, id);
      return seen().contains(id);
    });
  }

  private List<String> seen() {
    return program.events.stream().map(CloudEvent::id).toList();
  }

  @Test
  void aProgramIsToldOfWhatItAsksFor() {
    program.list = () -> List.of(to("orders"));
    start(options());

    publishUntilSeen("orders", "e1");
    assertThat(topics()).containsExactly("orders");
    assertThat(program.calls.get(0).block()).isEqualTo("invocation");
    assertThat(program.calls.get(0).target()).isEqualTo("shop");
  }

  @Test
  void withoutAPubsubItIsNotAsked() {
    program.list = () -> List.of(to("orders"));
    start(options(), builder -> {});

    soon().until(() -> channel.state() == AppState.HEALTHY);
    assertThat(program.asked).hasValue(0);
  }

  @Test
  void aProgramThatComesLateIsAskedThen() {
    program.listening = false;
    program.list = () -> List.of(to("orders"));
    start(options());

    assertThat(program.asked).hasValue(0);
    program.listening = true;
    publishUntilSeen("orders", "e1");
  }

  @Test
  void aSickProgramIsToldOfNothingUntilItIsWell() {
    program.list = () -> List.of(to("orders"));
    start(options().healthCheck(OFTEN));
    publishUntilSeen("orders", "before");

    program.healthy = false;
    soon().until(() -> channel.state() == AppState.UNHEALTHY);
    // Whatever is handed over now fails, until the intake has paused, which is a step later.
    int asked = program.asked.get();
    publish("orders", "meanwhile");
    await().during(ofMillis(300)).atMost(ofSeconds(5)).until(() -> !seen().contains("meanwhile"));

    program.healthy = true;
    soon().until(() -> seen().contains("meanwhile"));
    assertThat(program.asked.get()).isGreaterThan(asked);
  }

  @Test
  void aProgramThatComesBackAsAnotherGetsWhatThatOneAsksFor() {
    program.list = () -> List.of(to("orders"), to("old"));
    start(options().healthCheck(OFTEN));
    publishUntilSeen("old", "o1");

    program.healthy = false;
    soon().until(() -> channel.state() == AppState.UNHEALTHY);
    program.list = () -> List.of(to("orders"), to("new"));
    program.healthy = true;

    publishUntilSeen("new", "n1");
    publishUntilSeen("orders", "e1");
    assertThat(topics()).containsExactly("orders", "new");
    publish("old", "o2");
    publishUntilSeen("new", "n2");
    assertThat(seen()).doesNotContain("o2");
  }

  @Test
  void withoutAHealthCheckADeliveryThatFindsNobodyMakesItAskedAgain() {
    var away = new AtomicInteger(1);
    program.list = () -> List.of(to("orders"));
    start(options());
    publishUntilSeen("orders", "e1");
    program.answer = (event, delivery) -> {
      if (away.getAndDecrement() > 0) {
        program.list = () -> {
          throw EventProgram.gone(Reason.NOT_LISTENING);
        };
        throw EventProgram.gone(Reason.NOT_LISTENING);
      }
      return DeliveryResult.SUCCESS;
    };
    int asked = program.asked.get();
    publish("orders", "e2");
    soon().until(() -> program.asked.get() > asked + 1);
    assertThat(seen()).doesNotContain("e2");

    program.list = () -> List.of(to("orders"), to("new"));
    // The in-memory broker delivers again what has failed.
    soon().until(() -> seen().contains("e2"));
    publishUntilSeen("new", "n1");
  }

  @Test
  void aListThatCantBeUnderstoodIsAskedForAgainAndToldOnce() {
    var asked = new AtomicInteger();
    program.list = () -> {
      if (asked.getAndIncrement() < 2) {
        throw new BuildingBlockException("ERR_DIRECT_INVOKE", "no list", null) {};
      }
      return List.of(to("orders"));
    };
    try (var log = new CapturedLog()) {
      start(options());
      publishUntilSeen("orders", "e1");
      assertThat(log.lines("WARN")).filteredOn(line -> line.contains("no list")).hasSize(1);
    }
  }

  @Test
  void oneThatCantBeMadeDoesNotKeepTheOthersBack() {
    program.list = () -> List.of(
        new SubscriptionDeclaration(
            "", "nowhere", "orders", SubscribeOptions.defaults().otherwise("/x")),
        to("wrong", SubscribeOptions.defaults().route("event.type == 'x'", "/x")),
        to("orders"));
    try (var log = new CapturedLog()) {
      start(options());
      publishUntilSeen("orders", "e1");
      assertThat(log.lines("ERROR"))
          .anyMatch(line -> line.contains("nowhere/orders"))
          .anyMatch(line -> line.contains("bus/wrong") && line.contains("pillion-cel"));
    }
  }

  @Test
  void aDeclaredSubscriptionIsTheProgramsUnlessItAsksOtherwise(@TempDir Path folder)
      throws IOException {
    Files.writeString(folder.resolve("bus.yaml"), """
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata: {name: bus}
        spec: {type: pubsub.in-memory, version: v1}
        ---
        apiVersion: dapr.io/v2alpha1
        kind: Subscription
        metadata: {name: first}
        spec: {pubsubname: bus, topic: declared, routes: {default: /declared}}
        ---
        apiVersion: dapr.io/v2alpha1
        kind: Subscription
        metadata: {name: second}
        spec: {pubsubname: bus, topic: both, routes: {default: /declared}}
        ---
        apiVersion: dapr.io/v2alpha1
        kind: Subscription
        metadata: {name: third}
        spec: {pubsubname: bus, topic: ours, routes: {default: /declared}}
        """);
    var paths = new ConcurrentHashMap<String, String>();
    program.list = () -> List.of(to("both"));
    program.answer = (event, delivery) -> {
      paths.put(delivery.topic(), delivery.path());
      return DeliveryResult.SUCCESS;
    };
    var ours = new CountDownLatch(1);
    try (var log = new CapturedLog()) {
      start(options(), builder -> builder
          .resources(folder)
          .subscribe("bus", "ours", String.class, data -> ours.countDown()));
      publishUntilSeen("declared", "d1");
      publishUntilSeen("both", "b1");
      publish("ours", "o1");
      soon().until(() -> ours.getCount() == 0);
      assertThat(paths).isEqualTo(Map.of("declared", "/declared", "both", "/both"));
      assertThat(log.lines("INFO"))
          .anyMatch(line -> line.contains("bus/ours") && line.contains("\"third\""));
    }
  }

  @Test
  void aHandlerForATopicOfTheProgramIsRefused() {
    program.list = () -> List.of(to("orders"));
    start(options());
    publishUntilSeen("orders", "e1");

    assertThatThrownBy(() -> runtime.subscribe("bus", "orders", String.class, data -> {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the app at 127.0.0.1:3000");
  }

  @Test
  void batchesAreToldApartByPosition() {
    program.list = () ->
        List.of(to("orders", SubscribeOptions.defaults().otherwise("/o").bulk(2, ofMillis(50))));
    program.answer = (event, delivery) -> event.id().equals("bad") && delivery.attempt() == 1
        ? DeliveryResult.RETRY
        : DeliveryResult.SUCCESS;
    start(options());
    publishUntilSeen("orders", "e0");
    program.events.clear();
    runtime.topic("bus", "orders").bulk(events -> events
        .publish("{}", PublishOptions.defaults().id("good"))
        .publish("{}", PublishOptions.defaults().id("bad")));

    soon().until(() -> seen().stream().filter("bad"::equals).count() == 2);
    assertThat(seen().stream().filter("good"::equals)).hasSize(1);
    assertThat(program.batches).allMatch(batch -> batch.matches("[12]"));
  }

  @Test
  void aDeliveryIsOneCallHoweverItIsMade() {
    var chains = new AtomicInteger();
    program.list = () -> List.of(to("orders"));
    program.answer = (event, delivery) ->
        event.id().equals("e2") && delivery.attempt() < 3 ? failing() : DeliveryResult.SUCCESS;
    start(options().maxConcurrency(1), builder -> builder
        .component("bus", InMemoryPubSub.create())
        .resiliency(Resiliency.builder()
            .retry("thrice", RetryPolicy.constant(ofMillis(1)).maxRetries(3))
            .component("bus", Target.withRetry("thrice"), Target.withoutPolicies())
            .build())
        .interceptor(new CallInterceptor() {
          @Override
          public <T extends @Nullable Object, E extends Exception> T around(
              Call call, CallBody<T, E> next) throws E {
            if (call.block().equals("invocation") && call.operation().equals("invoke")) {
              chains.incrementAndGet();
            }
            return next.run(call);
          }
        }));
    publishUntilSeen("orders", "e1");
    publishUntilSeen("orders", "e2");

    assertThat(chains).hasValue(0);
  }

  private static DeliveryResult failing() {
    throw EventProgram.gone(Reason.GARBAGE);
  }

  @Test
  void closingWaitsForWhatIsWithTheProgram() throws InterruptedException {
    var begun = new CountDownLatch(1);
    var mayEnd = new CountDownLatch(1);
    program.list = () -> List.of(to("orders"));
    start(options());
    publishUntilSeen("orders", "e1");
    program.answer = (event, delivery) -> {
      if (!event.id().equals("slow")) {
        return DeliveryResult.SUCCESS;
      }
      begun.countDown();
      try {
        mayEnd.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      return DeliveryResult.SUCCESS;
    };
    publish("orders", "slow");
    begun.await();
    var closing = new Thread(runtime::close, "closing");
    closing.start();
    await().during(ofMillis(100)).atMost(ofSeconds(5)).until(closing::isAlive);
    mayEnd.countDown();
    closing.join();

    assertThat(seen()).contains("slow");
  }
}
