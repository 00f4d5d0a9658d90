// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import dev.pillion.SerializationException;
import dev.pillion.component.ComponentMetadata;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * State encryption in Dapr's layout: base64 of nonce, ciphertext and tag, then {@code ||} and the
 * name of the key. Writes use the primary key, reads the one that the record names.
 */
final class StateEncryption {
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;

  private final String store;
  private final Key primary;
  private final @Nullable Key secondary;
  private final SecureRandom random = new SecureRandom();

  private record Key(String name, SecretKeySpec secret) {}

  private StateEncryption(String store, Key primary, @Nullable Key secondary) {
    this.store = store;
    this.primary = primary;
    this.secondary = secondary;
  }

  /** Null when the component has no primary key. Problems go to the metadata. */
  static @Nullable StateEncryption of(String store, ComponentMetadata metadata) {
    var primary = key("primaryEncryptionKey", metadata);
    var secondary = key("secondaryEncryptionKey", metadata);
    if (primary != null && secondary != null && primary.name.equals(secondary.name)) {
      metadata.problem(
          "\"primaryEncryptionKey\" and \"secondaryEncryptionKey\" come from the same secret \""
              + primary.name
              + "\"; a record names its key by the secret, so give them different ones");
    }
    if (primary == null && secondary != null) {
      metadata.problem("\"secondaryEncryptionKey\" needs a \"primaryEncryptionKey\" to write with");
    }
    return primary == null ? null : new StateEncryption(store, primary, secondary);
  }

  private static @Nullable Key key(String setting, ComponentMetadata metadata) {
    var hex = metadata.text(setting).orElse(null);
    if (hex == null) {
      return null;
    }
    var name = metadata.secretName(setting).orElse("");
    if (name.isEmpty() || name.contains(KeyPrefix.SEPARATOR)) {
      metadata.problem("\"" + setting
          + "\" needs a secretKeyRef whose name has no \"||\": records name their key by it");
      return null;
    }
    try {
      byte[] bytes = HexFormat.of().parseHex(hex);
      if (bytes.length == 16 || bytes.length == 24 || bytes.length == 32) {
        return new Key(name, new SecretKeySpec(bytes, "AES"));
      }
    } catch (IllegalArgumentException e) {
      // Reported below: the parser's message would quote the secret.
    }
    metadata.problem("\"" + setting + "\" must be 16, 24 or 32 bytes in hexadecimal");
    return null;
  }

  byte[] encrypt(byte[] plain) {
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    try {
      var cipher = Cipher.getInstance("AES/GCM/NoPadding");
      cipher.init(Cipher.ENCRYPT_MODE, primary.secret, new GCMParameterSpec(TAG_BITS, nonce));
      byte[] sealed = Arrays.copyOf(nonce, NONCE_BYTES + cipher.getOutputSize(plain.length));
      cipher.doFinal(plain, 0, plain.length, sealed, NONCE_BYTES);
      return (Base64.getEncoder().encodeToString(sealed) + KeyPrefix.SEPARATOR + primary.name)
          .getBytes(StandardCharsets.UTF_8);
    } catch (GeneralSecurityException e) {
      throw new SerializationException(
          "could not encrypt data for state store \"" + store + "\"", e);
    }
  }

  byte[] decrypt(byte[] record) {
    if (record.length == 0) {
      return record;
    }
    var text = new String(record, StandardCharsets.UTF_8);
    int separator = text.lastIndexOf(KeyPrefix.SEPARATOR);
    if (separator < 0) {
      throw failure(
          "the record names no key; it was written before encryption was switched on", null);
    }
    var key = keyNamed(text.substring(separator + KeyPrefix.SEPARATOR.length()));
    try {
      byte[] sealed = Base64.getDecoder().decode(text.substring(0, separator));
      if (sealed.length < NONCE_BYTES + TAG_BITS / 8) {
        throw failure("the record is cut short", null);
      }
      var cipher = Cipher.getInstance("AES/GCM/NoPadding");
      cipher.init(
          Cipher.DECRYPT_MODE, key.secret, new GCMParameterSpec(TAG_BITS, sealed, 0, NONCE_BYTES));
      return cipher.doFinal(sealed, NONCE_BYTES, sealed.length - NONCE_BYTES);
    } catch (GeneralSecurityException e) {
      throw failure("the record does not fit the key \"" + key.name + "\"", e);
    } catch (IllegalArgumentException e) {
      throw failure("the record is not base64", null);
    }
  }

  private Key keyNamed(String name) {
    if (name.equals(primary.name)) {
      return primary;
    }
    if (secondary != null && name.equals(secondary.name)) {
      return secondary;
    }
    throw failure(
        name.isEmpty()
            ? "encryption key name not found on record"
            : "the record was written with the key \"%s\"; the store has %s"
                .formatted(
                    name,
                    secondary == null
                        ? "[" + primary.name + "]"
                        : "[" + primary.name + ", " + secondary.name + "]"),
        null);
  }

  private SerializationException failure(String why, @Nullable Throwable cause) {
    return new SerializationException(
        "could not decrypt data from state store \"%s\": %s".formatted(store, why), cause);
  }
}
