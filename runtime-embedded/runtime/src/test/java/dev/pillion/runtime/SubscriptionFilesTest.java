// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.pillion.InvalidConfigurationException;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.SubscriptionDeclaration;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Subscription resources of both versions, and what is wrong with them. */
class SubscriptionFilesTest {
  private static final String BUS = """
      apiVersion: dapr.io/v1alpha1
      kind: Component
      metadata: {name: bus}
      spec: {type: pubsub.in-memory, version: v1}
      ---
      """;

  @TempDir
  Path folder;

  private ComponentFiles files;

  @BeforeEach
  void files() {
    files = new ComponentFiles(folder);
  }

  @Test
  void everythingThatDaprHasIsRead() {
    files.file("a.yaml", BUS + """
        apiVersion: dapr.io/v2alpha1
        kind: Subscription
        metadata: {name: orders}
        spec:
          pubsubname: bus
          topic: orders
          metadata: {rawPayload: "true", count: 1}
          routes:
            rules: [{match: "", path: /all}]
            default: /rest
          deadLetterTopic: dead
          bulkSubscribe: {enabled: true, maxMessagesCount: 7, maxAwaitDurationMs: 250}
        ---
        apiVersion: dapr.io/v1alpha1
        kind: Subscription
        metadata: {name: old}
        spec: {pubsubname: bus, topic: old, route: /old}
        """);
    try (var runtime = files.start()) {
      assertThat(runtime.subscriptions())
          .containsExactly(
              new SubscriptionDeclaration(
                  "orders",
                  "bus",
                  "orders",
                  SubscribeOptions.defaults()
                      .route("", "/all")
                      .otherwise("/rest")
                      .deadLetterTopic("dead")
                      .metadata("rawPayload", "true")
                      .metadata("count", "1")
                      .bulk(7, Duration.ofMillis(250))),
              new SubscriptionDeclaration(
                  "old", "bus", "old", SubscribeOptions.defaults().otherwise("/old")));
    }
  }

  @Test
  void theFirstOfATopicHoldsAndOtherAppsAreLeftAlone() {
    files.file("a.yaml", BUS + """
        apiVersion: dapr.io/v1alpha1
        kind: Subscription
        metadata: {name: theirs}
        spec: {pubsubname: bus, topic: orders, route: /theirs, wrong: field}
        scopes: [another]
        ---
        apiVersion: dapr.io/v1alpha1
        kind: Subscription
        metadata: {name: first}
        spec: {pubsubname: bus, topic: orders, route: /first}
        ---
        apiVersion: dapr.io/v1alpha1
        kind: Subscription
        metadata: {name: second}
        spec: {pubsubname: bus, topic: orders, route: /second}
        """);
    try (var runtime = files.start()) {
      assertThat(runtime.subscriptions())
          .extracting(SubscriptionDeclaration::name)
          .containsExactly("first");
    }
  }

  @Test
  void aHandlerLeavesItsOptionsToTheResource() {
    files.file("a.yaml", BUS + """
        apiVersion: dapr.io/v1alpha1
        kind: Subscription
        metadata: {name: orders}
        spec: {pubsubname: bus, topic: orders, route: /orders, deadLetterTopic: dead}
        """);
    try (var runtime = files.start()) {
      var dead = new CopyOnWriteArrayList<String>();
      var paths = new CopyOnWriteArrayList<String>();
      runtime.subscribe("bus", "dead", String.class, dead::add);
      runtime.subscribe(
          "bus",
          "orders",
          String.class,
          SubscribeOptions.defaults().onPath("/orders"),
          (event, delivery) -> {
            paths.add(delivery.path());
            return DeliveryResult.DROP;
          });
      runtime.topic("bus", "orders").publish("x");
      await().until(() -> dead.contains("x"));
      assertThat(paths).containsExactly("/orders");
      assertThatThrownBy(() -> runtime.subscribe(
              "bus",
              "other",
              String.class,
              SubscribeOptions.defaults().onPath("/x"),
              (event, delivery) -> DeliveryResult.SUCCESS))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("needs a subscription resource");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "v2alpha1 | {topic: t, routes: {default: /x}} | has no spec.pubsubname",
        "v2alpha1 | {pubsubname: bus, routes: {default: /x}} | has no spec.topic",
        "v2alpha1 | {pubsubname: bus, topic: t} | no event would match",
        "v2alpha1 | {pubsubname: bus, topic: t, routes: {}} | no event would match",
        "v2alpha1 | {pubsubname: bus, topic: t, route: /x} | did you mean \"routes\"?",
        "v1alpha1 | {pubsubname: bus, topic: t, routes: {default: /x}} | did you mean \"route\"?",
        "v1alpha1 | {pubsubname: bus, topic: t, deadLettertopic: d} | did you mean \"deadLetterTopic\"?",
        "v1alpha1 | {pubsubname: bus, topic: t, bulkSubscribe: {enabled: true, maxMessagesCount: many}} | \"many\" but must be a whole number",
        "v1alpha1 | {pubsubname: bus, topic: t, bulkSubscribe: {enabled: maybe}} | \"maybe\" but must be true or false",
        "v1alpha1 | {pubsubname: bus, topic: t, bulkSubscribe: {maxAwaitDurationMs: 10s}} | \"10s\" but must be a whole number",
        "v1alpha1 | {pubsubname: bus, topic: t, metadata: {rawPayload: maybe}} | rawPayload value must be a valid boolean",
        "v2alpha1 | {pubsubname: bus, topic: t, routes: {rules: [{match: x == 1, path: /x}]}} | pillion-cel",
        "v3 | {pubsubname: bus, topic: t} | dapr.io/v2alpha1",
      })
  void whatIsWrongIsSaidAtStart(String version, String spec, String problem) {
    files.file(
        "a.yaml",
        BUS + "apiVersion: dapr.io/" + version + "\nkind: Subscription\nmetadata: {name: s}\nspec: "
            + spec + "\n");
    assertThatThrownBy(() -> files.start().close())
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("a.yaml:")
        .hasMessageContaining(problem);
  }
}
