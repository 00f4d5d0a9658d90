// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.engine.InMemoryPubSub;
import dev.pillion.pubsub.engine.SubscriptionDescription;
import dev.pillion.testkit.CapturedLog;
import dev.pillion.testkit.ManualTime;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a program is told of subscriptions that most likely are not what it wants. */
class SubscriptionWarningsTest {
  @TempDir
  Path folder;

  private final ManualTime time = new ManualTime();
  private ComponentFiles files;

  @BeforeEach
  void files() {
    files = new ComponentFiles(folder);
  }

  private EmbeddedRuntime.Builder builder() {
    return files.builder().component("bus", InMemoryPubSub.create()).time(time);
  }

  private void subscription(String file, String name, String topic, String scopes) {
    files.file(file, """
        # a comment
        apiVersion: dapr.io/v1alpha1
        kind: Subscription
        metadata: {name: %s}
        spec: {pubsubname: bus, topic: %s, route: /%s}
        scopes: %s
        """.formatted(name, topic, name, scopes));
  }

  private List<String> warnings(CapturedLog log) {
    return log.lines("WARN").stream()
        .map(line -> line.replace(folder + "/", ""))
        .toList();
  }

  @Test
  void theSecondResourceForATopicHasNoEffectAndSaysSoOnce() {
    subscription("a.yaml", "first", "orders", "[]");
    subscription("b.yaml", "second", "orders", "[orders]");
    try (var log = new CapturedLog();
        var runtime = builder().start()) {
      runtime.subscribe("bus", "orders", String.class, data -> {});
      time.advance(Duration.ofMinutes(1));
      assertThat(warnings(log))
          .containsExactly(
              "WARN b.yaml:2: the subscription \"second\" has no effect: \"first\" at a.yaml:2 is for the same topic, and the first one holds, as in Dapr");
    }
  }

  @Test
  void scopesThatNearlyNameThisAppAreWarnedOfAndThoseOfOthersAreNot() {
    subscription("a.yaml", "typo", "a", "[ordrs, shop]");
    subscription("b.yaml", "theirs", "b", "[shop, another]");
    subscription("c.yaml", "sibling", "c", "[orders2]");
    files.file("d.yaml", ComponentFiles.paper("st") + "scopes: [Orders]\n");
    try (var log = new CapturedLog();
        var runtime = builder().start()) {
      assertThat(runtime.subscriptions()).isEmpty();
      assertThat(warnings(log))
          .containsExactly(
              "WARN a.yaml:6: its scopes [ordrs, shop] do not name this app, \"orders\", so it has no effect here; did you mean \"orders\" where \"ordrs\" stands?",
              "WARN d.yaml:11: its scopes [Orders] do not name this app, \"orders\", so it has no effect here; did you mean \"orders\" where \"Orders\" stands?");
    }
  }

  @Test
  void aResourceThatNobodyTakesIsWarnedOfOnceTenSecondsAfterTheStart() {
    subscription("a.yaml", "orders", "orders", "[]");
    subscription("b.yaml", "paid", "paid", "[]");
    try (var log = new CapturedLog();
        var runtime = builder().start()) {
      runtime.subscribe("bus", "paid", String.class, data -> {});
      time.advance(Duration.ofMillis(9_999));
      assertThat(warnings(log)).isEmpty();
      time.advance(Duration.ofMinutes(10));
      assertThat(warnings(log))
          .containsExactly(
              "WARN a.yaml:2: subscription \"orders\": nobody takes it: there is no handler for bus/orders, and no app");
    }
  }

  @Test
  void whatAnAppMayTakeIsNotWarnedOf() {
    subscription("a.yaml", "orders", "orders", "[]");
    var app = new Extension() {
      @Override
      public @Nullable AppConnection appConnection() {
        return new AppConnection("http", "127.0.0.1", 3000, 0, "WAITING", null);
      }
    };
    try (var log = new CapturedLog();
        var runtime = builder().with(app).start()) {
      time.advance(Duration.ofMinutes(1));
      assertThat(runtime.subscriptions()).hasSize(1);
      assertThat(warnings(log)).isEmpty();
    }
  }

