// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import dev.pillion.invocation.HttpEndpoint.ClientTls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Certificates and keys in PEM text. No message repeats any of it. */
final class PemTls {
  private static final Pattern KEY =
      Pattern.compile("-----BEGIN PRIVATE KEY-----(.*?)-----END PRIVATE KEY-----", Pattern.DOTALL);
  private static final List<String> ALGORITHMS = List.of("EC", "RSA", "Ed25519");

  private PemTls() {}

  /** @throws IllegalArgumentException when something is no PEM, or does not belong together */
  static SSLContext context(ClientTls tls) {
    try {
      var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(tls.rootCa().isEmpty() ? null : trusted(tls.rootCa()));
      var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      if (!tls.certificate().isEmpty()) {
        keys.init(own(tls), new char[0]);
      } else {
        keys.init(null, null);
      }
      var context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalArgumentException("certificate and privateKey don't belong together", e);
    }
  }

  private static KeyStore empty() throws GeneralSecurityException, IOException {
    var store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    return store;
  }

  private static KeyStore trusted(String pem) throws GeneralSecurityException, IOException {
    var store = empty();
    for (var certificate : certificates("rootCA", pem)) {
      store.setCertificateEntry("ca-" + store.size(), certificate);
    }
    return store;
  }

  private static KeyStore own(ClientTls tls) throws GeneralSecurityException, IOException {
    var store = empty();
    store.setKeyEntry(
        "own", key(tls.privateKey()), new char[0], certificates("certificate", tls.certificate()));
    return store;
  }

  private static Certificate[] certificates(String field, String pem) {
    try {
      var all = CertificateFactory.getInstance("X.509")
          .generateCertificates(new ByteArrayInputStream(pem.getBytes(StandardCharsets.UTF_8)));
      if (!all.isEmpty()) {
        return all.toArray(new Certificate[0]);
      }
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException(
          "\"%s\" is no certificate in PEM text".formatted(field), e);
    }
    throw new IllegalArgumentException("\"%s\" has no certificate in it".formatted(field));
  }

  private static PrivateKey key(String pem) throws GeneralSecurityException {
    var found = KEY.matcher(pem);
    if (!found.find()) {
      throw new IllegalArgumentException(
          "\"privateKey\" is no PKCS #8 key in PEM text (BEGIN PRIVATE KEY); openssl pkcs8 -topk8 -nodes makes one of another");
    }
    byte[] der;
    try {
      der = Base64.getMimeDecoder().decode(found.group(1));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("\"privateKey\" is no PEM text", e);
    }
    for (String algorithm : ALGORITHMS) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
      } catch (InvalidKeySpecException e) {
        // Of another algorithm, perhaps.
      }
    }
    throw new IllegalArgumentException("\"privateKey\" is of none of " + ALGORITHMS);
  }
}
