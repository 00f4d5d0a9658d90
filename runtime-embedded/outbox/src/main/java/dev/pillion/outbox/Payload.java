// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import dev.pillion.Serializer;
import dev.pillion.TypeRef;
import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.SubscribeOptions;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a program publishes, as bytes of their own and their media type, by the rules of
 * {@link dev.pillion.pubsub.Topic#publish}.
 */
@SuppressWarnings("ArrayRecordComponent") // Passed through, never compared.
record Payload(byte[] bytes, String contentType) {
  private static final List<Class<?>> NO_DATA = List.of(
      Class.class, TypeRef.class, Optional.class, PublishOptions.class, SubscribeOptions.class);

  static Payload of(@Nullable Object data, PublishOptions options, Serializer serializer) {
    var asked = options.contentType();
    if (data instanceof byte[] bytes) {
      return new Payload(bytes.clone(), asked == null ? "application/octet-stream" : asked);
    }
    var type = asked == null ? serializer.contentType() : asked;
    if (data == null) {
      return new Payload((isJson(type) ? "null" : "").getBytes(StandardCharsets.UTF_8), type);
    }
    if (data instanceof String text && !isJson(type)) {
      return new Payload(text.getBytes(StandardCharsets.UTF_8), type);
    }
    for (Class<?> kind : NO_DATA) {
      if (kind.isInstance(data)) {
        throw new IllegalArgumentException("a %s is no data to publish; are the arguments in order?"
            .formatted(kind.getSimpleName()));
      }
    }
    return new Payload(serializer.serialize(data), type);
  }

  private static boolean isJson(String contentType) {
    int parameters = contentType.indexOf(';');
    var type = parameters < 0 ? contentType : contentType.substring(0, parameters);
    return type.toLowerCase(Locale.ROOT).equals("application/json");
  }

  /** The event, with an id and the trace context unless the options have them. */
  OutboxEvent event(
      String pubsub, String topic, PublishOptions options, String traceparent, String tracestate) {
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
        bytes,
        contentType,
        Map.copyOf(metadata));
  }
}
