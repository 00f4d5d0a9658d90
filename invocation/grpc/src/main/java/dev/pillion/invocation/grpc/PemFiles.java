// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import dev.pillion.ComponentException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/** The three files of a runtime's identity. */
final class PemFiles {
  private static final String KEY_BEGIN = "-----BEGIN PRIVATE KEY-----";
  private static final String KEY_END = "-----END PRIVATE KEY-----";
  private static final List<String> ALGORITHMS = List.of("EC", "RSA", "EdDSA");
  private static final Map<String, String> SIGNATURES =
      Map.of("EC", "SHA256withECDSA", "RSA", "SHA256withRSA", "EdDSA", "EdDSA");
  private static final byte[] PROBE = "whose key is it".getBytes(StandardCharsets.UTF_8);

  private final Path trustAnchors;
  private final Path certificate;
  private final Path key;

  /** What they hold. */
  record Pem(List<X509Certificate> anchors, List<X509Certificate> chain, PrivateKey key) {}

  PemFiles(Path trustAnchors, Path certificate, Path key) {
    this.trustAnchors = trustAnchors;
    this.certificate = certificate;
    this.key = key;
  }

  /** What tells one version of the files from the next. */
  List<FileTime> stamp() throws IOException {
    var times = new ArrayList<FileTime>();
    for (var file : List.of(trustAnchors, certificate, key)) {
      times.add(Files.getLastModifiedTime(file));
    }
    return times;
  }

  /** @throws ComponentException when they can't be read, or do not belong together */
  Pem read() {
    var chain = certificates(certificate);
    var privateKey = key();
    if (!isOf(privateKey, chain.get(0))) {
      throw ComponentException.failed(
          "the key in %s is none of the certificate in %s".formatted(key, certificate), null);
    }
    return new Pem(certificates(trustAnchors), chain, privateKey);
  }

  /** Each is replaced by itself: one may be there already, and the other not. */
  private static boolean isOf(PrivateKey key, X509Certificate certificate) {
    var algorithm = SIGNATURES.get(key.getAlgorithm());
    if (!key.getAlgorithm().equals(certificate.getPublicKey().getAlgorithm())) {
      return false;
    }
    try {
      var signature = Signature.getInstance(algorithm);
      signature.initSign(key);
      signature.update(PROBE);
      var signed = signature.sign();
      signature.initVerify(certificate.getPublicKey());
      signature.update(PROBE);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  private static List<X509Certificate> certificates(Path file) {
    var found = new ArrayList<X509Certificate>();
    try (var in = new ByteArrayInputStream(Files.readAllBytes(file))) {
      for (var one : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        found.add((X509Certificate) one);
      }
    } catch (IOException | CertificateException e) {
      throw ComponentException.failed("no certificate can be read from " + file, e);
    }
    if (found.isEmpty()) {
      throw ComponentException.failed("there is no certificate in " + file, null);
    }
    return found;
  }

  private PrivateKey key() {
    String text;
    try {
      text = Files.readString(key, StandardCharsets.US_ASCII);
    } catch (IOException e) {
      throw ComponentException.failed("the key can't be read from " + key, e);
    }
    int begin = text.indexOf(KEY_BEGIN);
    int end = text.indexOf(KEY_END);
    if (begin < 0 || end < begin) {
      throw ComponentException.failed(
          "there is no key in PKCS #8 in %s: it begins with %s; openssl pkcs8 -topk8 -nocrypt makes it of others"
              .formatted(key, KEY_BEGIN),
          null);
    }
    return decoded(text.substring(begin + KEY_BEGIN.length(), end));
  }

  /** Messages of failures here would say what was read. */
  private PrivateKey decoded(String base64) {
    try {
      var spec = new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(base64));
      for (var algorithm : ALGORITHMS) {
        try {
          return KeyFactory.getInstance(algorithm).generatePrivate(spec);
        } catch (InvalidKeySpecException e) {
          // Of another algorithm.
        }
      }
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      // Told below, without what it says.
    }
    throw ComponentException.failed(
        "the key in %s is none of %s in PKCS #8".formatted(key, ALGORITHMS), null);
  }

  @Override
  public String toString() {
    return certificate.toString();
  }
}
