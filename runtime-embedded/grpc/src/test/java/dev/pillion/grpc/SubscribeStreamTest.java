// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static dev.pillion.grpc.TestStream.soon;
import static dev.pillion.grpc.TestStream.to;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentSpec;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.engine.InMemoryPubSub;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.resiliency.Resiliency;
import dev.pillion.resiliency.Target;
import dev.pillion.wire.runtime.v1.GetMetadataRequest;
import dev.pillion.wire.runtime.v1.PubsubSubscription;
import dev.pillion.wire.runtime.v1.PubsubSubscriptionType;
import dev.pillion.wire.runtime.v1.TopicEventResponse.TopicEventResponseStatus;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.Status.Code;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Subscriptions by stream: what subscribers see, say, and leave behind. */
@Timeout(60)
class SubscribeStreamTest {
  private final WidePubSub wide = new WidePubSub();
  private TestFacade facade = TestFacade.start(
      TestFacade.facade(),
      builder -> builder.drainTimeout(ofSeconds(5)).component("bus", InMemoryPubSub.create()));

  @AfterEach
  void close() {
    facade.close();
  }

  private TestStream stream() {
    return TestStream.on(facade.channel());
  }

  private TestStream subscribed(String topic) {
    return stream().subscribe(to(topic)).opened();
  }

  private void publish(String topic, String id) {
    publish(topic, id, "{}");
  }

  private void publish(String topic, String id, String data) {
    facade
        .runtime()
        .topic("bus", topic)
        .publish(
            data.getBytes(UTF_8),
            PublishOptions.defaults().contentType("application/json").id(id));
  }

  private static void assertEnd(TestStream stream, Code code, String description) {
    Status end = stream.end();
    assertThat(end.getCode()).as(end.toString()).isEqualTo(code);
    assertThat(end.getDescription()).isEqualTo(description);
  }

  // ---- the first message

  @Test
  void whatTheFirstMessageLacksIsToldInDaprsWords() {
    var early = stream();
    early.done("e1");
    assertEnd(early, Code.UNKNOWN, "initial request is required");
    var nameless = stream().subscribe(to("orders").setPubsubName(""));
    assertEnd(nameless, Code.UNKNOWN, "pubsubName is required");
    assertEnd(stream().subscribe(to("")), Code.UNKNOWN, "topic is required");
    assertEnd(
        stream().subscribe(to("orders").setPubsubName("other")),
        Code.INVALID_ARGUMENT,
        "pubsub other is not found");
  }

  @Test
  void aTopicOutOfScopeIsRefused() {
    facade.close();
    var spec = new ComponentSpec(
        "bus",
        "pubsub.in-memory",
        "v1",
        ComponentMetadata.of(Map.of("subscriptionScopes", "checkout=other")),
        ComponentSpec.DEFAULT_INIT_TIMEOUT,
        false);
    facade = TestFacade.start(TestFacade.facade(), builder -> builder.component(spec));

    var end = stream().subscribe(to("orders")).end();
    assertThat(end.getCode()).isEqualTo(Code.UNKNOWN);
    assertThat(end.getDescription())
        .startsWith("failed to create subscription for bus: ")
        .contains("orders", "checkout");
  }

  @Test
  void aSecondFirstMessageEndsTheStream() {
    var stream = subscribed("orders");
    var other = subscribed("orders");
    publish("orders", "e1");
    publish("orders", "e2");
    soon().until(() -> stream.events.size() + other.events.size() > 0);
    stream.subscribe(to("orders"));

    assertEnd(stream, Code.UNKNOWN, "duplicate initial request received");
    other.answerAll();
    soon().until(() -> other.ids().containsAll(List.of("e1", "e2")));
  }

  // ---- events

