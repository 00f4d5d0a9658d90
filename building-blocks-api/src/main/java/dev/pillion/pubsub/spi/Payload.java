// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.spi;

import dev.pillion.Serializer;
import dev.pillion.TypeRef;
import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.SubscribeOptions;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a program publishes, as bytes of their own and the media type that goes with them: the rules
 * of {@link dev.pillion.pubsub.Topic#publish}, for whoever keeps an event before it is published.
 *
 * @param bytes nobody else's
 * @param contentType the media type of the data; empty is {@code text/plain}
 */
@SuppressWarnings("ArrayRecordComponent") // Passed through, never compared.
public record Payload(byte[] bytes, String contentType) {
  private static final byte[] NULL = "null".getBytes(StandardCharsets.UTF_8);

  /** What stands where data should when arguments are mixed up. */
  private static final List<Class<?>> NO_DATA = List.of(
      Class.class, TypeRef.class, Optional.class, PublishOptions.class, SubscribeOptions.class);

  /**
   * The payload of {@code data}.
   *
   * @param data {@code byte[]}, which are copied, text, a value for the serializer, or null
   * @throws IllegalArgumentException when an argument of another kind stands where data should
   * @throws dev.pillion.SerializationException when it can't be written
   */
  public static Payload of(@Nullable Object data, PublishOptions options, Serializer serializer) {
    var asked = options.contentType();
    if (data instanceof byte[] bytes) {
      return new Payload(bytes.clone(), asked == null ? "application/octet-stream" : asked);
    }
    var type = asked == null ? serializer.contentType() : asked;
    if (data == null) {
      return new Payload(isJson(type) ? NULL.clone() : new byte[0], type);
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
}
