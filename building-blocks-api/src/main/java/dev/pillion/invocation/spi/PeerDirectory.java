// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.spi;

import dev.pillion.Registration;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.CallerIdentity;
import java.util.Optional;

/** What a protocol that passes calls on unread must know of the engine. Thread-safe. */
public interface PeerDirectory {
  /**
   * One replica of an app, the next in turn.
   *
   * @param target an app id, or {@code appId.namespace}
   * @return empty when it is this runtime itself
   * @throws dev.pillion.invocation.InvocationException when no such app is known, naming what was
   *     asked
   */
  Optional<Peer> find(String target, Deadline deadline);

  /**
   * Leaves with this app how a protocol reaches the program beside it, for {@link #self} and
   * {@link #local} to find.
   *
   * @param access of a type that only the protocol knows; the place of one of that class is taken
   * @return what takes it away again
   */
  default Registration offer(Object access) {
    return () -> {};
  }

  /** This app itself; empty for a directory that nothing can be left with. */
  default Optional<LocalPeer> self() {
    return Optional.empty();
  }

  /**
   * An app that is in this JVM: this one, or a runtime of the same in-process network.
   *
   * @param target an app id, or {@code appId.namespace}
   * @return empty when it is not
   * @throws IllegalArgumentException when the target is none
   */
  default Optional<LocalPeer> local(String target) {
    return Optional.empty();
  }

  /** That peer could not be reached: the next {@link #find} looks anew. */
  void unreachable(Peer peer);

  /**
   * Applies the access policy to a call from a peer.
   *
   * @param caller as its certificate proves it
   * @param operation the canonical method path
   * @param verb HTTP's; {@code NONE} for a call that came as gRPC
   * @throws dev.pillion.invocation.InvocationException {@code DENIED}
   */
  void authorize(Optional<CallerIdentity> caller, String operation, String verb);
}
