// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.pillion.HandlerRegistration;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.SubscribeOptions;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * What becomes of an event, on every broker: the outcome table, cell by cell, what becomes of the
 * order, and what stops, handlers that hang and bad messages do to it. Run through a runtime, or
 * through a facade, on a broker of one's own.
 *
 * <p>Topics and app ids are new in every test, so that tests may run side by side on one broker. It
 * should be set to deliver again soon.
 */
public abstract class DeliveryContract {
  /** What a broker does with the events of a key behind one that fails. */
  public enum Order {
    /** They wait until it is done, or on the dead letter topic. */
    KEPT,
    /** They wait while it is attempted. When its attempts have failed they go on. */
    KEPT_WHILE_ATTEMPTED,
    /** They don't wait. */
    NONE
  }

  static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration A_WHILE = Duration.ofMillis(400);

  private final List<PubSubDoor> doors = new ArrayList<>();
  private final String app = newName("app");
  private final String topic = newName("topic");

  /** A new runtime on the broker that all doors of a test share. */
  protected abstract PubSubDoor open(PubSubDoor.Settings settings);

  /** Whether several runtimes share a broker; one that lives within its component has only it. */
  protected boolean isShared() {
    return true;
  }

  /**
   * Whether a peer's door can do everything a program's can: tell the attempt, limit concurrency,
   * pause, end from within.
   */
  protected boolean hasEveryOption() {
    return true;
  }

  /** Whether a topic may have several handlers; a program on the app channel has one. */
  protected boolean hasSeveralHandlers() {
    return true;
  }

  /** What becomes of the order behind an event that fails. */
  protected Order order() {
    return Order.KEPT;
  }

  /** Whether events of some keys are handled while one of another key is. */
  protected boolean handlesKeysSideBySide() {
    return true;
  }

  /** Makes a topic known to the broker, where that is needed. */
  protected void createTopic(String name) {}

  static String newName(String what) {
    return what + "-" + UUID.randomUUID().toString().substring(0, 8);
  }

  @AfterEach
  final void closeDoors() {
    Collections.reverse(doors);
    doors.forEach(PubSubDoor::close);
    doors.clear();
  }

  private PubSubDoor open(int attempts) {
    return open(attempts, Duration.ZERO, PATIENCE);
  }

  private PubSubDoor open(int attempts, Duration pause, Duration drain) {
    createTopic(topic);
    createTopic(dead());
    var door = open(new PubSubDoor.Settings(app, attempts, pause, Duration.ZERO, drain));
    doors.add(door);
    return door;
  }

