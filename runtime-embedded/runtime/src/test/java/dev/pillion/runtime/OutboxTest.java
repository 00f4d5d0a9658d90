// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.pillion.InvalidConfigurationException;
import dev.pillion.TransactionException;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentSpec;
import dev.pillion.pubsub.CloudEvent;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.state.SaveOptions;
import dev.pillion.testkit.ManualTime;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

/** Dapr's outbox between a state store and a pubsub of one runtime. */
class OutboxTest {
  record Order(String customer, int total) {}

  /** What a save in a transaction puts on the internal topic, but for id and time. */
  private static final String INTERNAL =
      "{\"data\":{\"customer\":\"alice\",\"total\":990},\"datacontenttype\":\"application/json\","
          + "\"id\":\"outbox-U\",\"pubsubname\":\"bus\",\"source\":\"shop\",\"specversion\":\"1.0\","
          + "\"time\":\"T\",\"topic\":\"\",\"traceid\":\"\",\"traceparent\":\"\",\"tracestate\":\"\","
          + "\"type\":\"com.dapr.event.sent\"}";

  private final ManualTime time = new ManualTime();
  private final List<CloudEvent<byte[]>> news = new CopyOnWriteArrayList<>();
  private final List<String> internal = new CopyOnWriteArrayList<>();

  private static ComponentSpec spec(String name, String type, Map<String, String> settings) {
    return new ComponentSpec(
        name,
        type,
        "v1",
        ComponentMetadata.of(settings),
        ComponentSpec.DEFAULT_INIT_TIMEOUT,
        false);
  }

  private static Map<String, String> settings(String... more) {
    var settings = new HashMap<>(
        Map.of("outboxPublishPubsub", "bus", "outboxPublishTopic", "news", "keyPrefix", "none"));
    for (int i = 0; i < more.length; i += 2) {
      settings.put(more[i], more[i + 1]);
    }
    return settings;
  }

  private EmbeddedRuntime start(Map<String, String> settings) {
    return start(
        EmbeddedRuntime.builder("shop").component(spec("st", "state.in-memory", settings)));
  }

  private EmbeddedRuntime start(EmbeddedRuntime.Builder builder) {
    var runtime = builder
        .namespace("")
        .component(spec("bus", "pubsub.in-memory", Map.of()))
        .time(time)
        .start();
    runtime.subscribe(
        "bus", "news", byte[].class, SubscribeOptions.defaults(), (event, delivery) -> {
          news.add(event);
          return DeliveryResult.SUCCESS;
        });
    runtime.subscribe(
        "bus",
        "shopnewsoutbox",
        byte[].class,
        SubscribeOptions.defaults().raw().consumerId("spy"),
        (event, delivery) -> {
          internal.add(new String(event.requireData(), UTF_8));
          return DeliveryResult.SUCCESS;
        });
    return runtime;
  }

  /** Moves the time on until it is so. */
  private void until(BooleanSupplier condition) {
    await().atMost(Duration.ofSeconds(20)).pollInterval(Duration.ofMillis(5)).until(() -> {
      time.advance(Duration.ofMillis(100));
      return condition.getAsBoolean();
    });
  }

  private void pass(Duration duration) {
    var end = time.now().plus(duration);
    until(() -> !time.now().isBefore(end));
  }

  private static boolean hasMarker(EmbeddedRuntime runtime, String id) {
    return runtime.state("st").get(id, byte[].class).isPresent();
  }

  private static String without(String event) {
    return event
        .replaceFirst("outbox-[0-9a-f-]{36}", "outbox-U")
        .replaceFirst("\"time\":\"[^\"]*\"", "\"time\":\"T\"");
  }

  @Test
  void whatATransactionSavesArrivesOnTheTopic() {
    try (var runtime = start(settings())) {
      runtime.state("st").transaction(tx -> tx.save("42", new Order("alice", 990))
          .delete("41"));
      until(() -> !news.isEmpty());
      var event = news.get(0);
      assertThat(new String(event.requireData(), UTF_8))
          .isEqualTo("{\"customer\":\"alice\",\"total\":990}");
      assertThat(event.id()).startsWith("outbox-");
      assertThat(event.attribute("topic")).isEqualTo("news");
      assertThat(event.attribute("pubsubname")).isEqualTo("bus");
      until(() -> !hasMarker(runtime, event.id()));
      assertThat(internal).singleElement().satisfies(bytes -> assertThat(without(bytes))
          .isEqualTo(INTERNAL));
      assertThat(runtime.state("st").get("42", Order.class)).contains(new Order("alice", 990));
    }
  }

  @Test
  void theInternalTopicBeginsWithTheNamespace() {
    var spied = new CopyOnWriteArrayList<String>();
    try (var runtime = EmbeddedRuntime.builder("shop")
        .namespace("prod")
        .component(spec("st", "state.in-memory", settings("outboxPubsub", "inner")))
        .component(spec("bus", "pubsub.in-memory", Map.of()))
        .component(spec("inner", "pubsub.in-memory", Map.of()))
        .start()) {
      runtime.subscribe(
          "inner",
          "prodshopnewsoutbox",
          byte[].class,
          SubscribeOptions.defaults().raw().consumerId("spy"),
          (event, delivery) -> {
            spied.add(new String(event.requireData(), UTF_8));
            return DeliveryResult.SUCCESS;
          });
      runtime.state("st").transaction(tx -> tx.save("42", 1));
      await().atMost(Duration.ofSeconds(10)).until(() -> !spied.isEmpty());
      assertThat(spied.get(0)).contains("\"pubsubname\":\"inner\"");
    }
  }

