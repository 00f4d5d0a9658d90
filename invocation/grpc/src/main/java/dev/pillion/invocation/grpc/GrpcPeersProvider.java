// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import dev.pillion.invocation.spi.PeerTransport;
import dev.pillion.invocation.spi.PeerTransportProvider;

/** For {@link java.util.ServiceLoader} alone: {@link GrpcPeers} as it is without settings. */
public final class GrpcPeersProvider implements PeerTransportProvider {
  /** Called by {@link java.util.ServiceLoader}. */
  public GrpcPeersProvider() {}

  @Override
  public PeerTransport create() {
    return GrpcPeers.onPort(0);
  }
}
