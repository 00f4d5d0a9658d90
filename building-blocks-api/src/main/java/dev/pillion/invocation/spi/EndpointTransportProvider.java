// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.spi;

/**
 * Makes the transport to HTTP services. Named in {@code META-INF/services}, so that an artifact on
 * the class path is enough.
 */
public interface EndpointTransportProvider {
  /** A transport for one runtime. */
  EndpointTransport create();
}
