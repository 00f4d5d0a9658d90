// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import dev.pillion.ComponentException;
import dev.pillion.SerializationException;
import dev.pillion.Serializer;
import dev.pillion.TypeRef;
import dev.pillion.state.Consistency;
import dev.pillion.state.DeleteOptions;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.SaveOptions;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StateValue;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The way of a value into the store and back: copy or serialize, check JSON, encrypt. */
final class Values {
  /** What stands where a value should when arguments are mixed up. */
  private static final List<Class<?>> NO_PAYLOAD = List.of(
      Class.class,
      TypeRef.class,
      Optional.class,
      SaveOptions.class,
      ReadOptions.class,
      DeleteOptions.class);

  private final Serializer serializer;
  private final @Nullable StateEncryption encryption;
  private final boolean serializesJson;
  private final boolean sharesValues;
  private final int maxSize;

  /**
   * The values of one store.
   *
   * @param sharesValues whether the arrays that the store returns are its own
   * @param maxSize how many bytes the store takes for one value
   */
  Values(
      Serializer serializer,
      @Nullable StateEncryption encryption,
      boolean sharesValues,
      int maxSize) {
    this.serializer = serializer;
    this.encryption = encryption;
    this.sharesValues = sharesValues;
    this.maxSize = maxSize;
    this.serializesJson = StateChange.JSON.equals(serializer.contentType());
  }

  /**
   * What the store is given.
   *
   * @param key the program's, for what may be wrong with the value
   * @param jsonAllowed whether bytes that the caller marks as JSON are stored as such; Dapr keeps
   *     bytes opaque in a transaction
   */
  StateValue toStore(String key, Object value, Map<String, String> metadata, boolean jsonAllowed) {
    StateValue plain = plain(value, metadata, jsonAllowed);
    var given =
        encryption == null ? plain : new StateValue(encryption.encrypt(plain.bytes()), false);
    if (given.bytes().length > maxSize) {
      throw new ComponentException(
          "ERR_STATE_SAVE",
          "the value of key \"%s\" is too large: %d bytes are to be stored, and the store takes at most %d; nothing was sent"
              .formatted(key, given.bytes().length, maxSize),
          false,
          null);
    }
    return given;
  }

  /** The media type of what is stored of a value; empty when nobody but the caller knows it. */
  String contentType(Object value) {
    return encryption != null || value instanceof byte[] ? "" : serializer.contentType();
  }

  /**
   * The request metadata a store is given: an encrypted value is no JSON, whatever its plain text
   * is, and must not be kept or looked for as such.
   */
  Map<String, String> metadata(Map<String, String> asked) {
    if (encryption == null || !asked.containsKey(StateChange.CONTENT_TYPE)) {
      return asked;
    }
    var without = new HashMap<>(asked);
    without.remove(StateChange.CONTENT_TYPE);
    return Map.copyOf(without);
  }

  /** The options a store is given for a read, by the same rule. */
  ReadOptions options(ReadOptions asked) {
    var metadata = metadata(asked.metadata());
    if (metadata == asked.metadata()) {
      return asked;
    }
    var given =
        asked.consistency() == Consistency.STRONG ? ReadOptions.strong() : ReadOptions.defaults();
    for (var entry : metadata.entrySet()) {
      given = given.metadata(entry.getKey(), entry.getValue());
    }
    return given;
  }

  private StateValue plain(Object value, Map<String, String> metadata, boolean jsonAllowed) {
    if (value instanceof byte[] bytes) {
      if (!jsonAllowed || !StateChange.JSON.equals(metadata.get(StateChange.CONTENT_TYPE))) {
        return new StateValue(bytes.clone(), false);
      }
      byte[] compact = JsonText.compact(bytes);
      // What is encrypted is what the caller gave, which a compact copy is not.
      return encryption == null
          ? new StateValue(compact, true)
          : new StateValue(bytes.clone(), false);
    }
    for (Class<?> type : NO_PAYLOAD) {
      if (type.isInstance(value)) {
        throw new IllegalArgumentException("a %s is no value to save; are the arguments in order?"
            .formatted(type.getSimpleName()));
      }
    }
    return new StateValue(serializer.serialize(value), serializesJson);
  }

  /** The value of what the store returned; null for JSON's null. */
  <T> @Nullable T toValue(byte[] stored, TypeRef<T> type) {
    byte[] plain = encryption == null ? stored : encryption.decrypt(stored);
    if (type.type() == byte[].class) {
      @SuppressWarnings("unchecked")
      T bytes = (T) (sharesValues && plain == stored ? plain.clone() : plain);
      return bytes;
    }
    try {
      return serializer.deserialize(plain, type);
    } catch (SerializationException e) {
      // Encrypted or not, JSON of another type is the same mistake.
      if (encryption == null || JsonText.isJson(plain)) {
        throw e;
      }
      return EncryptedText.read(plain, type, serializer, e);
    }
  }
}
