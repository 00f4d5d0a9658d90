// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.spi;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What to take in.
 *
 * @param topic the topic as the broker knows it, with the namespace where there is one
 * @param consumerId the group that shares the messages
 * @param metadata the subscription's metadata; unmodifiable
 * @param concurrency how many messages the receiver has at a time, at most; 0 for the component's
 *     own limit
 * @param bulk asks for {@link MessageReceiver#receiveAll}; null for single messages
 */
public record TopicSubscription(
    String topic,
    String consumerId,
    Map<String, String> metadata,
    int concurrency,
    @Nullable Bulk bulk) {

  /**
   * How many messages at a time.
   *
   * @param maxMessages at most so many; 0 for the component's own default
   * @param maxAwait waits so long for them from the first one on; zero for the component's own
   *     default
   */
  public record Bulk(int maxMessages, Duration maxAwait) {}
}