  /** Golden values G1 and G10, but for numbers, which keep their digits. */
  @Test
  void anEventArrivesAsFromDapr() {
    var stream = subscribed("orders");
    facade
        .runtime()
        .topic("bus", "orders")
        .publish(
            "{\"b\":1.0,\"a\":9007199254740993}".getBytes(UTF_8),
            PublishOptions.defaults().contentType("application/json").id("e1").subject("s"));
    var event = stream.event("e1");
    stream.done("e1");

    assertThat(event.getSource()).isEqualTo("checkout");
    assertThat(event.getType()).isEqualTo("com.dapr.event.sent");
    assertThat(event.getSpecVersion()).isEqualTo("1.0");
    assertThat(event.getDataContentType()).isEqualTo("application/json");
    assertThat(event.getData().toStringUtf8()).isEqualTo("{\"a\":9007199254740993,\"b\":1.0}");
    assertThat(event.getTopic()).isEqualTo("orders");
    assertThat(event.getPubsubName()).isEqualTo("bus");
    assertThat(event.getPath()).isEqualTo("/");
    assertThat(event.getExtensions().getFieldsMap().keySet())
        .containsExactlyInAnyOrder(
            "pubsubname", "time", "topic", "traceid", "traceparent", "tracestate", "subject");
    assertThat(event.getExtensions().getFieldsOrThrow("subject").getStringValue())
        .isEqualTo("s");
  }

  @Test
  void extensionsOfEveryKindArrive() {
    var stream = subscribed("orders");
    facade
        .runtime()
        .topic("bus", "orders")
        .publish(
            "{\"id\":\"e1\",\"n\":7,\"t\":true,\"l\":[1,\"x\"],\"o\":{\"k\":\"v\"},\"data\":\"x\"}"
                .getBytes(UTF_8),
            PublishOptions.defaults().contentType("application/cloudevents+json"));
    var fields = stream.event("e1").getExtensions().getFieldsMap();
    stream.done("e1");

    assertThat(fields.get("n").getNumberValue()).isEqualTo(7);
    assertThat(fields.get("t").getBoolValue()).isTrue();
    assertThat(fields.get("l").getListValue().getValuesList())
        .containsExactly(
            Value.newBuilder().setNumberValue(1).build(),
            Value.newBuilder().setStringValue("x").build());
    assertThat(fields.get("o").getStructValue())
        .isEqualTo(Struct.newBuilder()
            .putFields("k", Value.newBuilder().setStringValue("v").build())
            .build());
    assertThat(fields).doesNotContainKeys("id", "data", "source", "type", "specversion");
  }

  @Test
  void bytesAndRawEventsArriveAsBytes() {
    var stream = subscribed("orders");
    facade
        .runtime()
        .topic("bus", "orders")
        .publish(new byte[] {1, 2, -1}, PublishOptions.defaults().id("e1"));
    assertThat(stream.event("e1").getData().toByteArray()).containsExactly(1, 2, -1);
    stream.done("e1");

    var raw = stream().subscribe(to("raw").putMetadata("rawPayload", "true")).opened();
    facade
        .runtime()
        .topic("bus", "raw")
        .publish("hi".getBytes(UTF_8), PublishOptions.defaults().raw());
    soon().until(() -> !raw.events.isEmpty());
    assertThat(raw.events.get(0).getData().toStringUtf8()).isEqualTo("hi");
    assertThat(raw.events.get(0).getDataContentType()).isEqualTo("application/octet-stream");
    raw.done(raw.events.get(0).getId());
  }

  @Test
  void whatASubscriberSaysDecides() {
    var dead = new CopyOnWriteArrayList<String>();
    facade
        .runtime()
        .subscribe("bus", "dead", byte[].class, SubscribeOptions.defaults(), (event, delivery) -> {
          dead.add(event.id());
          return DeliveryResult.SUCCESS;
        });
    var stream = stream().subscribe(to("orders").setDeadLetterTopic("dead")).opened();
    for (var id : List.of("kept", "dropped", "failed", "odd", "last")) {
      publish("orders", id);
    }
    stream.event("kept");
    stream.done("kept");
    stream.event("dropped");
    stream.processed("dropped", TopicEventResponseStatus.DROP);
    stream.event("failed");
    stream.processed("failed", TopicEventResponseStatus.RETRY);
    stream.event("odd");
    stream.done("unknown");
    stream.processed("odd", TopicEventResponseStatus.RETRY);
    stream.event("last");
    stream.done("last");

    soon().until(() -> dead.size() == 3);
    assertThat(dead).containsExactly("dropped", "failed", "odd");
  }

