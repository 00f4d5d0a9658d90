// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import dev.pillion.ComponentException;
import dev.pillion.invocation.CallerIdentity;
import dev.pillion.invocation.spi.Peer;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.netty.handler.ssl.ClientAuth;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLException;

/**
 * Mutual TLS between peers: each shows a certificate whose SPIFFE id says which app it is, and
 * believes those of its trust anchors. Immutable and thread-safe.
 *
 * <p>The files are read again for the next connection when they have changed, so that certificates
 * can be replaced while the program runs; connections that are open stay. Files that can't be read
 * then, such as a certificate whose key has not been written yet, are logged, and the ones before
 * hold.
 */
public final class PeerTls {
  private final PemFiles files;

  private PeerTls(PemFiles files) {
    this.files = files;
  }

  /**
   * Reads them from PEM files, as Dapr's sentry or another authority writes them.
   *
   * @param trustAnchors the certificates of the authorities that are believed
   * @param certificate this app's, with a SPIFFE id {@code spiffe://DOMAIN/ns/NAMESPACE/APP}, and
   *     those between it and the authority
   * @param key of the certificate, EC, RSA or Ed25519, in PKCS #8
   */
  public static PeerTls fromFiles(Path trustAnchors, Path certificate, Path key) {
    return new PeerTls(new PemFiles(trustAnchors, certificate, key));
  }

  /**
   * Who this runtime is to its peers.
   *
   * @throws ComponentException when the files can't be read, or say that it is another app
   */
  CallerIdentity identity(String namespace, String appId) {
    var leaf = files.read().chain().get(0);
    var identity = PeerIdentity.of(leaf);
    if (identity.isEmpty()) {
      throw ComponentException.failed(
          "the certificate in %s has no SPIFFE id spiffe://DOMAIN/ns/NAMESPACE/APP, without which no peer would answer"
              .formatted(files),
          null);
    }
    if (!PeerTrust.isOf(identity, namespace, appId)) {
      throw ComponentException.failed(
          "the certificate in %s is %s, not this app, which is \"%s\" in namespace \"%s\""
              .formatted(files, identity.get(), appId, namespace),
          null);
    }
    return identity.get();
  }

  /** For connections that peers make. */
  SslContext serving() {
    return new RotatingSslContext(files, false, pem -> {
      var keys = keys(pem);
      var trust = PeerTrust.of(pem, Optional.empty());
      return () -> build(
          SslContextBuilder.forServer(keys).trustManager(trust).clientAuth(ClientAuth.REQUIRE));
    });
  }

  /** For connections to one peer. */
  SslContext towards(Peer peer) {
    return new RotatingSslContext(files, true, pem -> {
      var keys = keys(pem);
      var trust = PeerTrust.of(pem, Optional.of(peer));
      return () -> build(SslContextBuilder.forClient().keyManager(keys).trustManager(trust));
    });
  }

  private static KeyManager keys(PemFiles.Pem pem) {
    try {
      var store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setKeyEntry("app", pem.key(), new char[0], pem.chain().toArray(X509Certificate[]::new));
      var factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      factory.init(store, new char[0]);
      return factory.getKeyManagers()[0];
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("this JVM can't show certificates", e);
    }
  }

  /** The JDK's TLS, as over HTTP, and not gRPC's native one: what the JVM allows holds for both. */
  private static SslContext build(SslContextBuilder builder) {
    try {
      return GrpcSslContexts.configure(builder, SslProvider.JDK).build();
    } catch (SSLException e) {
      throw new IllegalStateException("this JVM has no TLS that speaks HTTP/2", e);
    }
  }
}
