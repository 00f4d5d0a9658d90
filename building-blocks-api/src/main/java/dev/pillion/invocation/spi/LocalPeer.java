// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.spi;

import java.util.Optional;

/** One app of this JVM, as protocols that pass calls on unread reach the program beside it. */
public interface LocalPeer {
  /** Its id. */
  String appId();

  /** Whether it is the very app that asks. */
  boolean isSelf();

  /** What {@link PeerDirectory#offer} has left with it; empty when that is nothing of this type. */
  <T> Optional<T> access(Class<T> type);
}
