// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentSpec;
import dev.pillion.pubsub.CloudEvent;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.TopicForbiddenException;
import dev.pillion.pubsub.engine.InMemoryPubSub;
import dev.pillion.testkit.CapturedLog;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class PubSubTest {
  record Payment(String order, int cents) {}

  private static EmbeddedRuntime start() {
    return EmbeddedRuntime.builder("shop")
        .component("bus", InMemoryPubSub.create())
        .start();
  }

  @Test
  void anEventReachesItsHandlerAsTheTypeAskedFor() {
    try (var runtime = start()) {
      var paid = new ConcurrentLinkedQueue<Payment>();
      runtime.subscribe("bus", "paid", Payment.class, paid::add);
      runtime.topic("bus", "paid").publish(new Payment("42", 990));
      await().atMost(ofSeconds(10)).until(() -> !paid.isEmpty());
      assertThat(paid).containsExactly(new Payment("42", 990));
    }
  }

  @Test
  void anEventThatCannotBeReadIsNotAttempted() {
    try (var log = new CapturedLog();
        var runtime = start()) {
      runtime.subscribe(
          "bus",
          "paid",
          Payment.class,
          SubscribeOptions.defaults().deadLetterTopic("dead"),
          (event, delivery) -> DeliveryResult.SUCCESS);
      runtime
          .topic("bus", "paid")
          .publish("no envelope", PublishOptions.defaults().raw());
      await().atMost(ofSeconds(10)).untilAsserted(() -> assertThat(log.lines("WARN"))
          .anySatisfy(line -> assertThat(line)
              .contains(" failed, not attempted; it is on the dead letter topic \"dead\" now")));
    }
  }

  @Test
  void theCloudEventIsAtHand() {
    try (var runtime = start()) {
      var events = new ConcurrentLinkedQueue<CloudEvent<Payment>>();
      runtime.subscribe(
          "bus", "paid", Payment.class, SubscribeOptions.defaults(), (event, delivery) -> {
            events.add(event);
            return DeliveryResult.SUCCESS;
          });
      runtime
          .topic("bus", "paid")
          .publish(new Payment("42", 990), PublishOptions.defaults().id("e1").subject("s"));
      await().atMost(ofSeconds(10)).until(() -> !events.isEmpty());
      var event = events.remove();
      assertThat(event.id()).isEqualTo("e1");
      assertThat(event.subject()).isEqualTo("s");
      assertThat(event.source()).isEqualTo("shop");
      assertThat(event.attribute("pubsubname")).isEqualTo("bus");
      assertThat(event.data()).isEqualTo(new Payment("42", 990));
    }
  }

  @Test
  void whatFailsGoesToTheDeadLetterTopic() {
    try (var runtime = start()) {
      var dead = new ConcurrentLinkedQueue<Payment>();
      runtime.subscribe("bus", "dead", Payment.class, dead::add);
      runtime.subscribe(
          "bus",
          "paid",
          Payment.class,
          SubscribeOptions.defaults().deadLetterTopic("dead"),
          (event, delivery) -> DeliveryResult.RETRY);
      runtime.topic("bus", "paid").publish(new Payment("42", 990));
      await().atMost(ofSeconds(10)).until(() -> !dead.isEmpty());
      assertThat(dead).containsExactly(new Payment("42", 990));
    }
  }

  @Test
  void handlersOfATopicShareItsEvents() {
    try (var runtime = start()) {
      var first = new CopyOnWriteArrayList<Integer>();
      var second = new CopyOnWriteArrayList<Integer>();
      runtime.subscribe("bus", "numbers", Integer.class, first::add);
      var registration = runtime.subscribe("bus", "numbers", Integer.class, second::add);
      runtime.topic("bus", "numbers").bulk(events -> {
        for (int i = 0; i < 10; i++) {
          events.publish(i);
        }
      });
      await().atMost(ofSeconds(10)).until(() -> first.size() + second.size() == 10);
      assertThat(first).hasSize(5);
      assertThat(second).hasSize(5);
      registration.close();
      runtime.topic("bus", "numbers").publish(10);
      await().atMost(ofSeconds(10)).until(() -> first.contains(10));
    }
  }

  @Test
  void closingWaitsForTheHandlerThatRuns() throws InterruptedException {
    var begun = new CountDownLatch(1);
    var mayEnd = new CountDownLatch(1);
    var ended = new CopyOnWriteArrayList<String>();
    var runtime = start();
    runtime.subscribe("bus", "paid", String.class, data -> {
      begun.countDown();
      mayEnd.await();
      ended.add(data);
    });
    runtime.topic("bus", "paid").publish("x");
    begun.await();
    var closing = new Thread(runtime::close, "closing");
    closing.start();
    await().atMost(ofSeconds(10)).until(() -> closing.getState() != Thread.State.NEW);
    mayEnd.countDown();
    closing.join();
    assertThat(ended).containsExactly("x");
  }

  @Test
  void aTopicOutOfScopeIsRefusedBothWays() {
    var metadata = ComponentMetadata.of(
        Map.of("publishingScopes", "shop=paid", "subscriptionScopes", "shop="));
    var spec = new ComponentSpec(
        "bus", "pubsub.in-memory", "v1", metadata, ComponentSpec.DEFAULT_INIT_TIMEOUT, false);
    try (var runtime = EmbeddedRuntime.builder("shop").component(spec).start()) {
      runtime.topic("bus", "paid").publish("x");
      assertThatThrownBy(() -> runtime.topic("bus", "other").publish("x"))
          .isInstanceOf(TopicForbiddenException.class)
          .hasMessageContaining("topic other is not allowed for app id shop")
          .hasMessageContaining("publishingScopes");
      assertThatThrownBy(() -> runtime.subscribe("bus", "paid", String.class, data -> {}))
          .isInstanceOf(TopicForbiddenException.class);
    }
  }

  @Test
  void bulkHandlersGetBatches() {
    try (var runtime = start()) {
      var seen = new CopyOnWriteArrayList<String>();
      runtime.subscribeBulk(
          "bus",
          "paid",
          String.class,
          SubscribeOptions.defaults().bulk(3, java.time.Duration.ofMillis(50)),
          entries -> {
            entries.forEach(entry -> seen.add(entry.event().requireData()));
            return entries.stream().map(entry -> DeliveryResult.SUCCESS).toList();
          });
      for (var word : List.of("a", "b", "c", "d")) {
        runtime.topic("bus", "paid").publish(word);
      }
      await().atMost(ofSeconds(10)).until(() -> seen.size() == 4);
      assertThat(seen).containsExactly("a", "b", "c", "d");
    }
  }
}
