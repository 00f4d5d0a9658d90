// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pillion.appchannel.AppOptions;
import dev.pillion.http.EventsApp.Answer;
import dev.pillion.http.EventsApp.Seen;
import dev.pillion.pubsub.CloudEvent;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.engine.InMemoryPubSub;
import dev.pillion.runtime.EmbeddedRuntime;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Events to a program over HTTP: what it is sent, letter by letter, and what its answers mean. */
@Timeout(60)
class HttpEventsTest {
  private static final String PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  private final List<CloudEvent<byte[]>> dead = new CopyOnWriteArrayList<>();
  private EventsApp app;
  private EmbeddedRuntime runtime;

  @BeforeEach
  void startApp() throws IOException {
    app = EventsApp.start();
  }

  @AfterEach
  void close() {
    if (runtime != null) {
      runtime.close();
    }
    app.close();
  }

  private void start() {
    var options = AppOptions.onPort(app.port()).token("apps-token");
    runtime = EmbeddedRuntime.builder("shop")
        .environment(Map.of())
        .drainTimeout(ofSeconds(5))
        .component("bus", InMemoryPubSub.create())
        .with(HttpApp.at(options))
        .start();
    runtime.subscribe(
        "bus", "dead", byte[].class, SubscribeOptions.defaults(), (event, delivery) -> {
          dead.add(event);
          return DeliveryResult.SUCCESS;
        });
  }

  private void start(String subscriptions) {
    app.asksFor(subscriptions);
    start();
    soon().until(() -> !runtime.describe().app().subscriptions().isEmpty());
    // The subscription begins a moment later: a topic without a group keeps nothing.
    for (var one : runtime.describe().app().subscriptions()) {
      soon().until(() -> {
        publish(one.topic(), "{}", json().id("probe"));
        return app.events.stream()
            .anyMatch(seen -> seen.body().contains("\"topic\":\"" + one.topic()));
      });
    }
    await().during(ofMillis(50)).until(() -> true);
    app.events.clear();
  }

  private static ConditionFactory soon() {
    return await().atMost(ofSeconds(20)).pollInterval(ofMillis(10));
  }

  private static PublishOptions json() {
    return PublishOptions.defaults().contentType("application/json");
  }

  private void publish(String topic, String data, PublishOptions options) {
    runtime.topic("bus", topic).publish(data.getBytes(StandardCharsets.UTF_8), options);
  }

  private Seen event(String part) {
    soon().until(() -> app.events.stream().anyMatch(seen -> seen.body().contains(part)));
    return app.events.stream()
        .filter(seen -> seen.body().contains(part))
        .findFirst()
        .orElseThrow();
  }

  /** Golden value G1. */
  @Test
  void anEventArrivesAsFromDapr() {
    start("[{\"pubsubname\":\"bus\",\"topic\":\"orders\",\"route\":\"/orders\"}]");
    publish("orders", "{ \"b\": 1.0, \"a\": \"<x>\" }", json().id("e1"));

    var seen = event("\"e1\"");
    assertThat(seen.method()).isEqualTo("POST");
    assertThat(seen.path()).isEqualTo("/orders");
    assertThat(seen.body())
        .matches(
            "\\{\"data\":\\{\"a\":\"\\\\u003cx\\\\u003e\",\"b\":1\\.0},\"datacontenttype\":\"application/json\",\"id\":\"e1\",\"pubsubname\":\"bus\",\"source\":\"shop\",\"specversion\":\"1.0\",\"time\":\"[^\"]+\",\"topic\":\"orders\",\"traceid\":\"\",\"traceparent\":\"\",\"tracestate\":\"\",\"type\":\"com.dapr.event.sent\"}");
    assertThat(seen.header("Content-type")).isEqualTo("application/cloudevents+json");
    assertThat(seen.header("Pubsubname")).isEqualTo("bus");
    assertThat(seen.header("Dapr-api-token")).isEqualTo("apps-token");
    assertThat(seen.headers()).doesNotContainKeys("Traceparent", "Tracestate");
  }

