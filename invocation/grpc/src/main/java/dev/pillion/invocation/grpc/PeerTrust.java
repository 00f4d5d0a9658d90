// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import dev.pillion.invocation.CallerIdentity;
import dev.pillion.invocation.spi.Peer;
import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Optional;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * Believes certificates of the trust anchors that say which app it is and are no authority's; of a
 * peer that is called also only the one of that app. Host names do not count: a SPIFFE id is of an
 * app, wherever it runs.
 */
final class PeerTrust extends X509ExtendedTrustManager {
  private static final int SIGNS_CERTIFICATES = 5;
  private static final int SIGNS_REVOCATIONS = 6;

  private final X509TrustManager anchors;
  private final Optional<Peer> expected;

  private PeerTrust(X509TrustManager anchors, Optional<Peer> expected) {
    this.anchors = anchors;
    this.expected = expected;
  }

  static PeerTrust of(PemFiles.Pem pem, Optional<Peer> expected) {
    try {
      var store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      int count = 0;
      for (var anchor : pem.anchors()) {
        store.setCertificateEntry("anchor-" + count++, anchor);
      }
      var factory = TrustManagerFactory.getInstance("PKIX");
      factory.init(store);
      return new PeerTrust((X509TrustManager) factory.getTrustManagers()[0], expected);
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("this JVM can't check certificates", e);
    }
  }

  /** Whether it is the identity of this app, of whatever trust domain. */
  static boolean isOf(Optional<CallerIdentity> identity, String namespace, String appId) {
    return identity.isPresent()
        && identity.get().namespace().equals(namespace)
        && identity.get().appId().equals(appId);
  }

  private void checkServer(X509Certificate[] chain, String type) throws CertificateException {
    anchors.checkServerTrusted(chain, type);
    requireWorkload(chain[0]);
    if (expected.isEmpty()) {
      return;
    }
    var peer = expected.get();
    var identity = PeerIdentity.of(chain[0]);
    if (!isOf(identity, peer.namespace(), peer.appId())) {
      throw new CertificateException("its certificate is of %s, not of /ns/%s/%s"
          .formatted(
              identity.map(CallerIdentity::toString).orElse("no app"),
              peer.namespace(),
              peer.appId()));
    }
  }

  private void checkClient(X509Certificate[] chain, String type) throws CertificateException {
    anchors.checkClientTrusted(chain, type);
    requireWorkload(chain[0]);
  }

  /**
   * What SPIFFE demands of a certificate beside who has signed it; and without an app's id a peer
   * would be nobody, who may say of himself what he likes.
   */
  private static void requireWorkload(X509Certificate leaf) throws CertificateException {
    var usage = leaf.getKeyUsage();
    if (leaf.getBasicConstraints() >= 0
        || (usage != null && (usage[SIGNS_CERTIFICATES] || usage[SIGNS_REVOCATIONS]))) {
      throw new CertificateException("its certificate is of an authority, and of no app");
    }
    if (PeerIdentity.of(leaf).isEmpty()) {
      throw new CertificateException(
          "its certificate has no SPIFFE id spiffe://DOMAIN/ns/NAMESPACE/APP");
    }
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    checkServer(chain, type);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    checkServer(chain, type);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
    checkServer(chain, type);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    checkClient(chain, type);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    checkClient(chain, type);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
    checkClient(chain, type);
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return anchors.getAcceptedIssuers();
  }
}
