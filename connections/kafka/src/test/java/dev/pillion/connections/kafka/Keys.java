// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.kafka;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.util.Arrays;
import java.util.Base64;

/** Keys made at the moment they are asked for; none lies in the repository. */
final class Keys {
  static final KeyPair RSA = pair("RSA");
  static final KeyPair EC = pair("EC");

  private Keys() {}

  private static KeyPair pair(String algorithm) {
    try {
      return KeyPairGenerator.getInstance(algorithm).generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  static String pem(String label, byte[] der) {
    return "-----BEGIN " + label + "-----\n" + Base64.getMimeEncoder().encodeToString(der)
        + "\n-----END " + label + "-----\n";
  }

  /** PKCS 1, the form that Dapr demands: PKCS 8 without its first 26 bytes. */
  static String pkcs1(PrivateKey key) {
    var der = key.getEncoded();
    return pem("RSA PRIVATE KEY", Arrays.copyOfRange(der, 26, der.length));
  }

  static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
