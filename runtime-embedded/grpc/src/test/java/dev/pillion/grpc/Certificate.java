// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/** A certificate for {@code localhost} that nobody trusts, made by the JDK's own tool. */
final class Certificate {
  private static final String PASSWORD = "changeit";

  private final KeyStore store = KeyStore.getInstance("PKCS12");

  Certificate(Path folder) throws Exception {
    var file = folder.resolve("app.p12");
    var command = List.of(
        Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
        "-genkeypair",
        "-alias",
        "app",
        "-keyalg",
        "EC",
        "-dname",
        "CN=localhost",
        "-ext",
        "san=dns:localhost",
        "-storetype",
        "PKCS12",
        "-keystore",
        file.toString(),
        "-storepass",
        PASSWORD);
    var tool = new ProcessBuilder(command).inheritIO().start();
    if (!tool.waitFor(60, TimeUnit.SECONDS) || tool.exitValue() != 0) {
      throw new IOException("keytool made no certificate");
    }
    try (var in = Files.newInputStream(file)) {
      store.load(in, PASSWORD.toCharArray());
    }
  }

  private KeyManagerFactory keys() throws Exception {
    var keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(store, PASSWORD.toCharArray());
    return keys;
  }

  private TrustManagerFactory trust() throws Exception {
    var certificates = KeyStore.getInstance("PKCS12");
    certificates.load(null, null);
    certificates.setCertificateEntry("app", store.getCertificate("app"));
    var trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(certificates);
    return trust;
  }

  /** Of a program that shows it, and trusts it. */
  SslContextBuilder ofProgram() throws Exception {
    return GrpcSslContexts.configure(
        SslContextBuilder.forServer(keys()).trustManager(trust()), SslProvider.JDK);
  }

  /** Of a caller who trusts it, and shows it. */
  SSLContext ofCaller() throws Exception {
    return context(trust().getTrustManagers(), keys());
  }

  /** Of a caller who trusts it, and shows none. */
  SSLContext ofUnknownCaller() throws Exception {
    return context(trust().getTrustManagers(), null);
  }

  private static SSLContext context(TrustManager[] trust, KeyManagerFactory keys) throws Exception {
    var context = SSLContext.getInstance("TLS");
    context.init(keys == null ? null : keys.getKeyManagers(), trust, null);
    return context;
  }
}
