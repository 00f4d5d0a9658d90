// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static dev.pillion.grpc.TestStream.soon;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.pillion.appchannel.AppOptions;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.engine.InMemoryPubSub;
import dev.pillion.resiliency.Resiliency;
import dev.pillion.resiliency.RetryPolicy;
import dev.pillion.resiliency.Target;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testservers.Ports;
import dev.pillion.wire.runtime.v1.BulkSubscribeConfig;
import dev.pillion.wire.runtime.v1.GetMetadataRequest;
import dev.pillion.wire.runtime.v1.PubsubSubscriptionType;
import dev.pillion.wire.runtime.v1.TopicEventBulkRequest;
import dev.pillion.wire.runtime.v1.TopicEventBulkResponse;
import dev.pillion.wire.runtime.v1.TopicEventBulkResponseEntry;
import dev.pillion.wire.runtime.v1.TopicEventRequest;
import dev.pillion.wire.runtime.v1.TopicEventResponse;
import dev.pillion.wire.runtime.v1.TopicEventResponse.TopicEventResponseStatus;
import dev.pillion.wire.runtime.v1.TopicRoutes;
import dev.pillion.wire.runtime.v1.TopicRule;
import dev.pillion.wire.runtime.v1.TopicSubscription;
import io.grpc.Metadata;
import io.grpc.Status;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Events to a program by AppCallback: what it is sent, and what its answers mean. */
@Timeout(60)
class GrpcEventsTest {
  private static final String PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  private final List<String> dead = new CopyOnWriteArrayList<>();
  private EventsProgram program;
  private EmbeddedRuntime runtime;

  @BeforeEach
  void startProgram() throws IOException {
    program = EventsProgram.start();
  }

  @AfterEach
  void close() throws InterruptedException {
    if (runtime != null) {
      runtime.close();
    }
    program.close();
  }

  private static TopicSubscription.Builder to(String topic) {
    return TopicSubscription.newBuilder().setPubsubName("bus").setTopic(topic);
  }

  private void start(TopicSubscription.Builder... subscriptions) {
    start(builder -> {}, subscriptions);
  }

  private void start(
      Consumer<EmbeddedRuntime.Builder> more, TopicSubscription.Builder... subscriptions) {
    program.list =
        List.of(subscriptions).stream().map(TopicSubscription.Builder::build).toList();
    var builder = EmbeddedRuntime.builder("shop")
        .environment(Map.of())
        .drainTimeout(ofSeconds(5))
        .component("bus", InMemoryPubSub.create())
        .with(GrpcApp.at(AppOptions.onPort(program.port()).token("apps-token")));
    more.accept(builder);
    runtime = builder.start();
    runtime.subscribe(
        "bus", "dead", byte[].class, SubscribeOptions.defaults(), (event, delivery) -> {
          dead.add(event.id());
          return DeliveryResult.SUCCESS;
        });
    for (var subscription : subscriptions) {
      // A topic without a group keeps nothing.
      soon().until(() -> {
        publish(subscription.getTopic(), "{}", json().id("probe"));
        return heard(subscription.getTopic());
      });
    }
    await().during(ofMillis(150)).until(() -> true);
    program.events.clear();
    program.batches.clear();
    program.headers.clear();
    dead.clear();
  }

  private boolean heard(String topic) {
    return program.events.stream().anyMatch(event -> event.getTopic().equals(topic))
        || program.batches.stream().anyMatch(batch -> batch.getTopic().equals(topic));
  }

  private static PublishOptions json() {
    return PublishOptions.defaults().contentType("application/json");
  }

  private void publish(String topic, String data, PublishOptions options) {
    runtime.topic("bus", topic).publish(data.getBytes(UTF_8), options);
  }

  private TopicEventRequest event(String id) {
    soon().until(() -> program.events.stream().anyMatch(event -> event.getId().equals(id)));
    return program.events.stream()
        .filter(event -> event.getId().equals(id))
        .findFirst()
        .orElseThrow();
  }

  private String header(String name) {
    return program
        .headers
        .get(program.headers.size() - 1)
        .get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
  }