  @Test
  void aSubscriberWhoDoesNotAnswerInTimeHasFailed() {
    facade.close();
    facade = TestFacade.start(TestFacade.facade(), builder -> builder
        .component("bus", InMemoryPubSub.create())
        .resiliency(Resiliency.builder()
            .timeout("short", ofMillis(200))
            .component("bus", Target.withTimeout("short"), Target.withoutPolicies())
            .build()));
    var stream = subscribed("orders");
    publish("orders", "e1");

    soon().until(() -> stream.ids().equals(List.of("e1", "e1")));
    stream.done("e1");
    publish("orders", "e2");
    stream.event("e2");
    stream.done("e2");
    assertThat(stream.ids()).containsExactly("e1", "e1", "e2");
  }

  // ---- several streams

  @Test
  void streamsAndHandlersShareTheEventsOfATopic() {
    var handled = Collections.synchronizedList(new ArrayList<String>());
    facade
        .runtime()
        .subscribe(
            "bus", "orders", byte[].class, SubscribeOptions.defaults(), (event, delivery) -> {
              handled.add(event.id());
              return DeliveryResult.SUCCESS;
            });
    var first = subscribed("orders");
    var second = subscribed("orders");
    first.answerAll();
    second.answerAll();
    for (int i = 0; i < 30; i++) {
      publish("orders", "e" + i);
    }

    soon().until(() -> first.events.size() + second.events.size() + handled.size() == 30);
    assertThat(first.events).hasSize(10);
    assertThat(second.events).hasSize(10);
    assertThat(handled).hasSize(10);
  }

  private void leavesItsEventToTheOther(Consumer<TestStream> end) {
    var first = subscribed("orders");
    publish("orders", "e1");
    first.event("e1");
    var second = subscribed("orders");
    long begun = System.nanoTime();
    end.accept(first);

    second.event("e1");
    // At once: not after the pause that follows a failure, nor the drain timeout.
    assertThat(System.nanoTime() - begun).isLessThan(ofMillis(900).toNanos());
    second.done("e1");
    publish("orders", "e2");
    second.event("e2");
    second.done("e2");
    assertThat(second.ids()).containsExactly("e1", "e2");
  }

  @Test
  void aStreamThatIsCancelledLeavesItsEventsToTheOthers() {
    leavesItsEventToTheOther(TestStream::cancel);
  }

  @Test
  void aStreamThatIsHalfClosedLeavesItsEventsToTheOthers() {
    leavesItsEventToTheOther(TestStream::halfClose);
  }

  @Test
  void aConnectionThatIsCutLeavesItsEventsToTheOthers() {
    ManagedChannel doomed = TestFacade.channelTo(facade.port());
    var first = TestStream.on(doomed).subscribe(to("orders")).opened();
    publish("orders", "e1");
    first.event("e1");
    var second = subscribed("orders");
    doomed.shutdownNow();

    second.event("e1");
    second.done("e1");
  }

  @Test
  void anEventLeftBehindIsNoFailure() {
    var dead = new CopyOnWriteArrayList<byte[]>();
    facade.runtime().subscribe("bus", "dead", byte[].class, dead::add);
    var initial = to("orders").setDeadLetterTopic("dead");
    var first = stream().subscribe(initial).opened();
    publish("orders", "e1");
    first.event("e1");
    var second = stream().subscribe(initial).opened();
    first.cancel();
    second.event("e1");
    second.done("e1");

    await().during(ofMillis(200)).until(dead::isEmpty);
  }

  // ---- ids

  private TestStream wide() {
    facade.close();
    facade = TestFacade.start(TestFacade.facade(), builder -> builder.component("bus", wide));
    return subscribed("orders");
  }

