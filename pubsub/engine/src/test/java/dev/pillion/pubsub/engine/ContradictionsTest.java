// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.HandlerRegistration;
import dev.pillion.TypeRef;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.testkit.ManualTime;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Which handlers may share the events of a topic and group. */
class ContradictionsTest {
  private static final String PLACES =
      "at ContradictionsTest.java:\\d+ and .* at ContradictionsTest.java:\\d+; they share";

  private final FakeBroker broker = new FakeBroker();
  private final PubSubEngine engine = TestEngine.on(broker, new ManualTime(), 1, Duration.ZERO);

  private static SubscribeOptions options() {
    return SubscribeOptions.defaults();
  }

  private HandlerRegistration handler(SubscribeOptions options) {
    return engine.subscribe(
        "bus",
        "orders",
        TypeRef.of(byte[].class),
        options,
        (event, delivery) -> DeliveryResult.SUCCESS);
  }

  private void refused(SubscribeOptions options, String difference) {
    assertThatThrownBy(() -> handler(options))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("handlers of the topic \"orders\" of the pubsub \"bus\" contradict")
        .hasMessageContaining(difference)
        .hasMessageFindingMatch(PLACES);
  }

  @Test
  void anotherDeadLetterTopicIsRefused() {
    handler(options().deadLetterTopic("dead"));
    refused(options().deadLetterTopic("other"), "the dead letter topic is \"dead\" at");
    refused(options(), "and none at");
  }

  @Test
  void anotherRoutingIsRefused() {
    handler(options().route("t.x", "/x").otherwise("/rest"));
    refused(options().route("t.x", "/x").otherwise("/other"), "the routing is");
    refused(options().route("t.x", "/x"), "[\"/x\" if t.x] at");
  }

  @Test
  void otherMetadataIsRefused() {
    handler(options().metadata("ordering", "topic"));
    refused(options().metadata("ordering", "key"), "the subscription metadata is {ordering=topic}");
    refused(options().raw(), "{rawPayload=true} at");
  }

  @Test
  void moreConcurrencyThanTheBrokerWasAskedForIsRefused() {
    handler(options().concurrency(2));
    refused(options().concurrency(3), "the concurrency is 2 at");
    handler(options());
    handler(options().concurrency(1));
    handler(options().concurrency(2));
  }

  @Test
  void handlersOfOnePathAgreeOnTheConcurrencyAsWell() {
    TestEngine.declare(engine, options().route("t.x", "/x").otherwise("/rest"));
    handler(options().onPath("/x").concurrency(2));
    refused(options().onPath("/x").concurrency(3), "the concurrency is 2 at");
    handler(options().onPath("/rest").concurrency(3));
  }

  @Test
  void aResourceIsNamedByItsPlace() {
    TestEngine.declare(engine, options().otherwise("/x").deadLetterTopic("dead"));
    handler(options());
    assertThatThrownBy(() -> handler(options().otherwise("/x")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(
            "is \"dead\" at \"orders\" at orders.yaml:1 and none at Contradictions");
  }

  @Test
  void whatIsRefusedLeavesTheFirstAloneAndAnotherGroupIsFree() {
    handler(options().deadLetterTopic("dead"));
    refused(options(), "the dead letter topic");
    handler(options().consumerId("other"));
    assertThat(engine.describe())
        .extracting(SubscriptionDescription::consumerId, one -> one.handlers().size())
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("other", 1),
            org.assertj.core.groups.Tuple.tuple("shop", 1));
  }

  @Test
  void theNextSubscriptionOfAnAppAndStreamsOfPeersMayDiffer() {
    var app = handler(options().forApp("the app").consumerId("a").otherwise("/x"));
    handler(options().forApp("the app").consumerId("a").otherwise("/y"));
    app.close();
    handler(options().forPeer("a stream").otherwise("/"));
    handler(options().forPeer("a stream").otherwise("/").deadLetterTopic("dead"));
    handler(options());
  }
}
