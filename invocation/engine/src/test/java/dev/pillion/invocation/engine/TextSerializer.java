// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.SerializationException;
import dev.pillion.Serializer;
import dev.pillion.TypeRef;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Values as what {@code toString} says, for tests that are about something else. */
final class TextSerializer implements Serializer {
  @Override
  public byte[] serialize(Object value) {
    return value.toString().getBytes(StandardCharsets.UTF_8);
  }

  @Override
  @SuppressWarnings("unchecked") // It reads strings and lists of them alone.
  public <T> @Nullable T deserialize(byte[] bytes, TypeRef<T> type) {
    var text = new String(bytes, StandardCharsets.UTF_8);
    if (type.type() == String.class) {
      return (T) text;
    }
    if (type.type() == StringBuilder.class) {
      return (T) new StringBuilder(text);
    }
    throw new SerializationException("\"" + text + "\" is no " + type, null);
  }

  @Override
  public String contentType() {
    return "text/plain";
  }
}
