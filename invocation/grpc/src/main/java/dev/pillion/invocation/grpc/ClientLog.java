// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Keeps gRPC from printing a line for each frame of an answer that was given up, such as one that
 * is too large, and a stack for each caller who has gone before the end: who gave it up knows. An
 * application that has set a level or a filter keeps it. For the artifacts of this project that
 * speak gRPC.
 */
public final class ClientLog {
  // Held, or what is set would be lost with the garbage collector.
  private static final Logger STREAMS = Logger.getLogger("io.grpc.internal.AbstractClientStream");

  private static final Logger SERVER =
      Logger.getLogger("io.grpc.netty.shaded.io.grpc.netty.NettyServerHandler");

  static {
    if (STREAMS.getLevel() == null) {
      STREAMS.setLevel(Level.WARNING);
    }
    if (SERVER.getFilter() == null) {
      SERVER.setFilter(line -> !"Stream Error".equals(line.getMessage()));
    }
  }

  private ClientLog() {}

  /** Does its work by being loaded. */
  public static void quiet() {}
}
