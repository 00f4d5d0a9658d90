// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.spi;

/**
 * Makes the transport that a runtime takes when it has a name resolver and was given no transport.
 * Found by {@link java.util.ServiceLoader}.
 */
@FunctionalInterface
public interface PeerTransportProvider {
  /** A transport on any free port of the loopback address, not started. */
  PeerTransport create();
}
