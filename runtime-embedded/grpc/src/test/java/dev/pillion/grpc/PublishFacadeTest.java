// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static dev.pillion.grpc.TestFacade.failure;
import static dev.pillion.grpc.TestFacade.info;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.rpc.ResourceInfo;
import dev.pillion.CallRejectedException;
import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentSpec;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.wire.runtime.v1.BulkPublishRequest;
import dev.pillion.wire.runtime.v1.BulkPublishRequestEntry;
import dev.pillion.wire.runtime.v1.BulkPublishResponse;
import dev.pillion.wire.runtime.v1.PublishEventRequest;
import io.grpc.Metadata;
import io.grpc.Status.Code;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Publishing over the wire: what reaches the broker, and every failure with code and details. */
class PublishFacadeTest {
  private static final String PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  private final ScriptedPubSub broker = new ScriptedPubSub();
  private final TestFacade facade =
      TestFacade.start(TestFacade.facade(), builder -> builder.component("bus", broker));

  @AfterEach
  void close() {
    facade.close();
  }

  private static PublishEventRequest.Builder event(String data, String contentType) {
    return PublishEventRequest.newBuilder()
        .setPubsubName("bus")
        .setTopic("orders")
        .setData(ByteString.copyFromUtf8(data))
        .setDataContentType(contentType);
  }

  private static PublishEventRequest.Builder event() {
    return event("{}", "application/json");
  }

  private static BulkPublishRequestEntry.Builder entry(String id, String data, String contentType) {
    return BulkPublishRequestEntry.newBuilder()
        .setEntryId(id)
        .setEvent(ByteString.copyFromUtf8(data))
        .setContentType(contentType);
  }

  private static BulkPublishRequest.Builder bulk(BulkPublishRequestEntry.Builder... entries) {
    var request = BulkPublishRequest.newBuilder().setPubsubName("bus").setTopic("orders");
    for (var entry : entries) {
      request.addEntries(entry);
    }
    return request;
  }

  private void publish(PublishEventRequest.Builder request) {
    facade.dapr().publishEvent(request.build());
  }

  private OutgoingMessage published(PublishEventRequest.Builder request) {
    publish(request);
    return broker.published.get(broker.published.size() - 1);
  }

  private static String text(OutgoingMessage message) {
    return new String(message.data(), UTF_8);
  }

  private static Metadata traced() {
    var headers = TestFacade.header("traceparent", PARENT);
    headers.merge(TestFacade.header("tracestate", "a=b"));
    return headers;
  }

  // ---- what reaches the broker

  /** Golden value G2. */
  @Test
  void anEventWithoutMetadataHasNone() {
    var sent = published(event("{\"n\":9007199254740993}", "application/json"));

    assertThat(sent.topic()).isEqualTo("orders");
    assertThat(sent.metadata()).isNull();
    assertThat(text(sent))
        .matches(
            "\\{\"data\":\\{\"n\":9007199254740993},\"datacontenttype\":\"application/json\",\"id\":\"[0-9a-f-]{36}\",\"pubsubname\":\"bus\",\"source\":\"checkout\",\"specversion\":\"1.0\",\"time\":\"[^\"]+\",\"topic\":\"orders\",\"traceid\":\"\",\"traceparent\":\"\",\"tracestate\":\"\",\"type\":\"com.dapr.event.sent\"}");
  }

  /** Golden value G4. */
  @Test
  void withoutAContentTypeDataIsText() {
    assertThat(text(published(event("{\"n\":1}", ""))))
        .startsWith("{\"data\":\"{\\\"n\\\":1}\",\"datacontenttype\":\"text/plain\",");
  }

  /** Golden value G5. */
  @Test
  void binaryDataIsBase64() {
    var sent = published(event()
        .setDataContentType("application/octet-stream")
        .setData(ByteString.copyFrom(new byte[] {1, 2, -1})));
    assertThat(text(sent)).startsWith("{\"data_base64\":\"AQL/\",");
  }

  /** Golden values G8 and G10. */
  @Test
  void metadataAndWholeEventsAreTakenOver() {
    var sent = published(event().putMetadata("cloudevent.id", "e1").putMetadata("k", "v"));
    assertThat(text(sent)).contains("\"id\":\"e1\"");
    assertThat(sent.metadata()).isEqualTo(Map.of("cloudevent.id", "e1", "k", "v"));

    var whole = published(event(
        "{\"specversion\":\"1.0\",\"id\":\"e2\",\"source\":\"/s\",\"ext\":7,\"topic\":\"zzz\",\"data\":{\"b\":2,\"a\":1}}",
        "application/cloudevents+json"));
    assertThat(text(whole))
        .startsWith("{\"data\":{\"a\":1,\"b\":2},\"ext\":7,\"id\":\"e2\",\"pubsubname\":\"bus\"")
        .contains("\"topic\":\"orders\"");
  }

