// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import dev.pillion.invocation.CallerIdentity;
import io.grpc.Attributes;
import io.grpc.Grpc;
import io.grpc.ServerTransportFilter;
import java.net.URI;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

/**
 * Who is at the other end of a connection, by its certificate and nothing else; found out once,
 * when it is made.
 */
final class PeerIdentity extends ServerTransportFilter {
  private static final Attributes.Key<CallerIdentity> KEY =
      Attributes.Key.create("pillion-peer-identity");
  private static final int URI_NAME = 6;

  /** Of a call's connection; empty when it is plaintext, for no other is made without. */
  static Optional<CallerIdentity> of(Attributes attributes) {
    return Optional.ofNullable(attributes.get(KEY));
  }

  @Override
  public Attributes transportReady(Attributes attributes) {
    var session = attributes.get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
    return session == null
        ? attributes
        : proven(session)
            .map(identity -> attributes.toBuilder().set(KEY, identity).build())
            .orElse(attributes);
  }

  private static Optional<CallerIdentity> proven(SSLSession session) {
    try {
      var chain = session.getPeerCertificates();
      return chain.length > 0 && chain[0] instanceof X509Certificate leaf
          ? of(leaf)
          : Optional.empty();
    } catch (SSLPeerUnverifiedException e) {
      return Optional.empty();
    }
  }

  /**
   * The one SPIFFE id that a certificate has; empty when it has none of Dapr's form, or several
   * URIs.
   */
  static Optional<CallerIdentity> of(X509Certificate certificate) {
    try {
      var names = certificate.getSubjectAlternativeNames();
      if (names == null) {
        return Optional.empty();
      }
      var uris = names.stream().filter(name -> name.get(0).equals(URI_NAME)).toList();
      return uris.size() == 1
          ? CallerIdentity.of(URI.create(String.valueOf(uris.get(0).get(1))))
          : Optional.empty();
    } catch (CertificateParsingException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
