// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.mdns;

import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.List;

/**
 * The addresses on one link with an address of this machine.
 *
 * @param own of this machine
 * @param prefix how many of its first bits they share
 */
record Subnet(InetAddress own, int prefix) {
  /** Those of this machine, whatever the interface. */
  static List<Subnet> here() throws SocketException {
    return NetworkInterface.networkInterfaces()
        .flatMap(each -> each.getInterfaceAddresses().stream())
        .map(Subnet::of)
        .toList();
  }

  private static Subnet of(InterfaceAddress address) {
    return new Subnet(address.getAddress(), address.getNetworkPrefixLength());
  }

  /** Whether a packet from there has come over no router: no router passes such a source on. */
  static boolean isOnLink(InetAddress source, List<Subnet> here) {
    return source.isLinkLocalAddress()
        || source.isLoopbackAddress()
        || here.stream().anyMatch(subnet -> subnet.contains(source));
  }

  boolean contains(InetAddress address) {
    var mine = own.getAddress();
    var other = address.getAddress();
    if (mine.length != other.length) {
      return false;
    }
    for (int bit = 0; bit < prefix; bit++) {
      int mask = 0x80 >> bit % Byte.SIZE;
      if (((mine[bit / Byte.SIZE] ^ other[bit / Byte.SIZE]) & mask) != 0) {
        return false;
      }
    }
    return true;
  }
}