  /** Golden values G1, G2. */
  @Test
  void anEventArrivesAsFromDapr() {
    start(to("orders"));
    publish(
        "orders",
        "{\"n\":9007199254740993}",
        json()
            .id("e1")
            .traceContext(PARENT, "")
            .metadata(Map.of("ttlInSeconds", "30", "content-type", "text/odd", "__key", "k")));

    var event = event("e1");
    assertThat(event.getSource()).isEqualTo("shop");
    assertThat(event.getType()).isEqualTo("com.dapr.event.sent");
    assertThat(event.getSpecVersion()).isEqualTo("1.0");
    assertThat(event.getDataContentType()).isEqualTo("application/json");
    assertThat(event.getData().toStringUtf8()).isEqualTo("{\"n\":9007199254740993}");
    assertThat(event.getTopic()).isEqualTo("orders");
    assertThat(event.getPubsubName()).isEqualTo("bus");
    assertThat(event.getPath()).isEmpty();
    assertThat(event.getExtensions().getFieldsMap().keySet())
        .containsExactlyInAnyOrder(
            "pubsubname", "time", "topic", "traceid", "traceparent", "tracestate", "expiration");
    assertThat(header("pubsubname")).isEqualTo("bus");
    assertThat(header("ttlinseconds")).isEqualTo("30");
    assertThat(header("__key")).isEqualTo("k");
    assertThat(header("dapr-api-token")).isEqualTo("apps-token");
    assertThat(header("traceparent")).isEqualTo(PARENT);
    assertThat(header("content-type")).startsWith("application/grpc");
  }

  /** Golden value G12. */
  @Test
  void aRawEventArrivesAsBytes() {
    start(to("orders").putMetadata("rawPayload", "true"));
    publish("orders", "hi", PublishOptions.defaults().raw());

    soon().until(() -> !program.events.isEmpty());
    var event = program.events.get(0);
    assertThat(event.getData().toStringUtf8()).isEqualTo("hi");
    assertThat(event.getDataContentType()).isEqualTo("application/octet-stream");
    assertThat(event.getExtensions().getFieldsMap()).containsOnlyKeys("pubsubname", "topic");
  }

  @Test
  void theDefaultRouteIsThePath() {
    start(to("orders").setRoutes(TopicRoutes.newBuilder().setDefault("/orders")));
    publish("orders", "{}", json().id("e1"));
    assertThat(event("e1").getPath()).isEqualTo("/orders");
  }

  /** The outcome table; status -1 is a word that no version of Dapr knows. */
  @ParameterizedTest
  @CsvSource({"0,success", "1,failure", "2,drop", "9,failure"})
  void whatAnAnswerMeans(int status, String outcome) {
    start(to("orders").setDeadLetterTopic("dead"));
    program.handler = event -> event.getId().equals("e1")
        ? TopicEventResponse.newBuilder().setStatusValue(status).build()
        : EventsProgram.answer(TopicEventResponseStatus.SUCCESS);
    publish("orders", "{}", json().id("e1"));
    publish("orders", "{}", json().id("behind"));
    event("behind");

    boolean isDead = !outcome.equals("success");
    soon().until(() -> dead.isEmpty() != isDead);
    assertThat(program.events.stream().filter(event -> event.getId().equals("e1")))
        .hasSize(1);
  }