  @Test
  void theListIsAskedForAsDaprDoes() {
    start("[{\"pubsubname\":\"bus\",\"topic\":\"orders\",\"route\":\"/orders\"}]");

    var seen = app.lists.get(0);
    assertThat(seen.method()).isEqualTo("GET");
    assertThat(seen.header("Dapr-app-id")).isEqualTo("shop");
    assertThat(seen.header("Dapr-api-token")).isEqualTo("apps-token");
  }

  /** Golden values G8 and G12, and Dapr's rules for headers. */
  @Test
  void whatTheBrokerCarriesBecomesHeaders() {
    start("[{\"pubsubname\":\"bus\",\"topic\":\"orders\",\"route\":\"/orders\"}]");
    publish(
        "orders",
        "{}",
        json()
            .id("e1")
            .metadata(Map.of(
                "ttlInSeconds", "30",
                "__key", "k",
                "grpc-x", "g",
                "x-bin", "AQ==",
                "content-type", "text/odd",
                "connection", "close",
                "cloudevent.source", "/s")));

    var seen = event("\"e1\"");
    assertThat(seen.header("Ttlinseconds")).isEqualTo("30");
    assertThat(seen.header("__key")).isEqualTo("k");
    assertThat(seen.header("Dapr-grpc-x")).isEqualTo("g");
    assertThat(seen.header("Cloudevent.source")).isEqualTo("/s");
    assertThat(seen.header("Content-type")).isEqualTo("application/cloudevents+json");
    assertThat(seen.headers()).doesNotContainKeys("X-bin");
    assertThat(seen.header("Connection")).isNotEqualTo("close");
  }

  /** A header that HTTP does not carry fails the delivery, as in Dapr. */
  @Test
  void whatNoHeaderCarriesFailsTheDelivery() {
    start(
        "[{\"pubsubname\":\"bus\",\"topic\":\"orders\",\"route\":\"/orders\",\"deadLetterTopic\":\"dead\"}]");
    publish("orders", "{}", json().id("e1").metadata("bad", "line\nend"));

    soon().until(() -> dead.stream().anyMatch(event -> event.id().equals("e1")));
  }

  @Test
  void theTraceOfTheEventGoesAlong() {
    start("[{\"pubsubname\":\"bus\",\"topic\":\"orders\",\"route\":\"/orders\"}]");
    publish("orders", "{}", json().id("e1").traceContext(PARENT, "a=b"));

    var seen = event("\"e1\"");
    assertThat(seen.header("Traceparent")).isEqualTo(PARENT);
    assertThat(seen.header("Tracestate")).isEqualTo("a=b");
  }

  /** Golden value G12. */
  @Test
  void aRawEventArrivesInAnEnvelopeMadeForIt() {
    start(
        "[{\"pubsubname\":\"bus\",\"topic\":\"orders\",\"route\":\"/orders\",\"metadata\":{\"rawPayload\":\"true\"}}]");
    publish("orders", "hi", PublishOptions.defaults().raw());

    var seen = event("aGk=");
    assertThat(seen.body())
        .matches(
            "\\{\"data_base64\":\"aGk=\",\"datacontenttype\":\"application/octet-stream\",\"id\":\"[0-9a-f-]{36}\",\"pubsubname\":\"bus\",\"source\":\"Dapr\",\"specversion\":\"1.0\",\"topic\":\"orders\",\"type\":\"com.dapr.event.sent\"}");
    assertThat(seen.header("Rawpayload")).isEqualTo("true");
  }