  @Test
  void aProjectionIsWhatIsPublished() {
    try (var runtime = start(settings())) {
      runtime.state("st").transaction(tx -> tx.save("42", new Order("alice", 990))
          .save("42", "shown", SaveOptions.defaults().metadata("outbox.projection", "true")));
      until(() -> !news.isEmpty());
      assertThat(new String(news.get(0).requireData(), UTF_8)).isEqualTo("\"shown\"");
      assertThat(runtime.state("st").get("42", Order.class)).contains(new Order("alice", 990));
    }
  }

  /** A transaction that was not applied, or a process that died before it. */
  @Test
  void anEventWithoutItsMarkerIsDeliveredAgain() {
    try (var runtime = start(settings())) {
      publishInternal(runtime, "outbox-9");
      pass(Duration.ofSeconds(40));
      assertThat(news).isEmpty();
      runtime.state("st").save("outbox-9", "0");
      until(() -> !news.isEmpty());
      assertThat(news.get(0).id()).isEqualTo("outbox-9");
    }
  }

  @Test
  void anEventWithoutItsMarkerIsDiscardedWhenSettingsSaySo() {
    try (var runtime = start(settings("outboxDiscardWhenMissingState", "true"))) {
      publishInternal(runtime, "outbox-9");
      pass(Duration.ofSeconds(40));
      runtime.state("st").save("outbox-9", "0");
      pass(Duration.ofSeconds(40));
      assertThat(news).isEmpty();
      assertThat(hasMarker(runtime, "outbox-9")).isTrue();
    }
  }

  /** What another program left: its event and its marker are taken up, whoever wrote them. */
  @Test
  void aMarkerThatIsThereAlreadySendsItsEventAtOnce() {
    try (var runtime = start(settings())) {
      runtime.state("st").save("outbox-9", "0");
      publishInternal(runtime, "outbox-9");
      await().atMost(Duration.ofSeconds(10)).until(() -> !news.isEmpty());
      await().atMost(Duration.ofSeconds(10)).until(() -> !hasMarker(runtime, "outbox-9"));
    }
  }

  /** As after a crash between forwarding and deleting the marker. */
  @Test
  void anEventThatComesTwiceKeepsItsId() {
    try (var runtime = start(settings())) {
      for (int i = 0; i < 2; i++) {
        int before = i;
        runtime.state("st").save("outbox-9", "0");
        publishInternal(runtime, "outbox-9");
        until(() -> news.size() > before && !hasMarker(runtime, "outbox-9"));
      }
      assertThat(news).extracting(CloudEvent::id).containsExactly("outbox-9", "outbox-9");
    }
  }

  private static void publishInternal(EmbeddedRuntime runtime, String id) {
    runtime
        .topic("bus", "shopnewsoutbox")
        .publish(
            INTERNAL.replace("outbox-U", id).getBytes(UTF_8),
            PublishOptions.defaults().raw());
  }

  @Test
  void aTransactionThatFailsSendsNothing() {
    try (var runtime = start(settings())) {
      assertThatExceptionOfType(TransactionException.class)
          .isThrownBy(() -> runtime.state("st").transaction(tx -> tx.save("1", 1)
              .save("42", 2, SaveOptions.ifMatch("7"))));
      pass(Duration.ofSeconds(20));
      assertThat(internal).hasSize(2);
      assertThat(news).isEmpty();
      assertThat(runtime.state("st").get("1", Integer.class)).isEmpty();
    }
  }

  @Test
  void aTopicThatIsClosedToTheAppStopsTheTransaction() {
    var builder = EmbeddedRuntime.builder("shop")
        .component(spec("st", "state.in-memory", settings("outboxPubsub", "inner")))
        .component(spec("inner", "pubsub.in-memory", Map.of("publishingScopes", "shop=other")));
    try (var runtime = start(builder)) {
      assertThatExceptionOfType(TransactionException.class)
          .isThrownBy(() -> runtime.state("st").transaction(tx -> tx.save("42", 1)))
          .withMessageStartingWith(
              "error while publishing outbox message: topic shopnewsoutbox is not allowed")
          .satisfies(e -> assertThat(e.errorCode()).isEqualTo("ERR_PUBLISH_OUTBOX"));
      assertThat(runtime.state("st").get("42", Integer.class)).isEmpty();
    }
  }

  @Test
  void closingDoesNotWaitForMarkers() {
    var runtime = start(settings());
    publishInternal(runtime, "outbox-9");
    until(() -> !internal.isEmpty());
    runtime.close();
    assertThat(news).isEmpty();
  }

  @Test
  void everythingWrongBetweenStoresAndPubsubsIsSaidAtStart() {
    assertThatExceptionOfType(InvalidConfigurationException.class)
        .isThrownBy(() -> EmbeddedRuntime.builder("shop")
            .component(spec("a", "state.in-memory", settings()))
            .component(spec("b", "state.in-memory", settings()))
            .component(spec("c", "state.in-memory", settings("outboxPubsub", "nowhere")))
            .component(spec("bus", "pubsub.in-memory", Map.of()))
            .start())
        .withMessageContaining("\"a\" has an outbox for the topic \"news\"")
        .withMessageContaining("\"outboxPubsub\" names the pubsub \"nowhere\", which is not there");
  }
}
