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
  /** SPIFFE's letters, without escapes, queries and steps upwards. */
  private static final Pattern ID = Pattern.compile(
      "spiffe://([a-z0-9._-]+)/ns/(?!\\.{1,2}/)([a-zA-Z0-9._-]+)/(?!\\.{1,2}$)([a-zA-Z0-9._-]+)");

  /**
   * The identity that a SPIFFE id names; empty when it is not one of Dapr's form, letter by letter.
   */
  public static Optional<CallerIdentity> of(URI spiffeId) {
    var parts = ID.matcher(spiffeId.toString());
    return parts.matches()
        ? Optional.of(new CallerIdentity(parts.group(1), parts.group(2), parts.group(3)))
        : Optional.empty();
  }

  /** The SPIFFE id. */
  @Override
  public String toString() {
    return "spiffe://%s/ns/%s/%s".formatted(trustDomain, namespace, appId);
  }
}
