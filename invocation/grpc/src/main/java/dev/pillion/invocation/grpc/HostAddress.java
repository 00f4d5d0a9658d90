// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Map;
import java.util.Optional;

/** Where peers on other machines reach this one, found as a daprd finds it. */
final class HostAddress {
  private static final String VARIABLE = "DAPR_HOST_IP";

  /** A public address; nothing is sent to it. */
  private static final InetSocketAddress ANYWHERE = new InetSocketAddress("8.8.8.8", 80);

  private HostAddress() {}

  /** The environment's word, else what the kernel would send from, else any that is no loopback. */
  static String find(Map<String, String> environment) {
    var given = environment.get(VARIABLE);
    if (given != null && !given.isBlank()) {
      return given.strip();
    }
    return outbound()
        .or(HostAddress::ofAnyInterface)
        .orElseGet(InetAddress::getLoopbackAddress)
        .getHostAddress();
  }

  private static Optional<InetAddress> outbound() {
    try (var socket = new DatagramSocket()) {
      socket.connect(ANYWHERE);
      var local = socket.getLocalAddress();
      return local.isAnyLocalAddress() || local.isLoopbackAddress()
          ? Optional.empty()
          : Optional.of(local);
    } catch (IOException | RuntimeException e) {
      // No route at all, such as without a network.
      return Optional.empty();
    }
  }

  private static Optional<InetAddress> ofAnyInterface() {
    try {
      return NetworkInterface.networkInterfaces()
          .flatMap(NetworkInterface::inetAddresses)
          .filter(address -> !address.isLoopbackAddress() && !address.isMulticastAddress())
          .min(java.util.Comparator.comparingInt(HostAddress::rank));
    } catch (SocketException e) {
      return Optional.empty();
    }
  }

  /** Dapr's order: public IPv4, public IPv6, private IPv4, private IPv6, the link's own. */
  private static int rank(InetAddress address) {
    boolean isV4 = address.getAddress().length == 4;
    if (address.isLinkLocalAddress()) {
      return isV4 ? 4 : 5;
    }
    boolean isPrivate =
        isV4 ? address.isSiteLocalAddress() : (address.getAddress()[0] & 0xFE) == 0xFC;
    return (isPrivate ? 2 : 0) + (isV4 ? 0 : 1);
  }
}
