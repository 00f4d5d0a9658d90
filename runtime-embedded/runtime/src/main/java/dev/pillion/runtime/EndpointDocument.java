// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

/**
 * One HTTPEndpoint document.
 *
 * @param baseUrl as it is written
 * @param urlSource where that stands
 * @param settings its headers by their names, and what it says of TLS, each named
 *     {@code clientTLS.…}
 * @param headers how many of the settings are headers: the first ones
 */
record EndpointDocument(String baseUrl, String urlSource, ComponentDocument settings, int headers) {
  /** What stands for a type: it has none. */
  static final String TYPE = "HTTPEndpoint";

  /** Settings that are no headers begin with it. */
  static final String TLS = "clientTLS.";

  String name() {
    return settings.name();
  }
}