  private String dead() {
    return topic + "-dead";
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static PublishOptions json() {
    return PublishOptions.defaults().contentType("application/json");
  }

  static void until(org.assertj.core.api.ThrowableAssert.ThrowingCallable holds) {
    await().atMost(PATIENCE).untilAsserted(holds::call);
  }

  /** Holds, and still holds when something that should not come would have come. */
  static void forAWhile(Callable<Boolean> holds) {
    await().during(A_WHILE).atMost(PATIENCE).until(holds);
  }

  @TestFactory
  Collection<DynamicTest> eachCellOfTheOutcomeTable() {
    return new OutcomeTable(this).tests();
  }

  @TestFactory
  Collection<DynamicTest> whatBecomesOfTheOrder() {
    return new OrderTable(this).tests();
  }

  @TestFactory
  Collection<DynamicTest> whatBecomesOfAHandlerThatHangs() {
    return new HangTable(this).tests();
  }

  @TestFactory
  Collection<DynamicTest> whatAStopDoes() {
    return new StopTable(this).tests();
  }

  @Test
  void attemptsAreCountedUntilOneSucceeds() {
    assumeTrue(hasEveryOption(), "this door does not tell which attempt it is");
    var door = open(3);
    var log = new EventLog();
    door.subscribe(topic, SubscribeOptions.defaults(), (event, delivery) -> {
      log.handle(event, delivery);
      return delivery.attempt() < 3 ? DeliveryResult.RETRY : DeliveryResult.SUCCESS;
    });

    door.topic(topic).publish(bytes("\"hard\""), json());

    until(() -> assertThat(log.attempts).containsExactly(1, 2, 3));
    forAWhile(() -> log.attempts.size() == 3);
  }

  @Test
  void anEventArrivesAsItWasPublished() {
    var door = open(1);
    var log = new EventLog();
    door.subscribe(topic, SubscribeOptions.defaults(), log);

    door.topic(topic)
        .publish(bytes("{\"n\":1}"), json().id("e1").source("/s").type("t.x").subject("sub"));

    until(() -> assertThat(log.data).containsExactly("{\"n\":1}"));
    var event = log.events.iterator().next();
    assertThat(event.id()).isEqualTo("e1");
    assertThat(event.source()).isEqualTo("/s");
    assertThat(event.type()).isEqualTo("t.x");
    assertThat(event.subject()).isEqualTo("sub");
    assertThat(event.dataContentType()).isEqualTo("application/json");
    assertThat(event.attribute("topic")).isEqualTo(topic);
  }

  @Test
  void theTraceOfThePublisherReachesTheHandler() {
    var door = open(1);
    var log = new EventLog();
    door.subscribe(topic, SubscribeOptions.defaults(), log);
    var parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    door.topic(topic).publish(bytes("1"), json().traceContext(parent, "vendor=1"));

    until(() -> assertThat(log.events).hasSize(1));
    var event = log.events.iterator().next();
    assertThat(event.attribute("traceparent")).isEqualTo(parent);
    assertThat(event.attribute("tracestate")).isEqualTo("vendor=1");
  }

  @Test
  void bytesArriveUnchanged() {
    var door = open(1);
    var log = new EventLog();
    door.subscribe(topic, SubscribeOptions.defaults(), log);
    byte[] all = new byte[256];
    IntStream.range(0, 256).forEach(i -> all[i] = (byte) i);

    door.topic(topic).publish(all);

    until(() -> assertThat(log.events).hasSize(1));
    assertThat(log.events.iterator().next().requireData()).isEqualTo(all);
  }

  @Test
  void rawPayloadsGoWithoutAnEnvelope() {
    var door = open(1);
    var log = new EventLog();
    door.subscribe(topic, SubscribeOptions.defaults().raw(), log);

    door.topic(topic).publish(bytes("hi"), PublishOptions.defaults().raw());

    until(() -> assertThat(log.data).containsExactly("hi"));
  }

  @Test
  void everyEventOfABulkArrives() {
    var door = open(1);
    var log = new EventLog();
    door.subscribe(topic, SubscribeOptions.defaults(), log);
    var sent = IntStream.range(0, 50).mapToObj(Integer::toString).toList();

    door.topic(topic).bulk(events -> sent.forEach(data -> events.publish(bytes(data), json())));

    until(() -> assertThat(log.data).containsExactlyInAnyOrderElementsOf(sent));
  }

  @Test
  void whatIsNoEventGoesToTheDeadLetterTopicUnseen() {
    var door = open(3);
    var log = new EventLog();
    var letters = new EventLog();
    door.subscribe(dead(), SubscribeOptions.defaults().raw(), letters);
    door.subscribe(topic, SubscribeOptions.defaults().deadLetterTopic(dead()), log);

    door.topic(topic).publish(bytes("no event"), PublishOptions.defaults().raw());
    door.topic(topic).publish(bytes("1"), json());

    until(() -> assertThat(letters.data).containsExactly("no event"));
    until(() -> assertThat(log.data).containsExactly("1"));
  }

  @Test
  void whatHasExpiredIsNotDelivered() {
    assumeTrue(hasEveryOption(), "this door can't have one event at a time");
    var door = open(1);
    var log = new EventLog();
    var letters = new EventLog();
    var blocked = new CountDownLatch(1);
    // As bytes: as an event it is of no use there either.
    door.subscribe(dead(), SubscribeOptions.defaults().raw(), letters);
    var registration = door.subscribe(
        topic,
        SubscribeOptions.defaults().deadLetterTopic(dead()).concurrency(1),
        (event, delivery) -> {
          blocked.await();
          return log.handle(event, delivery);
        });

    // The first one holds up the second, whose time then runs out.
    door.topic(topic).publish(bytes("1"), json().partitionKey("k"));
    door.topic(topic)
        .publish(bytes("2"), json().partitionKey("k").expireAfter(Duration.ofSeconds(1)));
    await().pollDelay(Duration.ofMillis(2_100)).atMost(PATIENCE).until(() -> true);
    blocked.countDown();

    until(() -> assertThat(letters.data).singleElement().asString().contains("\"data\":2"));
    until(() -> assertThat(log.data).containsExactly("1"));
    registration.close();
  }

  @Test
  void handlersOfOneTopicShareItsEvents() {
    assumeTrue(hasSeveralHandlers(), "this door has one handler for a topic");
    var door = open(1);
    var first = new EventLog();
    var second = new EventLog();
    door.subscribe(topic, SubscribeOptions.defaults(), first);
    door.subscribe(topic, SubscribeOptions.defaults(), second);
    var sent = IntStream.range(0, 40).mapToObj(Integer::toString).toList();

    sent.forEach(data -> door.topic(topic).publish(bytes(data), json()));

    until(() -> assertThat(first.data.size() + second.data.size()).isEqualTo(40));
    assertThat(first.data).isNotEmpty();
    assertThat(second.data).isNotEmpty();
    assertThat(first.data).doesNotContainAnyElementsOf(second.data);
  }

  @Test
  void aHandlerThatClosesLeavesItsEventsToTheOthers() {
    assumeTrue(hasSeveralHandlers(), "this door has one handler for a topic");
    var door = open(3, Duration.ofMinutes(5), PATIENCE);
    var failing = new EventLog();
    var other = new EventLog();
    var closing = door.subscribe(topic, SubscribeOptions.defaults(), (event, delivery) -> {
      failing.handle(event, delivery);
      return DeliveryResult.RETRY;
    });
    door.topic(topic).publish(bytes("\"left\""), json());
    until(() -> assertThat(failing.data).hasSize(1));
    door.subscribe(topic, SubscribeOptions.defaults(), other);

    // It waits for its next attempt, five minutes long; closing ends that.
    closing.close();

    until(() -> assertThat(other.data).containsExactly("\"left\""));
    assertThat(failing.data).hasSize(1);
  }

  @Test
  void aHandlerMayPublish() {
    var door = open(1);
    var log = new EventLog();
    door.subscribe(dead(), SubscribeOptions.defaults(), log);
    door.subscribe(topic, SubscribeOptions.defaults(), (event, delivery) -> {
      door.topic(dead()).publish(event.requireData(), json());
      return DeliveryResult.SUCCESS;
    });

    door.topic(topic).publish(bytes("\"on\""), json());

    until(() -> assertThat(log.data).containsExactly("\"on\""));
  }

  @Test
  void eventsWaitWhileTheirHandlerIsPaused() {
    assumeTrue(hasEveryOption(), "this door can't pause");
    var door = open(1);
    var log = new EventLog();
    var registration = door.subscribe(topic, SubscribeOptions.defaults(), log);
    door.topic(topic).publish(bytes("\"before\""), json());
    until(() -> assertThat(log.data).containsExactly("\"before\""));

    registration.pause();
    door.topic(topic).publish(bytes("\"meanwhile\""), json());
    forAWhile(() -> log.data.size() == 1);
    registration.resume();

    until(() -> assertThat(log.data).containsExactly("\"before\"", "\"meanwhile\""));
  }

  @Test
  void aHandlerMayEndItsOwnSubscription() {
    assumeTrue(hasEveryOption(), "this door's handlers are a peer's");
    var door = open(1, Duration.ZERO, PATIENCE.multipliedBy(2));
    var log = new EventLog();
    var own = new AtomicReference<HandlerRegistration>();
    var ended = new AtomicInteger();
    own.set(door.subscribe(topic, SubscribeOptions.defaults(), (event, delivery) -> {
      await().atMost(PATIENCE).until(() -> own.get() != null);
      Objects.requireNonNull(own.get()).close();
      ended.incrementAndGet();
      return log.handle(event, delivery);
    }));

    door.topic(topic).publish(bytes("\"last\""), json());

    // Well within the drain timeout: it does not wait for itself.
    until(() -> assertThat(ended).hasValue(1));
    until(() -> assertThat(log.data).containsExactly("\"last\""));
  }
}
