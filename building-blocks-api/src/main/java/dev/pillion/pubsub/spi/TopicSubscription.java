// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.spi;

import dev.pillion.component.NearestName;
import java.time.Duration;
import java.util.List;
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

  /** The building block's own, whatever the broker. */
  private static final String RAW_PAYLOAD = "rawPayload";

  /** Of streams alone, whose group it is; elsewhere the options say it. */
  private static final String CONSUMER_ID = "consumerID";

  /**
   * What of the metadata has no effect on a broker without settings of its own there, one text an
   * entry: for its log.
   */
  public List<String> metadataWithoutEffect() {
    return metadata.entrySet().stream()
        .filter(entry -> !entry.getKey().equals(RAW_PAYLOAD))
        .filter(entry ->
            !entry.getKey().equals(CONSUMER_ID) || !entry.getValue().strip().equals(consumerId))
        .map(Map.Entry::getKey)
        .sorted()
        .map(key -> "the subscription metadata \"%s\" of the topic \"%s\" has no effect; %s"
            .formatted(
                key,
                topic,
                NearestName.to(key, List.of(RAW_PAYLOAD)) == null
                    ? "this broker knows \"" + RAW_PAYLOAD + "\" alone"
                    : "did you mean \"" + RAW_PAYLOAD + "\"?"))
        .toList();
  }

  /**
   * How many messages at a time.
   *
   * @param maxMessages at most so many; 0 for the component's own default
   * @param maxAwait waits so long for them from the first one on; zero for the component's own
   *     default
   */
  public record Bulk(int maxMessages, Duration maxAwait) {}
}