  /**
   * The outcome table of single events; the dead letter topic tells drop and failure from success.
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "200 | '' | success",
        "204 | '' | success",
        "200 | 'ok' | success",
        "200 | '{}' | success",
        "200 | '[1]' | success",
        "200 | '{\"status\":\"\"}' | success",
        "200 | '{\"status\":7}' | success",
        "200 | '{\"status\":\"SUCCESS\"}' | success",
        "200 | '{\"Status\":\"RETRY\"}' | failure",
        "200 | '{\"status\":\"RETRY\"}' | failure",
        "200 | '{\"status\":\"success\"}' | failure",
        "200 | '{\"status\":\"DROP\"}' | drop",
        "404 | '' | drop",
        "302 | '' | failure",
        "400 | '{\"status\":\"SUCCESS\"}' | failure",
        "500 | '' | failure"
      })
  void whatAnAnswerMeans(int status, String body, String outcome) {
    start(
        "[{\"pubsubname\":\"bus\",\"topic\":\"lettered\",\"route\":\"/orders\",\"deadLetterTopic\":\"dead\"}]");
    var tries = new AtomicInteger();
    app.handler = seen -> {
      if (seen.body().contains("\"e1\"")) {
        tries.incrementAndGet();
        return new Answer(status, body);
      }
      return new Answer(200, "");
    };

    publish("lettered", "{}", json().id("e1"));
    publish("lettered", "{}", json().id("behind"));
    event("\"behind\"");
    boolean isDead = !outcome.equals("success");
    if (isDead) {
      soon().until(() -> !dead.isEmpty());
    }
    assertThat(dead).hasSize(isDead ? 1 : 0);
    assertThat(tries).hasValue(1);
  }

  @ParameterizedTest
  @CsvSource({"200,RETRY,true", "200,DROP,false", "404,'',false", "503,'',true"})
  void withoutADeadLetterTopicOnlyAFailureComesAgain(int status, String word, boolean again) {
    start("[{\"pubsubname\":\"bus\",\"topic\":\"orders\",\"route\":\"/orders\"}]");
    var tries = new AtomicInteger();
    app.handler = seen -> seen.body().contains("\"e1\"") && tries.incrementAndGet() == 1
        ? new Answer(status, "{\"status\":\"" + word + "\"}")
        : new Answer(200, "");
    publish("orders", "{}", json().id("e1"));

    // The in-memory broker's pause is a second.
    await()
        .during(again ? ofMillis(0) : ofMillis(1_300))
        .atMost(ofSeconds(10))
        .until(() -> tries.get() == (again ? 2 : 1));
  }

  // ---- lists

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "404 | ''",
        "200 | ''",
        "200 | '[]'",
        "200 | 'null'",
      })
  void aProgramMayAskForNothing(int status, String body) {
    app.list = new Answer(status, body);
    start();

    soon().until(() -> !app.lists.isEmpty());
    await().during(ofMillis(200)).until(() -> app.lists.size() == 1);
    assertThat(runtime.describe().app().subscriptions()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "500 | ''",
        "204 | ''",
        "200 | '{'",
        "200 | '{}'",
        "200 | '[{\"pubsubname\":\"bus\",\"topic\":7,\"route\":\"/x\"}]'",
        "200 | '[{\"pubsubname\":\"bus\",\"topic\":\"x\",\"route\":\"/x\"},{\"routes\":[]}]'",
        "200 | '[] 1'",
      })
  void aListThatIsNoneCountsForNothingAndIsAskedForAgain(int status, String body) {
    app.list = new Answer(status, body);
    start();

    soon().until(() -> app.lists.size() > 2);
    assertThat(runtime.describe().app().subscriptions()).isEmpty();
    app.asksFor("[{\"pubsubname\":\"bus\",\"topic\":\"orders\",\"route\":\"/orders\"}]");
    soon().until(() -> runtime.describe().app().subscriptions().size() == 1);
  }

  @Test
  void everyMemberOfASubscriptionIsRead() {
    app.asksFor("""
        [{"pubsubname":"bus","topic":"a","routes":{"rules":[{"match":"m","path":"/m"}],"default":"/d"},"route":"/unused"},
         {"pubsubname":"bus","topic":"b","route":"/r","metadata":{"k":"v"},"deadLetterTopic":"dead","bulkSubscribe":{"enabled":true,"maxMessagesCount":5,"maxAwaitDurationMs":40}},
         {"pubsubname":"bus","topic":"c","route":"/r","bulkSubscribe":{"enabled":false},"unknown":1},
         {"pubsubname":"bus","topic":"none"}]""");
    start();

    soon().until(() -> runtime.describe().app().subscriptions().size() == 3);
    var all = runtime.describe().app().subscriptions();
    assertThat(all.get(0).options())
        .isEqualTo(SubscribeOptions.defaults().route("m", "/m").otherwise("/d"));
    assertThat(all.get(1).options())
        .isEqualTo(SubscribeOptions.defaults()
            .otherwise("/r")
            .metadata("k", "v")
            .deadLetterTopic("dead")
            .bulk(5, ofMillis(40)));
    assertThat(all.get(2).options()).isEqualTo(SubscribeOptions.defaults().otherwise("/r"));
  }

  /** As Go reads them; Spring's program says {@code pubsubName}. */
  @Test
  void namesOfMembersAreReadInAnyCase() {
    app.asksFor("""
        [{"pubsubName":"bus","Topic":"a","ROUTE":"/r","metadata":{"kK":"v","kk":"w"},"deadlettertopic":"dead","bulksubscribe":{"Enabled":true,"maxMessagesCount":5,"maxAwaitDurationMs":40}},
         {"pubsubNAME":"bus","topic":"b","Routes":{"Rules":[{"Match":"m","Path":"/m"}],"DEFAULT":"/d"}}]""");
    start();

    soon().until(() -> runtime.describe().app().subscriptions().size() == 2);
    var all = runtime.describe().app().subscriptions();
    assertThat(all.get(0).pubsub()).isEqualTo("bus");
    assertThat(all.get(0).topic()).isEqualTo("a");
    assertThat(all.get(0).options())
        .isEqualTo(SubscribeOptions.defaults()
            .otherwise("/r")
            .metadata("kK", "v")
            .metadata("kk", "w")
            .deadLetterTopic("dead")
            .bulk(5, ofMillis(40)));
    assertThat(all.get(1).options())
        .isEqualTo(SubscribeOptions.defaults().route("m", "/m").otherwise("/d"));
  }

