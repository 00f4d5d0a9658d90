// SPDX-License-Identifier: Apache-2.0
package dev.pillion.polyglot;

import java.util.Map;
import java.util.Optional;

/** One that takes part in the {@link Crossing}, by the means its users have. */
interface Peer {
  String name();

  /** Saves a {@code byte[]} or an {@link Order}. */
  void save(String store, String key, Object value, Map<String, String> metadata);

  /** Saves when the etag still holds; when the key is missing for the empty etag. */
  void saveIf(String store, String key, byte[] value, String etag);

  Optional<Seen> read(String store, String key);

  /** An order, by the serializer its users have. */
  Order readOrder(String store, String key);

  /** Whether this is how it is told that an etag no longer holds. */
  boolean isMismatch(RuntimeException failure);

  /** A value and its etag. */
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared as a whole
  record Seen(byte[] value, String etag) {}
}