  @Test
  void theCallersTraceIsTheEvents() {
    facade.dapr(traced()).publishEvent(event().build());
    assertThat(text(broker.published.get(0)))
        .contains("\"traceid\":\"" + PARENT + "\",\"traceparent\":\"" + PARENT
            + "\",\"tracestate\":\"a=b\"");
  }

  /** Golden value G13. */
  @Test
  void aRawEventCarriesTheTraceAsMetadata() {
    var sent =
        published(event("hi", "").putMetadata("rawPayload", "true").putMetadata("traceid", "mine"));
    assertThat(text(sent)).isEqualTo("hi");
    assertThat(sent.metadata())
        .isEqualTo(Map.of("rawPayload", "true", "traceid", "", "tracestate", ""));

    facade
        .dapr(traced())
        .publishEvent(event("hi", "").putMetadata("rawPayload", "T").build());
    assertThat(broker.published.get(1).metadata())
        .isEqualTo(Map.of("rawPayload", "T", "traceid", PARENT, "tracestate", "a=b"));
  }

  @Test
  void aBulkHasOneEnvelopeForEach() {
    var request = bulk(
            entry("1", "{\"n\":1}", "application/json"),
            entry("2", "x", "text/plain").putMetadata("k", "own"))
        .putMetadata("k", "all")
        .putMetadata("tenant", "t");
    assertThat(facade.dapr(traced()).bulkPublishEvent(request.build()))
        .isEqualTo(BulkPublishResponse.getDefaultInstance());

    assertThat(text(broker.published.get(0))).startsWith("{\"data\":{\"n\":1}").contains(PARENT);
    assertThat(broker.published.get(0).metadata()).isNull();
    assertThat(text(broker.published.get(1))).startsWith("{\"data\":\"x\"");
    assertThat(broker.published.get(1).metadata()).isEqualTo(Map.of("k", "own", "tenant", "t"));
  }

  @Test
  void aRawBulkIsSaidByTheRequestAndCarriesNoTrace() {
    facade
        .dapr(traced())
        .bulkPublishEventAlpha1(
            bulk(entry("1", "hi", "").putMetadata("k", "v"), entry("2", "ho", ""))
                .putMetadata("rawPayload", "true")
                .build());

    assertThat(broker.published.stream().map(PublishFacadeTest::text)).containsExactly("hi", "ho");
    assertThat(broker.published.get(0).metadata())
        .isEqualTo(Map.of("k", "v", "rawPayload", "true"));
    assertThat(broker.published.get(1).metadata()).isNull();
  }

  // ---- failures

  private static ResourceInfo resource(String name, String description) {
    return ResourceInfo.newBuilder()
        .setResourceType("pubsub")
        .setResourceName(name)
        .setDescription(description)
        .build();
  }

  @Test
  void withoutAnyPubsubNothingIsConfigured() {
    try (var bare = TestFacade.start(TestFacade.facade(), builder -> {})) {
      var request = event().setPubsubName("").setTopic("").putMetadata("k", "v");
      failure(() -> bare.dapr().publishEvent(request.setPubsubName("bus").build()))
          .has(Code.FAILED_PRECONDITION, "pubsub bus is not configured")
          .hasDetails(info("DAPR_PUBSUB_NOT_CONFIGURED", Map.of("k", "v")));
      failure(() -> bare.dapr().bulkPublishEvent(bulk().build()))
          .has(Code.FAILED_PRECONDITION, "pubsub bus is not configured");
    }
  }

