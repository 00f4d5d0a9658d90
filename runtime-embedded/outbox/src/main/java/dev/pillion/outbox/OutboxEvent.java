// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An event as it lies in the table: all of it is decided when it is written down, its id too.
 *
 * @param key events of a topic that have the same one are published in order; null for none
 * @param metadata the request metadata to publish with
 */
@SuppressWarnings("ArrayRecordComponent") // Passed through, never compared.
record OutboxEvent(
    String pubsub,
    String topic,
    @Nullable String key,
    byte[] data,
    String contentType,
    Map<String, String> metadata) {

  /** Whether it goes without an envelope, which only a call of its own can say. */
  boolean mayBeRaw() {
    return metadata.containsKey("rawPayload");
  }
}
