// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.pubsub.spi.Message;
import org.jspecify.annotations.Nullable;

/**
 * An event as it has just been written, and what is known of it without reading it again.
 *
 * @param json nobody may change it
 * @param endOfData where its first member ends, which holds the data
 * @param attributes all other members; null when the publisher gave a CloudEvent of its own
 */
@SuppressWarnings("ArrayRecordComponent") // Passed through, never compared.
record WrittenEvent(byte[] json, int endOfData, @Nullable EventAttributes attributes) {
  /** The event of a message with these bytes: the same as {@link JsonEvent#read} finds. */
  ReceivedEvent readFrom(Message message) {
    return attributes == null
        ? JsonEvent.read(message)
        : JsonEvent.of(attributes.read(), message, json, endOfData);
  }
}
