// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A self-signed certificate for {@code localhost} and {@code 127.0.0.1} with its private key, made
 * by the JDK's own {@code keytool} at the moment it is asked for: no key lies in the repository. It
 * is its own authority, and serves servers and clients alike. The files live as long as the JVM.
 * Immutable.
 */
public final class TestCertificate {
  private static final String PASSWORD = "changeit";

  private final Path certificateFile;
  private final Path keyFile;
  private final KeyStore store;

  private TestCertificate(Path certificateFile, Path keyFile, KeyStore store) {
    this.certificateFile = certificateFile;
    this.keyFile = keyFile;
    this.store = store;
  }

  /**
   * Makes a new key and certificate, distrusted by whoever trusts an earlier one. Takes about a
   * second.
   */
  public static TestCertificate create() {
    Path directory = Leftovers.newDirectory("certificate");
    Path file = directory.resolve("store.p12");
    keytool(directory, file);
    try (InputStream in = Files.newInputStream(file)) {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(in, PASSWORD.toCharArray());
      byte[] key = store.getKey("server", PASSWORD.toCharArray()).getEncoded();
      return new TestCertificate(
          pem(
              directory.resolve("certificate.pem"),
              "CERTIFICATE",
              store.getCertificate("server").getEncoded()),
          pem(directory.resolve("key.pem"), "PRIVATE KEY", key),
          store);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("cannot read the certificate that keytool made", e);
    }
  }

  /** The certificate as PEM: what a client trusts, and what a client may show. */
  public Path certificateFile() {
    return certificateFile;
  }

  /** The private key as PEM (PKCS 8, not encrypted). */
  public Path keyFile() {
    return keyFile;
  }

  /** A context that trusts this certificate alone and shows it when asked. */
  public SSLContext sslContext() {
    try {
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      KeyStore trusted = KeyStore.getInstance("PKCS12");
      trusted.load(null, null);
      trusted.setCertificateEntry("server", store.getCertificate("server"));
      trust.init(trusted);
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(store, PASSWORD.toCharArray());
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
      return context;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(
          "cannot trust the certificate \"" + certificateFile + "\"", e);
    }
  }

  private static void keytool(Path directory, Path store) {
    LocalProcess keytool = new LocalProcess(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
            "-genkeypair",
            "-alias",
            "server",
            "-keyalg",
            "EC",
            "-groupname",
            "secp256r1",
            "-dname",
            "CN=localhost",
            "-ext",
            "san=ip:127.0.0.1,dns:localhost",
            "-validity",
            "30",
            "-storetype",
            "PKCS12",
            "-keystore",
            store.toString(),
            "-storepass",
            PASSWORD),
        directory);
    keytool.start();
    Await.until(Duration.ofSeconds(30), () -> "keytool did not end", () -> !keytool.isAlive());
    keytool.stop();
    if (!Files.exists(store)) {
      throw new IllegalStateException("keytool made no certificate: " + keytool.logTail());
    }
  }

  private static Path pem(Path file, String label, byte[] der) throws IOException {
    String body =
        Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII)).encodeToString(der);
    return Files.writeString(
        file, "-----BEGIN " + label + "-----\n" + body + "\n-----END " + label + "-----\n");
  }
}
