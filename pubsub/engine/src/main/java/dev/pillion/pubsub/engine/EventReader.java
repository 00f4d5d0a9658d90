// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.pubsub.spi.Message;
import java.util.function.Supplier;

/**
 * Reads what a broker delivers as the CloudEvents that messages are or, for a raw subscription,
 * become; one object for each subscription. Thread-safe.
 */
final class EventReader {
  private final String pubsub;
  private final String topic;
  private final boolean raw;
  private final Supplier<String> ids;

  /**
   * @param topic as the app knows it, without the namespace
   * @param raw whether the subscription takes messages for mere bytes
   * @param ids makes the ids of raw events, UUIDs of version 4
   */
  EventReader(String pubsub, String topic, boolean raw, Supplier<String> ids) {
    this.pubsub = pubsub;
    this.topic = topic;
    this.raw = raw;
    this.ids = ids;
  }

  /**
   * The message's event.
   *
   * @throws MalformedEventException when the message is neither a JSON object nor null, is nested
   *     too deeply, or has a number for an attribute that is beyond all types
   */
  ReceivedEvent read(Message message) {
    if (raw) {
      return BytesEvent.raw(message.data(), message.metadata(), pubsub, topic, ids.get());
    }
    String given = message.contentType();
    String contentType = given == null ? message.metadata().get("content-type") : given;
    if (contentType != null && ContentType.BINARY.matches(contentType)) {
      return BytesEvent.binaryMode(message.data(), message.metadata(), contentType);
    }
    return message instanceof MemoryMessage own ? own.event() : JsonEvent.read(message);
  }
}