  @Test
  void twoEventsOfOneIdAreAnsweredEach() {
    var stream = wide();
    publish("orders", "same", "1");
    publish("orders", "same", "2");
    soon().until(() -> stream.events.size() == 2);
    stream.done("same");
    stream.processed("same", TopicEventResponseStatus.RETRY);

    soon().until(() -> wide.settled.size() == 2);
    assertThat(wide.settled)
        .containsExactlyInAnyOrder(Disposition.ACKNOWLEDGE, Disposition.REDELIVER);
  }

  @Test
  void ofEventsWithoutAnIdOneIsOnItsWayAtATime() {
    var stream = wide();
    for (var data : List.of("{\"n\":1}", "{\"n\":2}")) {
      facade
          .runtime()
          .topic("bus", "orders")
          .publish(data.getBytes(UTF_8), PublishOptions.defaults().raw());
    }
    soon().until(() -> stream.events.size() == 1);
    await().during(ofMillis(200)).until(() -> stream.events.size() == 1);
    stream.done("");
    soon().until(() -> stream.events.size() == 2);
    stream.done("");
    soon().until(() -> wide.settled.size() == 2);
  }

  // ---- back-pressure

  @Test
  void noMoreThanAHundredEventsAreWithASubscriber() {
    var stream = wide();
    for (int i = 0; i < 130; i++) {
      publish("orders", "e" + i);
    }
    soon().until(() -> stream.events.size() == Awaited.MOST);
    await().during(ofMillis(200)).until(() -> stream.events.size() == Awaited.MOST);
    stream.answerAll();
    soon().until(() -> stream.events.size() == 130);
  }

  @Test
  void aSubscriberWhoDoesNotReadHoldsTheOthersUpInNothing() {
    var slow = TestStream.onButNotReading(facade.channel());
    slow.subscribe(to("orders")).opened();
    var data = "\"" + "x".repeat(200_000) + "\"";
    publish("orders", "slow", data);
    var other = subscribed("others");
    publish("others", "e1");
    other.event("e1");
    other.done("e1");
    assertThat(slow.events).isEmpty();

    slow.read(10);
    slow.event("slow");
    slow.done("slow");
  }

  // ---- the facade's end, metadata, access

  @Test
  void theEndOfTheFacadeEndsItsStreams() {
    var stream = subscribed("orders");
    long begun = System.nanoTime();
    facade.runtime().close();

    assertThat(stream.end().getCode()).isEqualTo(Code.UNAVAILABLE);
    assertThat(System.nanoTime() - begun).isLessThan(ofSeconds(4).toNanos());
  }

  @Test
  void metadataTellsOfStreams() {
    var stream = stream()
        .subscribe(to("orders").setDeadLetterTopic("dead").putMetadata("k", "v"))
        .opened();
    soon().until(() -> metadata().size() == 1);
    var shown = metadata().get(0);
    assertThat(shown.getPubsubName()).isEqualTo("bus");
    assertThat(shown.getTopic()).isEqualTo("orders");
    assertThat(shown.getDeadLetterTopic()).isEqualTo("dead");
    assertThat(shown.getMetadataMap()).isEqualTo(Map.of("k", "v"));
    assertThat(shown.getType()).isEqualTo(PubsubSubscriptionType.STREAMING);
    assertThat(shown.getRules().getRules(0).getPath()).isEqualTo("/");

    stream.cancel();
    soon().until(() -> metadata().isEmpty());
  }

  private List<PubsubSubscription> metadata() {
    return facade
        .dapr()
        .getMetadata(GetMetadataRequest.getDefaultInstance())
        .getSubscriptionsList();
  }

  @Test
  void whatIsDeniedIsNotServed() {
    facade.close();
    facade = TestFacade.start(
        TestFacade.facade().deniedApis("subscribe.v1alpha1"),
        builder -> builder.component("bus", InMemoryPubSub.create()));

    assertThat(stream().end().getCode()).isEqualTo(Code.UNIMPLEMENTED);
  }

  @Test
  void aStreamWithoutTheTokenIsRefused() {
    facade.close();
    facade = TestFacade.start(
        TestFacade.facade().token("t0"),
        builder -> builder.component("bus", InMemoryPubSub.create()));

    assertThat(stream().end().getCode()).isEqualTo(Code.UNAUTHENTICATED);
  }
}
