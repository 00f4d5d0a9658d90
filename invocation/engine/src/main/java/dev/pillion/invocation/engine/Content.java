// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.Serializer;
import dev.pillion.TypeRef;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How values are bodies: bytes untouched, text where it says so, all else by the serializer. */
final class Content {
  private static final String BYTES = "application/octet-stream";

  private Content() {}

  static byte[] bytes(@Nullable Object value, Serializer serializer) {
    if (value == null) {
      return new byte[0];
    }
    return value instanceof byte[] bytes ? bytes : serializer.serialize(value);
  }

  static String typeOf(@Nullable Object value, Serializer serializer) {
    if (value == null) {
      return "";
    }
    return value instanceof byte[] ? BYTES : serializer.contentType();
  }

  /** What the bytes stand for; null for none at all, unless bytes are asked for. */
  @SuppressWarnings("unchecked") // T is what type says.
  static <T> @Nullable T read(
      byte[] bytes, String contentType, TypeRef<T> type, Serializer serializer) {
    if (type.type() == byte[].class) {
      return (T) bytes;
    }
    if (bytes.length == 0) {
      return null;
    }
    if (type.type() == String.class && isText(contentType)) {
      return (T) new String(bytes, StandardCharsets.UTF_8);
    }
    return serializer.deserialize(bytes, type);
  }

  private static boolean isText(String contentType) {
    var lower = contentType.toLowerCase(Locale.ROOT);
    return lower.startsWith("text/") || lower.startsWith("application/xml");
  }

  /**
   * Refuses what is surely a mistake.
   *
   * @throws IllegalArgumentException when the request is no value
   */
  static void requireValue(@Nullable Object request) {
    if (request instanceof Type
        || request instanceof TypeRef<?>
        || request instanceof Optional<?>
        || request instanceof dev.pillion.invocation.InvokeOptions
        || request instanceof dev.pillion.invocation.InvocationRequest) {
      throw new IllegalArgumentException(
          "a %s is no request: invoke(method, request, type) has the request second, null for none"
              .formatted(request.getClass().getSimpleName()));
    }
  }
}