  /** Each with all that is checked later wrong as well. */
  @Test
  void checksStandInDaprsOrder() {
    var wrong = event().setTopic("").putMetadata("rawPayload", "maybe");
    var metadata = Map.of("rawPayload", "maybe");
    failure(() -> publish(wrong.clone().setPubsubName("")))
        .has(Code.INVALID_ARGUMENT, "pubsub name is empty")
        .hasDetails(resource("", "pubsub name is empty"), info("DAPR_PUBSUB_NAME_EMPTY", metadata));
    failure(() -> publish(wrong.clone().setPubsubName("other")))
        .has(Code.INVALID_ARGUMENT, "pubsub other is not found")
        .hasDetails(info("DAPR_PUBSUB_NOT_FOUND", metadata));
    failure(() -> publish(wrong.clone()))
        .has(Code.INVALID_ARGUMENT, "topic is empty in pubsub bus")
        .hasDetails(
            resource("bus", "topic is empty in pubsub bus"),
            info("DAPR_PUBSUB_TOPIC_NAME_EMPTY", metadata));
    var text =
        "failed deserializing metadata. Error: rawPayload value must be a valid boolean: actual is 'maybe'";
    failure(() -> publish(wrong.clone().setTopic("orders")))
        .has(Code.INVALID_ARGUMENT, text)
        .hasDetails(resource("bus", text), info("DAPR_PUBSUB_METADATA_DESERIALIZATION", metadata));
    var request = bulk(entry("", "", "")).setTopic("").putAllMetadata(metadata);
    failure(() -> facade.dapr().bulkPublishEvent(request.clone().build()))
        .has(Code.INVALID_ARGUMENT, "topic is empty in pubsub bus");
    failure(() ->
            facade.dapr().bulkPublishEvent(request.clone().setTopic("orders").build()))
        .has(Code.INVALID_ARGUMENT, text);
    assertThat(broker.published).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"{", "[1]", "null", "7", ""})
  void aWholeEventThatIsNoneIsRefused(String data) {
    var request = event(data, "application/cloudevents+json");
    var failed = failure(() -> publish(request));
    failed.has(Code.INVALID_ARGUMENT, "cannot create cloudevent");
    var entries = bulk(
        entry("1", "{}", "application/json"), entry("2", data, "application/cloudevents+json"));
    failure(() -> facade.dapr().bulkPublishEvent(entries.build()))
        .has(Code.INVALID_ARGUMENT, "cannot create cloudevent");
    assertThat(broker.published).isEmpty();
  }

  @Test
  void anEventThatIsNoneIsToldWithTheReason() {
    failure(() -> publish(event("[1]", "application/cloudevents+json")))
        .hasDetails(
            resource("bus", "cannot create cloudevent"),
            info(
                "DAPR_PUBSUB_CLOUD_EVENT_CREATION",
                Map.of("appID", "checkout", "error", "it is no JSON object")));
  }

  @Test
  void entryIdsAreThereAndDiffer() {
    var text =
        "error marshaling events to bytes for topic orders pubsub bus. error: entryId is duplicated or not present for entry";
    for (var request : new BulkPublishRequest.Builder[] {
      bulk(entry("", "x", "")), bulk(entry("1", "x", ""), entry("1", "y", ""))
    }) {
      failure(() -> facade.dapr().bulkPublishEvent(request.putMetadata("k", "v").build()))
          .has(Code.INVALID_ARGUMENT, text)
          .hasDetails(resource("bus", text), info("DAPR_PUBSUB_MARSHAL_EVENTS", Map.of("k", "v")));
    }
    assertThat(broker.published).isEmpty();
  }

  @Test
  void aTopicOutOfScopeIsForbidden() {
    var spec = new ComponentSpec(
        "bus",
        "pubsub.in-memory",
        "v1",
        ComponentMetadata.of(Map.of("publishingScopes", "checkout=other")),
        ComponentSpec.DEFAULT_INIT_TIMEOUT,
        false);
    var text = "topic orders is not allowed for app id checkout";
    try (var scoped = TestFacade.start(TestFacade.facade(), builder -> builder.component(spec))) {
      failure(() -> scoped.dapr().publishEvent(event().build()))
          .has(Code.PERMISSION_DENIED, text)
          .hasDetails(resource("bus", text), info("DAPR_PUBSUB_FORBIDDEN", Map.of()));
      failure(() -> scoped.dapr().bulkPublishEvent(bulk(entry("1", "x", "")).build()))
          .has(Code.PERMISSION_DENIED, text);
    }
  }

  @Test
  void whatTheBrokerDoesNotTakeIsToldInItsWords() {
    broker.failure = () -> {
      throw new ComponentException("ERR_COMPONENT", "no space left", true, null);
    };
    var text = "error when publishing to topic orders in pubsub bus: no space left";
    failure(() -> publish(event()))
        .has(Code.INTERNAL, text)
        .hasDetails(
            resource("bus", text),
            info(
                "DAPR_PUBSUB_PUBLISH_MESSAGE",
                Map.of("topic", "orders", "error", "no space left")));
    var failed = failure(() -> facade
        .dapr()
        .bulkPublishEvent(bulk(entry("1", "x", ""), entry("2", "y", "")).build()));
    assertThat(failed.thrown().getStatus().getCode()).isEqualTo(Code.INTERNAL);
    assertThat(failed.thrown().getStatus().getDescription())
        .startsWith("error when publishing to topic orders in pubsub bus: 2 of 2 events")
        .contains("no space left");
  }

  @Test
  void aBrokerThatIsLateOrFullHasCodesOfItsOwn() {
    broker.failure = () -> {
      throw new CallTimeoutException("ERR_COMPONENT", "late", null);
    };
    failure(() -> publish(event()))
        .has(Code.DEADLINE_EXCEEDED, "error when publishing to topic orders in pubsub bus: late");
    broker.failure = () -> {
      throw new CallRejectedException("ERR_COMPONENT", "full", null);
    };
    failure(() -> publish(event()))
        .has(Code.RESOURCE_EXHAUSTED, "error when publishing to topic orders in pubsub bus: full");
  }
}
