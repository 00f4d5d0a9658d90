// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.pillion.TypeRef;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.SubscriptionDeclaration;
import dev.pillion.pubsub.engine.FakeBroker.Held;
import dev.pillion.pubsub.engine.SubscriptionDescription.Handler;
import dev.pillion.testkit.ManualTime;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What the engine tells of its subscriptions. */
class DescriptionTest {
  private final FakeBroker broker = new FakeBroker();
  private final PubSubEngine engine = TestEngine.on(broker, new ManualTime(), 1, Duration.ZERO);

  private static SubscribeOptions options() {
    return SubscribeOptions.defaults();
  }

  @Test
  void aSubscriptionInCodeHasItsPlaceItsGroupAndItsTopics() {
    engine.subscribe("bus", "paid", TypeRef.of(String.class), data -> {});
    engine.subscribe(
        "bus",
        "orders",
        TypeRef.of(String.class),
        options().route("t.x", "/x").otherwise("/rest").deadLetterTopic("dead").consumerId("g"),
        (event, delivery) -> DeliveryResult.SUCCESS);

    assertThat(engine.describe())
        .extracting(
            SubscriptionDescription::pubsub,
            SubscriptionDescription::topic,
            SubscriptionDescription::consumerId,
            SubscriptionDescription::deadLetterTopic)
        .containsExactly(tuple("bus", "orders", "g", "dead"), tuple("bus", "paid", "shop", null));
    assertThat(engine.describe())
        .allSatisfy(one -> assertThat(one.source()).matches("DescriptionTest\\.java:[1-9]\\d*"));
    assertThat(engine.describe().get(0))
        .asString()
        .matches(
            """
          subscription to bus/orders as "g" from DescriptionTest.java:\\d+, routes \\["/x" if t.x; "/rest"], dead letter topic "dead", 0 of 1 handlers busy
            handler at DescriptionTest.java:\\d+""".stripTrailing().indent(2).stripTrailing().replace("\n", System.lineSeparator()));
  }

  @Test
  void appsAndStreamsAreNamed() {
    engine.subscribe(
        "bus",
        "a",
        TypeRef.of(String.class),
        options().forApp("the app on port 3000"),
        (event, delivery) -> DeliveryResult.SUCCESS);
    engine.subscribe(
        "bus",
        "b",
        TypeRef.of(String.class),
        options().forPeer("a stream of a peer"),
        (event, delivery) -> DeliveryResult.SUCCESS);

    assertThat(engine.describe())
        .extracting(SubscriptionDescription::source)
        .containsExactly("the app on port 3000", "a stream of a peer");
  }

  @Test
  void whoIsPausedAndWhoIsBusyIsTold() throws Exception {
    TestEngine.declare(engine, options().route("t.x", "/x").otherwise("/rest"));
    var begun = new CountDownLatch(1);
    var mayEnd = new CountDownLatch(1);
    var type = TypeRef.of(byte[].class);
    engine
        .subscribe("bus", "orders", type, options().onPath("/x"), (event, delivery) -> {
          return DeliveryResult.SUCCESS;
        })
        .pause();
    engine.subscribe("bus", "orders", type, options().onPath("/rest"), (event, delivery) -> {
      begun.countDown();
      mayEnd.await();
      return DeliveryResult.SUCCESS;
    });
    var receiver = Objects.requireNonNull(broker.receivers.get("orders shop"));
    var delivery = new FutureTask<>(() -> receiver.receive(new Held("{\"type\":\"t.y\"}")));
    new Thread(delivery, "delivery").start();
    assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();

    var told = engine.describe();

    mayEnd.countDown();
    delivery.get(10, TimeUnit.SECONDS);
    assertThat(told).singleElement().satisfies(one -> {
      assertThat(one.source()).isEqualTo("\"orders\" at orders.yaml:1");
      assertThat(one.busy()).isEqualTo(1);
      assertThat(one.handlers())
          .extracting(Handler::path, Handler::paused, Handler::running)
          .containsExactly(tuple("/x", true, 0), tuple("/rest", false, 1));
      assertThat(one.toString())
          .contains("1 of 2 handlers busy")
          .containsPattern("for /x, paused\\R")
          .contains("for /rest, 1 running");
    });
    assertThat(engine.describe().get(0).busy()).isZero();
  }

  @Test
  void aResourceThatNobodyTakesIsThereAndSaidToBeUntaken() {
    TestEngine.declare(engine, options().route("t.x", "/x").otherwise("/rest"));

    assertThat(engine.describe()).singleElement().satisfies(one -> {
      assertThat(one.handlers()).isEmpty();
      assertThat(one.consumerId()).isEqualTo("shop");
      assertThat(one.toString()).endsWith("nobody takes it");
    });
    assertThat(engine.untaken())
        .containsExactly(
            "orders.yaml:1: subscription \"orders\": nobody takes it: there is no handler for bus/orders, and no app");

    var handler = engine.subscribe(
        "bus",
        "orders",
        TypeRef.of(String.class),
        options().onPath("/rest"),
        (event, delivery) -> DeliveryResult.SUCCESS);
    assertThat(engine.untaken())
        .singleElement()
        .asString()
        .contains("no handler takes the path \"/x\"");

    handler.close();
    engine.subscribe("bus", "orders", TypeRef.of(String.class), data -> {});
    assertThat(engine.untaken()).isEmpty();
  }

  @Test
  void everyWrongRuleOfAResourceIsReportedAtItsOwnPlace() {
    var declaration = new SubscriptionDeclaration(
        "orders",
        "bus",
        "orders",
        options().route("wrong1", "/1").route("t.x", "/x").route("wrong2", "/2").otherwise("/"));

    assertThat(engine.declare(new DeclaredSubscription(
            declaration, "a.yaml:1", List.of("a.yaml:8", "a.yaml:9", "a.yaml:10"))))
        .containsExactly(
            "a.yaml:8: subscription \"orders\": the routing rule \"wrong1\": no type: wrong1",
            "a.yaml:10: subscription \"orders\": the routing rule \"wrong2\": no type: wrong2");
    assertThat(engine.declarations()).isEmpty();
  }
}
