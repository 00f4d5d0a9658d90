// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import dev.pillion.SerializationException;
import dev.pillion.Serializer;
import dev.pillion.TypeRef;
import dev.pillion.state.DeleteOptions;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.SaveOptions;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StateValue;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The way of a value into the store and back: copy or serialize, check JSON, encrypt. */
final class Values {
  private final Serializer serializer;
  private final @Nullable StateEncryption encryption;
  private final boolean serializesJson;

  Values(Serializer serializer, @Nullable StateEncryption encryption) {
    this.serializer = serializer;
    this.encryption = encryption;
    this.serializesJson = StateChange.JSON.equals(serializer.contentType());
  }

  /**
   * What the store is given.
   *
   * @param jsonAllowed whether bytes that the caller marks as JSON are stored as such; Dapr keeps
   *     bytes opaque in a transaction
   */
  StateValue toStore(Object value, Map<String, String> metadata, boolean jsonAllowed) {
    StateValue plain = plain(value, metadata, jsonAllowed);
    return encryption == null ? plain : new StateValue(encryption.encrypt(plain.bytes()), false);
  }

  private StateValue plain(Object value, Map<String, String> metadata, boolean jsonAllowed) {
    if (value instanceof byte[] bytes) {
      return jsonAllowed && StateChange.JSON.equals(metadata.get(StateChange.CONTENT_TYPE))
          ? new StateValue(JsonText.compact(bytes), true)
          : new StateValue(bytes.clone(), false);
    }
    if (value instanceof Class
        || value instanceof TypeRef
        || value instanceof Optional
        || value instanceof SaveOptions
        || value instanceof ReadOptions
        || value instanceof DeleteOptions) {
      throw new IllegalArgumentException("a " + value.getClass().getSimpleName()
          + " is no value to save; are the arguments in order?");
    }
    return new StateValue(serializer.serialize(value), serializesJson);
  }

  /** The plain bytes of what the store returned. */
  byte[] decrypted(byte[] stored) {
    return encryption == null ? stored : encryption.decrypt(stored);
  }

  /** The value that plain bytes stand for, any type but {@code byte[]}; null for JSON's null. */
  <T> @Nullable T toValue(byte[] plain, TypeRef<T> type) {
    try {
      return serializer.deserialize(plain, type);
    } catch (SerializationException e) {
      if (encryption == null) {
        throw e;
      }
      return EncryptedText.read(plain, type, serializer, e);
    }
  }
}
