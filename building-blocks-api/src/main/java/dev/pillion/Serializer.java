// SPDX-License-Identifier: Apache-2.0
package dev.pillion;

/**
 * Turns the application's values into bytes and back.
 *
 * <p>One serializer serves a whole runtime. {@code byte[]} never reaches it: bytes pass untouched.
 * It decides the bytes of the application's values only, never an envelope or a storage layout.
 * Implementations are thread-safe.
 */
public interface Serializer {
  /**
   * The bytes of {@code value}, in a fresh array that the caller owns.
   *
   * @throws SerializationException when the value can't be written
   */
  byte[] serialize(Object value);

  /**
   * The value that {@code bytes} stand for; null when they stand for "nothing", such as JSON's
   * {@code null}.
   *
   * @throws SerializationException when the bytes are not of that type
   */
  <T> @org.jspecify.annotations.Nullable T deserialize(byte[] bytes, TypeRef<T> type);

  /**
   * The media type of what {@link #serialize} returns; {@code application/json} lets stores keep it
   * as JSON.
   */
  String contentType();
}
