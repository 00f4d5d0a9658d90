// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * What was chosen.
 *
 * @param bindAddress null for what follows from the rest
 * @param advertisedHost null for what follows from the rest
 */
record PeerOptions(
    int port,
    @Nullable InetAddress bindAddress,
    @Nullable PeerTls tls,
    @Nullable String advertisedHost,
    int maxBodySize) {

  PeerOptions with(InetAddress bind) {
    return new PeerOptions(port, bind, tls, advertisedHost, maxBodySize);
  }

  PeerOptions with(PeerTls other) {
    return new PeerOptions(port, bindAddress, other, advertisedHost, maxBodySize);
  }

  PeerOptions with(String host) {
    return new PeerOptions(port, bindAddress, tls, host, maxBodySize);
  }

  PeerOptions with(int size) {
    return new PeerOptions(port, bindAddress, tls, advertisedHost, size);
  }
}