  @ParameterizedTest
  @EnumSource(
      value = Status.Code.class,
      names = {"UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "NOT_FOUND"})
  void whatAnErrorMeans(Status.Code code) {
    start(to("orders").setDeadLetterTopic("dead"));
    program.handler = event -> {
      if (event.getId().equals("e1")) {
        throw code.toStatus().asRuntimeException();
      }
      return EventsProgram.answer(TopicEventResponseStatus.SUCCESS);
    };
    publish("orders", "{}", json().id("e1"));
    publish("orders", "{}", json().id("behind"));
    event("behind");

    // A program without a word for events is done with them; nothing is a dead letter.
    boolean isDead = code != Status.Code.UNIMPLEMENTED;
    soon().until(() -> dead.isEmpty() != isDead);
  }

  @Test
  void retriesAreMatchedAgainstTheProgramsCode() {
    var tries = new AtomicInteger();
    start(
        builder -> builder.resiliency(Resiliency.builder()
            .retry("some", RetryPolicy.constant(ofMillis(1)).maxRetries(3).grpcStatusCodes("14"))
            .component("bus", Target.withRetry("some"), Target.withoutPolicies())
            .build()),
        to("orders").setDeadLetterTopic("dead"));
    program.handler = event -> {
      tries.incrementAndGet();
      throw (event.getId().equals("matched") ? Status.UNAVAILABLE : Status.INTERNAL)
          .asRuntimeException();
    };
    publish("orders", "{}", json().id("matched"));
    soon().until(() -> dead.contains("matched"));
    assertThat(tries).hasValue(4);
    publish("orders", "{}", json().id("other"));
    soon().until(() -> dead.contains("other"));
    assertThat(tries).hasValue(5);
  }

  // ---- lists

  @Test
  void aProgramThatDoesNotListHasNoSubscriptions() {
    program.lists = false;
    start();

    soon().until(() -> program.asked.get() == 1);
    await().during(ofMillis(300)).until(() -> program.asked.get() == 1);
    assertThat(runtime.describe().app().subscriptions()).isEmpty();
  }

  @Test
  void everyFieldOfASubscriptionIsRead() {
    var facade = TestFacade.facade();
    start(
        builder -> builder.with(facade),
        to("a")
            .setDeadLetterTopic("dead")
            .putMetadata("k", "v")
            .setRoutes(TopicRoutes.newBuilder().setDefault("/d"))
            .setBulkSubscribe(BulkSubscribeConfig.newBuilder()
                .setEnabled(true)
                .setMaxMessagesCount(5)
                .setMaxAwaitDurationMs(40)));
    program.list = List.of();

    assertThat(runtime.describe().app().subscriptions().get(0).options())
        .isEqualTo(SubscribeOptions.defaults()
            .otherwise("/d")
            .metadata("k", "v")
            .deadLetterTopic("dead")
            .bulk(5, ofMillis(40)));
    var channel = TestFacade.channelTo(facade.port());
    try {
      var shown = dev.pillion.wire.runtime.v1.DaprGrpc.newBlockingStub(channel)
          .getMetadata(GetMetadataRequest.getDefaultInstance())
          .getSubscriptionsList();
      assertThat(shown).hasSize(1);
      assertThat(shown.get(0).getType()).isEqualTo(PubsubSubscriptionType.PROGRAMMATIC);
      assertThat(shown.get(0).getTopic()).isEqualTo("a");
      assertThat(shown.get(0).getRules().getRules(0).getPath()).isEqualTo("/d");
    } finally {
      channel.shutdownNow();
    }
  }

  @Test
  void aRuleInALanguageThatIsNotThereFailsAlone() {
    program.list = List.of(to("wrong")
        .setRoutes(TopicRoutes.newBuilder()
            .addRules(TopicRule.newBuilder().setMatch("event.x == 1").setPath("/x")))
        .build());
    start(to("orders"));
    publish("orders", "{}", json().id("e1"));
    event("e1");
  }

  @Test
  void aProgramThatWasKilledIsAskedAnew() throws Exception {
    start(to("orders"));
    int port = program.port();
    program.close();
    publish("orders", "{}", json().id("e1"));
    await().during(ofMillis(300)).until(() -> true);
    program = EventsProgram.start(port);
    program.list = List.of(to("orders").build(), to("new").build());

    event("e1");
    soon().until(() -> {
      publish("new", "{}", json().id("n1"));
      return heard("new");
    });
  }

  @Test
  void aProgramThatIsReplacedIsAskedAnewThoughNothingIsDelivered() throws Exception {
    start(to("orders"));
    int port = program.port();
    program.close();
    program = EventsProgram.start(port);
    program.list = List.of(to("new").build());

    soon().until(() -> {
      publish("new", "{}", json().id("n1"));
      return heard("new");
    });
    assertThat(program.events).noneMatch(event -> event.getTopic().equals("orders"));
  }

  // ---- beside streams

  /** Each event goes to one of them; whoever is there has all of them. */
  @Test
  void theProgramAndAStreamShareTheEventsOfATopic() throws Exception {
    var facade = TestFacade.facade();
    start(builder -> builder.with(facade), to("orders"));
    var channel = TestFacade.channelTo(facade.port());
    try {
      var stream = TestStream.on(channel).subscribe(TestStream.to("orders")).opened();
      stream.answerAll();
      publishMany("a", 20);
      soon().until(() -> program.events.size() + stream.events.size() == 20);
      assertThat(program.events).hasSize(10);
      assertThat(stream.ids()).hasSize(10).doesNotContainAnyElementsOf(programsIds());

      program.close();
      publishMany("b", 10);
      soon().until(() -> stream.ids().containsAll(ids("b", 10)));
    } finally {
      channel.shutdownNow();
    }
  }

  @Test
  void theProgramHasTheTopicOfAStreamThatWasThereBeforeAndWhatItLeaves() throws Exception {
    program.close();
    int port = Ports.free();
    var facade = TestFacade.facade();
    runtime = EmbeddedRuntime.builder("shop")
        .environment(Map.of())
        .component("bus", InMemoryPubSub.create())
        .with(GrpcApp.at(AppOptions.onPort(port)))
        .with(facade)
        .start();
    var channel = TestFacade.channelTo(facade.port());
    try {
      var stream = TestStream.on(channel).subscribe(TestStream.to("orders")).opened();
      program =
          EventsProgram.start(port, List.of(to("orders").build(), to("other").build()));
      soon().until(() -> {
        publish("other", "{}", json().id("probe"));
        return heard("other");
      });
      // The stream answers nothing, which holds up a broker that brings one event at a time.
      publishMany("a", 10);
      soon().until(() -> stream.ids().stream().anyMatch(id -> id.startsWith("a")));
      stream.cancel();

      soon().until(() -> programsIds().containsAll(ids("a", 10)));
    } finally {
      channel.shutdownNow();
    }
  }

  @Test
  void aHandlerOfTheJavaProgramDoesNotJoinThem() {
    start(to("orders"));

    assertThatThrownBy(() -> runtime.subscribe("bus", "orders", String.class, data -> {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("consumerId");
  }

  private void publishMany(String prefix, int many) {
    ids(prefix, many).forEach(id -> publish("orders", "{}", json().id(id)));
  }

  private static List<String> ids(String prefix, int many) {
    return IntStream.range(0, many).mapToObj(i -> prefix + i).toList();
  }

  private List<String> programsIds() {
    return program.events.stream().map(TopicEventRequest::getId).toList();
  }

  // ---- bulk

  private void startBulk(TopicSubscription.Builder subscription) {
    start(subscription
        .setDeadLetterTopic("dead")
        .setBulkSubscribe(BulkSubscribeConfig.newBuilder()
            .setEnabled(true)
            .setMaxMessagesCount(2)
            .setMaxAwaitDurationMs(100)));
  }

  private TopicEventBulkRequest batch() {
    runtime.topic("bus", "orders").bulk(events -> events
        .publish("{\"n\":1}".getBytes(UTF_8), json().id("e1"))
        .publish(new byte[] {1, 2}, PublishOptions.defaults().id("e2").metadata("k", "v")));
    soon().until(() -> !program.batches.isEmpty());
    return program.batches.get(0);
  }

  private static TopicEventBulkResponse all(TopicEventBulkRequest batch) {
    return TopicEventBulkResponse.newBuilder()
        .addAllStatuses(batch.getEntriesList().stream()
            .map(entry -> TopicEventBulkResponseEntry.newBuilder()
                .setEntryId(entry.getEntryId())
                .build())
            .collect(Collectors.toList()))
        .build();
  }

  @Test
  void aBatchArrivesAsFromDapr() {
    program.bulkHandler = GrpcEventsTest::all;
    startBulk(to("orders").setRoutes(TopicRoutes.newBuilder().setDefault("/orders")));
    var batch = batch();

    assertThat(batch.getType()).isEqualTo("com.dapr.event.sent.bulk");
    assertThat(batch.getTopic()).isEqualTo("orders");
    assertThat(batch.getPubsubName()).isEqualTo("bus");
    assertThat(batch.getPath()).isEqualTo("/orders");
    assertThat(batch.getMetadataMap()).isEqualTo(Map.of("pubsubName", "bus"));
    assertThat(batch.getId()).isNotEmpty();
    var first = batch.getEntries(0);
    assertThat(first.getEntryId()).isEqualTo("0");
    assertThat(first.getContentType()).isEmpty();
    assertThat(first.getCloudEvent().getId()).isEqualTo("e1");
    assertThat(first.getCloudEvent().getData().toStringUtf8()).isEqualTo("{\"n\":1}");
    assertThat(first.getCloudEvent().getExtensions().getFieldsMap()).containsKey("topic");
    var second = batch.getEntries(1);
    assertThat(second.getCloudEvent().getData().toByteArray()).containsExactly(1, 2);
    assertThat(second.getMetadataMap()).containsEntry("k", "v").doesNotContainKey("pubsubName");
    assertThat(header("pubsubname")).isEqualTo("bus");
    await().during(ofMillis(200)).until(dead::isEmpty);
  }

  @Test
  void aProgramThatKnowsTheOlderNameGetsBatchesByIt() {
    program.takesBulk = false;
    program.bulkHandler = GrpcEventsTest::all;
    startBulk(to("orders"));
    batch();

    await().during(ofMillis(200)).until(dead::isEmpty);
  }

  @Test
  void aProgramThatKnowsNeitherIsDoneWithBatches() {
    program.bulkHandler = GrpcEventsTest::all;
    startBulk(to("orders"));
    program.takesBulk = false;
    program.takesAlphaBulk = false;
    int calls = program.headers.size();
    runtime.topic("bus", "orders").bulk(events -> events.publish("{}").publish("{}"));

    soon().until(() -> program.headers.size() > calls);
    await().during(ofMillis(200)).until(dead::isEmpty);
  }

  @Test
  void whatABatchDoesNotMentionHasFailed() {
    program.bulkHandler = batch -> TopicEventBulkResponse.newBuilder()
        .addStatuses(TopicEventBulkResponseEntry.newBuilder().setEntryId("0"))
        .build();
    startBulk(to("orders"));
    batch();

    soon().until(() -> dead.equals(List.of("e2")));
  }

  @Test
  void aRawBatchIsBytes() {
    program.bulkHandler = GrpcEventsTest::all;
    startBulk(to("orders").putMetadata("rawPayload", "true"));
    publish("orders", "hi", PublishOptions.defaults().raw());

    soon().until(() -> !program.batches.isEmpty());
    assertThat(program.batches.get(0).getEntries(0).getBytes().toStringUtf8()).isEqualTo("hi");
  }
}
