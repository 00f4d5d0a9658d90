// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.spi;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A message to publish.
 *
 * @param topic the topic as the broker knows it, with the namespace where there is one
 * @param data the bytes; not to be changed by anyone
 * @param metadata the request metadata, unmodifiable; null when there is none, which Dapr tells
 *     from an empty one on the wire
 * @param contentType the media type of the bytes: a CloudEvent's, or for raw payloads what the
 *     publisher gave; null when unknown
 */
@SuppressWarnings("ArrayRecordComponent") // Passed through, never compared.
public record OutgoingMessage(
    String topic,
    byte[] data,
    @Nullable Map<String, String> metadata,
    @Nullable String contentType) {

  /** The entry of the request metadata; null when there is none. */
  public @Nullable String metadata(String name) {
    return metadata == null ? null : metadata.get(name);
  }
}
