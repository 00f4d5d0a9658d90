// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.pubsub.spi.Message;
import java.util.HashMap;
import java.util.Map;

/** What a message carries beside its bytes, with what Dapr adds. */
final class MessageMetadata {
  private MessageMetadata() {}

  /** The metadata a handler sees; unmodifiable. */
  static Map<String, String> of(Message message, String pubsub) {
    var all = new HashMap<>(message.metadata());
    all.put("pubsubName", pubsub);
    var contentType = message.contentType();
    if (contentType != null) {
      all.put("content-type", contentType);
    }
    return Map.copyOf(all);
  }
}
