// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.spi.Payload;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
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

  /** The event of a payload, with an id and the trace context unless the options have them. */
  static OutboxEvent of(
      Payload payload,
      String pubsub,
      String topic,
      PublishOptions options,
      String traceparent,
      String tracestate) {
    var metadata = new TreeMap<>(options.metadata());
    if (!metadata.containsKey("rawPayload")) {
      var names = new TreeMap<String, String>(String.CASE_INSENSITIVE_ORDER);
      names.putAll(metadata);
      if (names.getOrDefault("cloudevent.id", "").isEmpty()) {
        metadata.put("cloudevent.id", UUID.randomUUID().toString());
      }
      boolean traced =
          names.containsKey("cloudevent.traceparent") || names.containsKey("cloudevent.traceid");
      if (!traceparent.isEmpty() && !traced) {
        // As the event's own: the relay's trace is another one, if there is any.
        metadata.put("cloudevent.traceparent", traceparent);
        metadata.putIfAbsent("cloudevent.tracestate", tracestate);
      }
    }
    return new OutboxEvent(
        pubsub,
        topic,
        options.metadata().get("partitionKey"),
        payload.bytes(),
        payload.contentType(),
        Map.copyOf(metadata));
  }

  /** Whether it goes without an envelope, which only a call of its own can say. */
  boolean mayBeRaw() {
    return metadata.containsKey("rawPayload");
  }
}
