// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.kafka;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Certificates and keys as text. Every method throws IllegalArgumentException with a sentence that
 * goes on after the setting's name, and never holds any of the text.
 */
final class Pem {
  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\\s]+)-----END \\1-----");
  /** Version 0, and the algorithm rsaEncryption: what PKCS 8 writes before a key of PKCS 1. */
  private static final byte[] RSA = {
    2, 1, 0, 0x30, 13, 6, 9, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 13, 1, 1, 1, 5, 0
  };

  private Pem() {}

  static List<X509Certificate> certificates(String text) {
    var found = new ArrayList<X509Certificate>();
    try {
      for (var one : CertificateFactory.getInstance("X.509")
          .generateCertificates(
              new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII)))) {
        found.add((X509Certificate) one);
      }
    } catch (GeneralSecurityException e) {
      found.clear();
    }
    if (found.isEmpty()) {
      throw new IllegalArgumentException("holds no certificate in PEM (BEGIN CERTIFICATE)");
    }
    return found;
  }

  /** A key of PKCS 8, or one of PKCS 1, which Go takes too. */
  static PrivateKey key(String text) {
    var block = BLOCK.matcher(text);
    while (block.find()) {
      var der = decoded(block.group(2));
      switch (block.group(1)) {
        case "PRIVATE KEY" -> {
          return key(der, "RSA", "EC", "Ed25519");
        }
        case "RSA PRIVATE KEY" -> {
          return key(sequence(concat(RSA, tagged(4, der))), "RSA");
        }
        default -> {} // A certificate beside it, or parameters.
      }
    }
    throw new IllegalArgumentException("must be a key in PEM that is not encrypted"
        + " (BEGIN PRIVATE KEY or BEGIN RSA PRIVATE KEY);"
        + " \"openssl pkcs8 -topk8 -nocrypt\" makes one");
  }

  /** The form that Kafka's clients read. */
  static String text(PrivateKey key) {
    return "-----BEGIN PRIVATE KEY-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key.getEncoded())
        + "\n-----END PRIVATE KEY-----\n";
  }

  private static PrivateKey key(byte[] der, String... algorithms) {
    for (String algorithm : algorithms) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
      } catch (GeneralSecurityException e) {
        // It is of another algorithm.
      }
    }
    throw new IllegalArgumentException("is no private key of RSA, EC or Ed25519");
  }

  private static byte[] decoded(String base64) {
    try {
      return Base64.getMimeDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      return new byte[0]; // Which is no key of any algorithm.
    }
  }

  private static byte[] sequence(byte[] content) {
    return tagged(0x30, content);
  }

  private static byte[] tagged(int tag, byte[] content) {
    int length = content.length;
    byte[] head = length < 128
        ? new byte[] {(byte) tag, (byte) length}
        : new byte[] {(byte) tag, (byte) 0x82, (byte) (length >> 8), (byte) length};
    return concat(head, content);
  }

  private static byte[] concat(byte[] first, byte[] second) {
    var both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }
}
