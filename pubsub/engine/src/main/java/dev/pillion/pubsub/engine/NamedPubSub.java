// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.pubsub.spi.PubSubComponent;

/**
 * A pubsub as one app of the runtime sees it.
 *
 * @param topicPrefix what the broker knows topics with before their own name; empty for nothing
 * @param consumerId the group of subscriptions that name none
 */
record NamedPubSub(
    String name,
    PubSubComponent component,
    Envelope envelope,
    TopicScopes scopes,
    String topicPrefix,
    String consumerId) {

  /** The topic as the broker knows it. */
  String stored(String topic) {
    return topicPrefix + topic;
  }

  /** What calls name: bounded in number where the topics are. */
  String target(String topic) {
    return name + "/" + topic;
  }
}