  @Test
  void aRuntimeThatHasClosedWarnsNoMore() {
    subscription("a.yaml", "orders", "orders", "[]");
    try (var log = new CapturedLog()) {
      builder().start().close();
      time.advance(Duration.ofMinutes(1));
      assertThat(warnings(log)).isEmpty();
    }
  }

  /** Nothing on this class path evaluates conditions, so that all of them are wrong. */
  @Test
  void everyWrongRuleHasItsOwnLine() {
    files.file("a.yaml", """
        apiVersion: dapr.io/v2alpha1
        kind: Subscription
        metadata: {name: orders}
        spec:
          pubsubname: bus
          topic: orders
          routes:
            rules:
            - {match: event.type == "a", path: /a}
            - {match: "", path: /b}
            - match: event.type == "c"
              path: /c
            default: /rest
        """);
    var problems = files.problems(builder()
        .subscribe(
            "bus",
            "one",
            String.class,
            SubscribeOptions.defaults().route("x", "/x").route("y", "/y"),
            (event, delivery) -> DeliveryResult.SUCCESS)
        .subscribe(
            "bus",
            "two",
            String.class,
            SubscribeOptions.defaults().route("z", "/z"),
            (event, delivery) -> DeliveryResult.SUCCESS));
    assertThat(problems)
        .hasSize(5)
        .allMatch(problem -> problem.contains("pillion-cel"))
        .satisfiesExactly(
            x -> assertThat(x)
                .containsPattern(
                    "^SubscriptionWarningsTest.java:\\d+: the subscription to bus/one: the routing rule \"x\""),
            y -> assertThat(y).contains("bus/one: the routing rule \"y\""),
            z -> assertThat(z).contains("bus/two: the routing rule \"z\""),
            a -> assertThat(a)
                .startsWith(
                    "a.yaml:9: subscription \"orders\": the routing rule \"event.type == \"a\"\""),
            c -> assertThat(c).startsWith("a.yaml:11: subscription \"orders\""));
  }

  @Test
  void metadataThatTheInMemoryBrokerDoesNotKnowIsWarnedOf() {
    try (var log = new CapturedLog();
        var runtime = builder().start()) {
      runtime.subscribe(
          "bus",
          "orders",
          String.class,
          SubscribeOptions.defaults()
              .raw()
              .metadata("rawpayload", "true")
              .metadata("maxInFlight", "3"),
          (event, delivery) -> DeliveryResult.SUCCESS);
      assertThat(warnings(log))
          .containsExactly(
              "WARN pubsub \"bus\": the subscription metadata \"maxInFlight\" of the topic \"orders\" has no effect; this broker knows \"rawPayload\" alone",
              "WARN pubsub \"bus\": the subscription metadata \"rawpayload\" of the topic \"orders\" has no effect; did you mean \"rawPayload\"?");
    }
  }

  @Test
  void theDescriptionHasTheSubscriptionsOfFilesAndCode() {
    subscription("a.yaml", "orders", "orders", "[]");
    try (var runtime =
        builder().subscribe("bus", "paid", String.class, data -> {}).start()) {
      var registration = runtime.subscribe("bus", "orders", String.class, data -> {});
      registration.pause();
      var told = runtime.describe();
      assertThat(told.subscriptions())
          .extracting(SubscriptionDescription::topic, SubscriptionDescription::consumerId)
          .containsExactly(tuple("orders", "orders"), tuple("paid", "orders"));
      assertThat(told.toString().replace(folder + "/", ""))
          .containsPattern(
              "subscription to bus/orders as \"orders\" from \"orders\" at a.yaml:2, routes \\[\"/orders\"\\], 0 of 1 handlers busy\\R"
                  + "    handler at SubscriptionWarningsTest.java:\\d+, paused\\R"
                  + "  subscription to bus/paid as \"orders\" from SubscriptionWarningsTest.java:\\d+, 0 of 1");
    }
  }
}
