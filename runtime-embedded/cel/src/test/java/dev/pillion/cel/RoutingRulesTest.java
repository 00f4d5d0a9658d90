// SPDX-License-Identifier: Apache-2.0
package dev.pillion.cel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import dev.pillion.InvalidConfigurationException;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.runtime.EmbeddedRuntime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Wrong conditions of routing rules, from a Dapr user's file and in code. */
class RoutingRulesTest {
  private final Logger logger = (Logger) LoggerFactory.getLogger("dev.pillion.pubsub.engine");
  private final Warnings warnings = new Warnings();

  @TempDir
  Path folder;

  private static final class Warnings extends AppenderBase<ILoggingEvent> {
    final List<String> lines = new CopyOnWriteArrayList<>();

    @Override
    protected void append(ILoggingEvent event) {
      if (event.getLevel() == Level.WARN) {
        lines.add(event.getFormattedMessage());
      }
    }
  }

  @BeforeEach
  void listen() {
    warnings.start();
    logger.addAppender(warnings);
  }

  @AfterEach
  void stopListening() {
    logger.detachAppender(warnings);
  }

  private EmbeddedRuntime.Builder builder(String... rules) throws IOException {
    var text = """
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata: {name: bus}
        spec: {type: pubsub.in-memory, version: v1}
        ---
        apiVersion: dapr.io/v2alpha1
        kind: Subscription
        metadata: {name: orders}
        spec:
          pubsubname: bus
          topic: orders
          deadLetterTopic: dead
          routes:
            default: /rest
            rules:
        """;
    Files.writeString(folder.resolve("a.yaml"), text + String.join("", rules));
    return EmbeddedRuntime.builder("shop").resources(folder);
  }

  private static String rule(String match) {
    return "    - {match: \"%s\", path: /x}\n".formatted(match);
  }

  private List<String> withoutFolder(List<String> texts) {
    return texts.stream().map(text -> text.replace(folder + "/", "")).toList();
  }

  @Test
  void everyWrongRuleIsReportedWithItsLine() throws IOException {
    var builder = builder(
            rule("event.type = 'x'"), rule("event.type == 'y'"), rule("event.type.like('z')"))
        .subscribe(
            "bus",
            "paid",
            String.class,
            SubscribeOptions.defaults().route("matchs(event.type, 'x')", "/x").route("(", "/y"),
            (event, delivery) -> DeliveryResult.SUCCESS);
    var failure = catchThrowableOfType(InvalidConfigurationException.class, builder::start);
    assertThat(withoutFolder(failure.problems()))
        .satisfiesExactly(
            one -> assertThat(one)
                .startsWith("RoutingRulesTest.java:")
                .contains("the subscription to bus/paid: the routing rule \"matchs("),
            one -> assertThat(one).startsWith("RoutingRulesTest.java:").contains("rule \"(\""),
            one -> assertThat(one)
                .startsWith(
                    "a.yaml:16: subscription \"orders\": the routing rule \"event.type = 'x'\""),
            one -> assertThat(one)
                .startsWith("a.yaml:18: subscription \"orders\": ")
                .contains("undeclared reference to 'like'"));
  }

  @Test
  void aRuleThatCanNeverBeTrueOrFalseIsRefusedBesideOthers() throws IOException {
    var builder =
        builder(rule("evnt.type == 'x'"), rule("size(event.type)"), rule("event.type = 'x'"));
    var failure = catchThrowableOfType(InvalidConfigurationException.class, builder::start);
    assertThat(withoutFolder(failure.problems()))
        .satisfiesExactly(
            one -> assertThat(one)
                .startsWith("a.yaml:17: subscription \"orders\": ")
                .endsWith(
                    "\"size(event.type)\" is no condition: its result is neither true nor false, but of the type int"),
            one -> assertThat(one).startsWith("a.yaml:18: subscription \"orders\": "));
    assertThat(withoutFolder(warnings.lines)).singleElement().asString().startsWith("a.yaml:16: ");
  }

  @Test
  void anUnknownVariableIsWarnedOfAndItsEventsFailAsInDapr() throws IOException {
    var dead = new CopyOnWriteArrayList<String>();
    try (var runtime = builder(rule("evnt.type == 'x'"), rule("event.type == foo"))
        .subscribe("bus", "dead", String.class, dead::add)
        .subscribe("bus", "orders", String.class, data -> {})
        .subscribe(
            "bus",
            "paid",
            String.class,
            SubscribeOptions.defaults().route("Event.type == 'x'", "/x"),
            (event, delivery) -> DeliveryResult.SUCCESS)
        .start()) {
      assertThat(withoutFolder(warnings.lines))
          .satisfiesExactly(
              one -> assertThat(one)
                  .isEqualTo(
                      "a.yaml:16: subscription \"orders\": the routing rule \"evnt.type == 'x'\": there is no variable \"evnt\", did you mean \"event\"?; an event that comes to this rule will fail"),
              one -> assertThat(one)
                  .startsWith("a.yaml:17: ")
                  .contains("there is no variable \"foo\", only \"event\""),
              one -> assertThat(one)
                  .startsWith("RoutingRulesTest.java:")
                  .contains("the subscription to bus/paid")
                  .contains("\"Event\", did you mean \"event\"?"));

      runtime.topic("bus", "orders").publish("lost");

      await().atMost(Duration.ofSeconds(20)).until(() -> dead.contains("lost"));
    }
  }
}