  @Test
  void aProgramThatWasKilledIsAskedAnew() throws IOException {
    start("[{\"pubsubname\":\"bus\",\"topic\":\"orders\",\"route\":\"/orders\"}]");
    int port = app.port();
    app.close();
    publish("orders", "{}", json().id("e1"));
    await().during(ofMillis(300)).until(() -> true);

    app = EventsApp.start(port)
        .asksFor(
            "[{\"pubsubname\":\"bus\",\"topic\":\"orders\",\"route\":\"/other\"},{\"pubsubname\":\"bus\",\"topic\":\"new\",\"route\":\"/new\"}]");
    assertThat(event("\"e1\"").path()).isIn("/orders", "/other");
    soon().until(() -> runtime.describe().app().subscriptions().size() == 2);
    soon().until(() -> {
      publish("new", "{}", json().id("n1"));
      return app.events.stream().anyMatch(seen -> seen.path().equals("/new"));
    });
    publish("orders", "{}", json().id("e2"));
    assertThat(event("\"e2\"").path()).isEqualTo("/other");
  }

  // ---- bulk

  private void startBulk(String more) {
    app.asksFor(
        "[{\"pubsubname\":\"bus\",\"topic\":\"orders\",\"route\":\"/orders\",\"deadLetterTopic\":\"dead\",\"bulkSubscribe\":{\"enabled\":true,\"maxMessagesCount\":2,\"maxAwaitDurationMs\":100}"
            + more + "}]");
    start();
    soon().until(() -> {
      publish(
          "orders", "{}", json().id("probe").metadata("rawPayload", more.isEmpty() ? "" : "true"));
      return !app.events.isEmpty();
    });
    await().during(ofMillis(150)).until(() -> true);
    app.events.clear();
    dead.clear();
  }

  private void publishTwo() {
    runtime.topic("bus", "orders").bulk(events -> events
        .publish(
            "{\"n\":9007199254740993}".getBytes(StandardCharsets.UTF_8), json().id("e1"))
        .publish(new byte[] {1, 2}, PublishOptions.defaults().id("e2").metadata("k", "v")));
  }

