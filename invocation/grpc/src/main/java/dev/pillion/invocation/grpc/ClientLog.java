// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Keeps gRPC from printing a line for each frame of an answer that was given up, such as one that
 * is too large: the caller knows. An application that has set a level keeps it. For the artifacts
 * of this project that speak gRPC.
 */
public final class ClientLog {
  // Held, or the level would be lost with the garbage collector.
  private static final Logger STREAMS = Logger.getLogger("io.grpc.internal.AbstractClientStream");

  static {
    if (STREAMS.getLevel() == null) {
      STREAMS.setLevel(Level.WARNING);
    }
  }

  private ClientLog() {}

  /** Does its work by being loaded. */
  public static void quiet() {}
}
