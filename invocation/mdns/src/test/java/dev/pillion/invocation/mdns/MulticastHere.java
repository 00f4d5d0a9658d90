// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.mdns;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.MulticastSocket;
import java.net.NetworkInterface;
import java.net.StandardSocketOptions;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Skips tests, by name, where a packet to a group does not come back to this machine. */
final class MulticastHere implements ExecutionCondition {
  private static final ConditionEvaluationResult RESULT = look();

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    return RESULT;
  }

  @SuppressWarnings("SystemOut")
  private static ConditionEvaluationResult look() {
    try {
      var group = InetAddress.getByName("224.0.0.251");
      for (var each : NetworkInterface.networkInterfaces().toList()) {
        boolean ipv4 = each.inetAddresses().anyMatch(address -> address.getAddress().length == 4);
        if (ipv4 && each.isUp() && each.supportsMulticast() && comesBack(group, each)) {
          return ConditionEvaluationResult.enabled("multicast through " + each.getName());
        }
      }
    } catch (IOException e) {
      // Said below.
    }
    System.out.println("skipped: no network interface of this machine multicasts, so no mDNS");
    return ConditionEvaluationResult.disabled("no network interface multicasts");
  }

  private static boolean comesBack(InetAddress group, NetworkInterface through) {
    try (var socket = new MulticastSocket(0)) {
      var address = new InetSocketAddress(group, socket.getLocalPort());
      socket.setOption(StandardSocketOptions.IP_MULTICAST_IF, through);
      socket.joinGroup(address, through);
      socket.setSoTimeout(1_000);
      socket.send(new DatagramPacket(new byte[] {1}, 1, address));
      socket.receive(new DatagramPacket(new byte[1], 1));
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
