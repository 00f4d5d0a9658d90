// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.invocation.spi.PeerTransport;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How a runtime is joined to its peers, if it is. Thread-safe. */
final class Peering {
  private volatile @Nullable PeerTransport transport;
  private volatile InvocationDescription.@Nullable PeerPort port;

  /** It will be, over this transport. */
  void over(PeerTransport wire) {
    transport = wire;
  }

  /** It is. */
  void listening(PeerAddress address, PeerTransport wire, String resolver) {
    port = new InvocationDescription.PeerPort(address.toString(), wire.describe(), resolver);
  }

  Optional<PeerTransport> transport() {
    return Optional.ofNullable(transport);
  }

  /** Where and how; null when it is not. */
  InvocationDescription.@Nullable PeerPort describe() {
    return port;
  }

  /** The same as health, in which a port that is not secured must show. */
  Optional<ComponentHealth> health() {
    return Optional.ofNullable(port)
        .map(open -> new ComponentHealth("peers", ComponentHealth.Status.READY, open.toString()));
  }
}
