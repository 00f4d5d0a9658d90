// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.pubsub.SubscriptionDeclaration;
import dev.pillion.runtime.AppConnection;
import dev.pillion.wire.runtime.v1.PubsubSubscription;
import dev.pillion.wire.runtime.v1.PubsubSubscriptionRule;
import dev.pillion.wire.runtime.v1.PubsubSubscriptionRules;
import dev.pillion.wire.runtime.v1.PubsubSubscriptionType;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Subscriptions as Dapr's metadata shows them. */
final class SubscribedTopics {
  private SubscribedTopics() {}

  /** Those of resources, but for what the program beside this one replaces, its own, streams. */
  static List<PubsubSubscription> of(
      List<SubscriptionDeclaration> declared,
      @Nullable AppConnection app,
      List<SubscriptionDeclaration> streams) {
    var requested = app == null ? List.<SubscriptionDeclaration>of() : app.subscriptions();
    var all = new ArrayList<PubsubSubscription>();
    for (var one : declared) {
      if (requested.stream().noneMatch(other -> isOfSameTopic(one, other))) {
        all.add(subscription(one, PubsubSubscriptionType.DECLARATIVE));
      }
    }
    requested.forEach(one -> all.add(subscription(one, PubsubSubscriptionType.PROGRAMMATIC)));
    streams.forEach(one -> all.add(subscription(one, PubsubSubscriptionType.STREAMING)));
    return all;
  }

  private static boolean isOfSameTopic(SubscriptionDeclaration one, SubscriptionDeclaration other) {
    return one.pubsub().equals(other.pubsub()) && one.topic().equals(other.topic());
  }

  private static PubsubSubscription subscription(
      SubscriptionDeclaration one, PubsubSubscriptionType type) {
    var rules = PubsubSubscriptionRules.newBuilder();
    one.options()
        .rules()
        .forEach(rule -> rules.addRules(
            PubsubSubscriptionRule.newBuilder().setMatch(rule.match()).setPath(rule.path())));
    var dead = one.options().deadLetterTopic();
    return PubsubSubscription.newBuilder()
        .setPubsubName(one.pubsub())
        .setTopic(one.topic())
        .putAllMetadata(one.options().metadata())
        .setRules(rules)
        .setDeadLetterTopic(dead == null ? "" : dead)
        .setType(type)
        .build();
  }
}