  /** Golden value G18, but for numbers, which keep their digits. */
  @Test
  void aBatchArrivesAsFromDapr() throws IOException {
    startBulk("");
    publishTwo();

    var seen = event("\"e1\"");
    assertThat(seen.path()).isEqualTo("/orders");
    assertThat(seen.header("Content-type")).isEqualTo("application/json");
    assertThat(seen.header("Pubsubname")).isEqualTo("bus");
    assertThat(seen.headers()).doesNotContainKeys("K", "Cloudevent.id");
    assertThat(seen.body())
        .startsWith(
            "{\"entries\":[{\"entryId\":\"0\",\"event\":{\"data\":{\"n\":9007199254740993},\"datacontenttype\":\"application/json\",\"id\":\"e1\"");
    var body = new ObjectMapper().readTree(seen.body());
    assertThat(body.properties().stream().map(Map.Entry::getKey))
        .containsExactly("entries", "id", "metadata", "pubsubname", "topic", "type");
    assertThat(body.get("type").textValue()).isEqualTo("com.dapr.event.sent.bulk");
    assertThat(body.get("pubsubname").textValue()).isEqualTo("bus");
    assertThat(body.get("topic").textValue()).isEqualTo("orders");
    assertThat(body.get("metadata").toString()).isEqualTo("{\"pubsubName\":\"bus\"}");
    var entry = body.get("entries").get(1);
    assertThat(entry.properties().stream().map(Map.Entry::getKey))
        .containsExactly("entryId", "event", "metadata", "contentType");
    assertThat(entry.get("entryId").textValue()).isEqualTo("1");
    assertThat(entry.get("event").get("data_base64").textValue()).isEqualTo("AQI=");
    assertThat(entry.get("metadata").get("k").textValue()).isEqualTo("v");
    assertThat(entry.get("metadata").has("pubsubName")).isFalse();
    assertThat(entry.get("contentType").textValue()).isEqualTo("application/cloudevents+json");
  }

  @Test
  void aRawBatchIsBase64() throws IOException {
    startBulk(",\"metadata\":{\"rawPayload\":\"true\"}");
    publish("orders", "hi", PublishOptions.defaults().raw());

    var seen = event("aGk=");
    var entry = new ObjectMapper().readTree(seen.body()).get("entries").get(0);
    assertThat(entry.get("event").textValue()).isEqualTo("aGk=");
    assertThat(entry.get("contentType").textValue()).isEqualTo("application/octet-stream");
  }

  /** The outcome table of batches; the dead letter topic has what failed or was dropped. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "200 | '{\"statuses\":[{\"entryId\":\"0\",\"status\":\"SUCCESS\"},{\"entryId\":\"1\",\"status\":\"SUCCESS\"}]}' | ''",
        "200 | '{\"statuses\":[{\"entryId\":\"0\",\"status\":\"SUCCESS\"},{\"entryId\":\"1\",\"status\":\"DROP\"}]}' | e2",
        "200 | '{\"statuses\":[{\"entryId\":\"0\",\"status\":\"RETRY\"},{\"entryId\":\"1\",\"status\":\"SUCCESS\"}]}' | e1",
        "200 | '{\"statuses\":[{\"entryId\":\"0\",\"status\":\"\"},{\"entryId\":\"1\",\"status\":\"SUCCESS\"}]}' | e1",
        "200 | '{\"statuses\":[{\"entryId\":\"1\",\"status\":\"SUCCESS\"}]}' | e1",
        "200 | '{\"statuses\":[{\"entryId\":\"1\",\"status\":\"SUCCESS\"},{\"entryId\":\"9\",\"status\":\"SUCCESS\"}]}' | e1",
        "200 | 'ok' | e1 e2",
        "200 | '' | e1 e2",
        "404 | '' | ''",
        "500 | '' | e1 e2"
      })
  void whatTheAnswerToABatchMeans(int status, String body, String failed) {
    startBulk("");
    app.handler = seen -> new Answer(status, body);
    publishTwo();
    event("\"e1\"");

    var expected = failed.isEmpty() ? List.<String>of() : List.of(failed.split(" "));
    soon().until(() -> dead.size() >= expected.size());
    await().during(ofMillis(100)).until(() -> dead.size() == expected.size());
    assertThat(dead.stream().map(CloudEvent::id)).containsExactlyInAnyOrderElementsOf(expected);
  }
}
