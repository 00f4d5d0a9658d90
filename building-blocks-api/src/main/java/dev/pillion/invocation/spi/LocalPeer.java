// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.spi;

import java.util.Optional;

/** One app of this JVM, as protocols that pass calls on unread reach the program beside it. */
public interface LocalPeer {
  /** Its id. */
  String appId();

  /** Whether it is the very app that asks. */
  boolean isSelf();

  /**
   * Applies that app's access policy to a call that is passed on unread to the program beside it,
   * and that the app which asks makes; calls of itself pass by.
   *
   * @param operation the canonical method path, which came as gRPC
   * @throws dev.pillion.invocation.InvocationException {@code DENIED}
   */
  void authorize(String operation);

  /** What {@link PeerDirectory#offer} has left with it; empty when that is nothing of this type. */
  <T> Optional<T> access(Class<T> type);
}
