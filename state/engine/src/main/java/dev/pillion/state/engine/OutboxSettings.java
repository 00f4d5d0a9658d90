// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import dev.pillion.component.ComponentMetadata;
import java.util.Optional;

/**
 * Where a store with Dapr's transactional outbox publishes what its transactions save.
 *
 * @param publishPubsub the pubsub of the final events
 * @param publishTopic their topic
 * @param pubsub the pubsub of the internal topic
 * @param discardWhenMissingState whether an event whose transaction was not applied is given up;
 *     else the broker delivers it again
 */
public record OutboxSettings(
    String publishPubsub, String publishTopic, String pubsub, boolean discardWhenMissingState) {
  private static final String PUBSUB = "outboxPublishPubsub";
  private static final String TOPIC = "outboxPublishTopic";

  /** What the metadata says; empty when there is no outbox, or not enough to make one. */
  static Optional<OutboxSettings> of(ComponentMetadata metadata) {
    var publishPubsub = metadata.text(PUBSUB).orElse("");
    var publishTopic = metadata.text(TOPIC).orElse("");
    var pubsub = metadata.text("outboxPubsub").filter(name -> !name.isEmpty());
    boolean discard = metadata.truthy("outboxDiscardWhenMissingState", false);
    if (publishPubsub.isEmpty() != publishTopic.isEmpty()) {
      metadata.problem("\"%s\" needs \"%s\" as well: an outbox has both"
          .formatted(
              publishPubsub.isEmpty() ? TOPIC : PUBSUB, publishPubsub.isEmpty() ? PUBSUB : TOPIC));
    } else if (publishPubsub.isEmpty() && (pubsub.isPresent() || discard)) {
      metadata.problem("an outbox needs \"%s\" and \"%s\"".formatted(PUBSUB, TOPIC));
    }
    return publishPubsub.isEmpty() || publishTopic.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new OutboxSettings(publishPubsub, publishTopic, pubsub.orElse(publishPubsub), discard));
  }
}
