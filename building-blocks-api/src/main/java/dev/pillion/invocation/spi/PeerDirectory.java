// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.spi;

import dev.pillion.Registration;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.CallerIdentity;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

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
   * Takes a call of a peer that a protocol passes on unread to the program beside this app: checks
   * the access policy, then runs the work inside the chain, as one inbound call of this app.
   *
   * @param caller as its certificate proves it
   * @param operation the canonical method path, which came as gRPC. It is the
   *     {@linkplain dev.pillion.call.CallContext#instance() instance} of the call that the work
   *     gets, and what it must pass on: one string is permitted and asked for
   * @param context deadline and trace of the call
   * @throws dev.pillion.invocation.InvocationException {@code DENIED}, or {@code NOT_LISTENING}
   *     when this app is closed; nothing of the work has run then
   */
  <T extends @Nullable Object, E extends Exception> T receive(
      Optional<CallerIdentity> caller, String operation, CallContext context, CallBody<T, E> work)
      throws E;
}
