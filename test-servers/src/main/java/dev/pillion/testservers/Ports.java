// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Free ports on loopback, for programs that come later, or stop and come again. They lie between
 * 12000 and 21999, below the range from which systems give ephemeral ports: one of those, as
 * {@code new ServerSocket(0)} has it, goes to the next connection of whatever process as soon as it
 * is closed, even to the one that looks whether somebody listens there. 10000 above each is free
 * too, for Redis Cluster's bus. Thread-safe.
 */
public final class Ports {
  static final String HOST = "127.0.0.1";
  private static final int BUS = 10_000;

  private Ports() {}

  /** A port on which nothing listens now. */
  public static int free() {
    for (int attempt = 0; attempt < 200; attempt++) {
      int port = ThreadLocalRandom.current().nextInt(12_000, 22_000);
      if (isFree(port) && isFree(port + BUS)) {
        return port;
      }
    }
    throw new IllegalStateException("no free port between 12000 and 21999 in 200 attempts");
  }

  static InetSocketAddress loopback(int port) throws IOException {
    return new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port);
  }

  private static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(loopback(port));
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
