// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import dev.pillion.SerializationException;
import dev.pillion.Serializer;
import dev.pillion.TypeRef;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The texts that a daprd encrypts in place of JSON: over HTTP a string without its quotes and null
 * as {@code <nil>}, in a gRPC transaction the bytes as a list of decimals. They are read where
 * nothing else can be meant, and never written.
 */
final class EncryptedText {
  // A single one would be JSON, and is read as such.
  private static final Pattern DECIMALS = Pattern.compile("\\[\\d{1,3}( \\d{1,3})+]");

  private EncryptedText() {}

  /**
   * The value of plain bytes that are not JSON; throws {@code notJson} when they are no such text
   * of the asked type either.
   */
  @SuppressWarnings("unchecked") // T is String where it is cast
  static <T> @Nullable T read(
      byte[] plain, TypeRef<T> type, Serializer serializer, SerializationException notJson) {
    var text = new String(plain, StandardCharsets.UTF_8);
    if (text.equals("<nil>")) {
      return null;
    }
    if (DECIMALS.matcher(text).matches()) {
      byte[] bytes = bytes(text);
      if (bytes != null) {
        try {
          return serializer.deserialize(bytes, type);
        } catch (SerializationException e) {
          // Then it can only be a string that looks so.
          notJson.addSuppressed(e);
        }
      }
    }
    if (type.type() == String.class) {
      return (T) text;
    }
    throw notJson;
  }

  private static byte @Nullable [] bytes(String decimals) {
    var out = new ByteArrayOutputStream();
    for (String decimal : decimals.substring(1, decimals.length() - 1).split(" ")) {
      int value = Integer.parseInt(decimal);
      if (value > 255) {
        return null;
      }
      out.write(value);
    }
    return out.toByteArray();
  }
}
