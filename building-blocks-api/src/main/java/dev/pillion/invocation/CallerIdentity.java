// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation;

import java.net.URI;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Who a certificate says somebody is: its SPIFFE id, {@code spiffe://DOMAIN/ns/NAMESPACE/APP}.
 *
 * @param trustDomain whose certificate authority says so
 * @param namespace of the app
 * @param appId of the app
 */
public record CallerIdentity(String trustDomain, String namespace, String appId) {
  private static final Pattern PATH = Pattern.compile("/ns/([^/]+)/([^/]+)");

  /** The identity that a SPIFFE id names; empty when it is not one of Dapr's form. */
  public static Optional<CallerIdentity> of(URI spiffeId) {
    var path = spiffeId.getPath();
    var domain = spiffeId.getAuthority();
    if (!"spiffe".equals(spiffeId.getScheme()) || path == null || domain == null) {
      return Optional.empty();
    }
    var parts = PATH.matcher(path);
    return parts.matches()
        ? Optional.of(new CallerIdentity(domain, parts.group(1), parts.group(2)))
        : Optional.empty();
  }

  /** The SPIFFE id. */
  @Override
  public String toString() {
    return "spiffe://%s/ns/%s/%s".formatted(trustDomain, namespace, appId);
  }
}
