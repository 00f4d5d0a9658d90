// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.testkit;

import dev.pillion.HandlerRegistration;
import dev.pillion.pubsub.DeliveryHandler;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.Topic;
import java.time.Duration;

/** A runtime with one pubsub, as its program or a peer sees it. */
public interface PubSubDoor extends AutoCloseable {
  /** A topic to publish to. */
  Topic topic(String topic);

  /** Begins to take the events of a topic. */
  HandlerRegistration subscribe(
      String topic, SubscribeOptions options, DeliveryHandler<byte[]> handler);

  /** Ends it, draining what runs within the drain timeout it was opened with. */
  @Override
  void close();

  /**
   * What a door is opened with.
   *
   * @param appId the app id, which is the group too
   * @param attempts how often the inbound policy tries a delivery; 1 for no retry
   * @param pause how long the policy waits between two attempts
   * @param timeout when the policy ends an attempt; zero for never
   * @param drainTimeout how long closing waits for handlers
   */
  record Settings(
      String appId, int attempts, Duration pause, Duration timeout, Duration drainTimeout) {}
}
