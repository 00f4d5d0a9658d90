// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.SubscriptionDeclaration;
import dev.pillion.runtime.AppConnection;
import dev.pillion.wire.runtime.v1.PubsubSubscription;
import dev.pillion.wire.runtime.v1.PubsubSubscriptionType;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SubscribedTopicsTest {
  private static SubscriptionDeclaration to(String topic, SubscribeOptions options) {
    return new SubscriptionDeclaration("any", "bus", topic, options);
  }

  private static AppConnection asking(SubscriptionDeclaration... subscriptions) {
    return new AppConnection("http", "127.0.0.1", 3000, 0, "HEALTHY", null, List.of(subscriptions));
  }

  @Test
  void whatTheProgramAsksForReplacesWhatIsDeclared() {
    var declared = List.of(
        to("kept", SubscribeOptions.defaults().route("a", "/a").otherwise("/d").metadata("k", "v")),
        to("replaced", SubscribeOptions.defaults().otherwise("/declared")));
    var app = asking(
        to("replaced", SubscribeOptions.defaults().otherwise("/own").deadLetterTopic("dead")));
    var streams = List.of(to("replaced", SubscribeOptions.defaults().otherwise("/")));

    var shown = SubscribedTopics.of(declared, app, streams);
    assertThat(shown.stream().map(PubsubSubscription::getType))
        .containsExactly(
            PubsubSubscriptionType.DECLARATIVE,
            PubsubSubscriptionType.PROGRAMMATIC,
            PubsubSubscriptionType.STREAMING);
    assertThat(shown.get(0).getTopic()).isEqualTo("kept");
    assertThat(shown.get(0).getMetadataMap()).isEqualTo(Map.of("k", "v"));
    assertThat(shown.get(0).getRules().getRulesList().stream()
            .map(rule -> rule.getMatch() + ">" + rule.getPath()))
        .containsExactly("a>/a", ">/d");
    assertThat(shown.get(1).getRules().getRules(0).getPath()).isEqualTo("/own");
    assertThat(shown.get(1).getDeadLetterTopic()).isEqualTo("dead");
  }

  @Test
  void withoutAProgramThereIsWhatIsDeclared() {
    var declared = List.of(to("orders", SubscribeOptions.defaults().otherwise("/d")));
    assertThat(SubscribedTopics.of(declared, null, List.of())).hasSize(1);
    assertThat(SubscribedTopics.of(List.of(), null, List.of())).isEmpty();
  }
}
