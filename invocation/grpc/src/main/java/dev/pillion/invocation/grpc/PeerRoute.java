// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.spi.Peer;
import io.grpc.Channel;
import io.grpc.ClientStreamTracer;
import io.grpc.Status;
import java.util.concurrent.atomic.AtomicBoolean;

/** A connection to a peer for one call that somebody else makes over it. Thread-safe. */
public final class PeerRoute {
  private final Peer peer;
  private final PeerConnections connections;
  private final PeerConnection connection;
  private final Outcome outcome;
  private final AtomicBoolean over = new AtomicBoolean();

  PeerRoute(Peer peer, PeerConnections connections) {
    this.peer = peer;
    this.connections = connections;
    this.connection = connections.acquire(peer);
    this.outcome = new Outcome(peer);
  }

  /** What to make the call over. */
  public Channel channel() {
    return connection.channel();
  }

  /** To be an option of the call: sees whether its status is the peer's own. */
  public ClientStreamTracer.Factory tracer() {
    return outcome;
  }

  /**
   * Gives the connection back, when the call has ended; once, however often it is said.
   *
   * @return whether the peer could not be reached and has seen nothing of the call, so that another
   *     way to it may be tried
   */
  public boolean ended(Status status) {
    if (!over.compareAndSet(false, true)) {
      return false;
    }
    boolean lost = outcome.isConnectionLost(status);
    if (lost) {
      connections.discard(peer, connection);
    }
    connections.release(connection);
    return lost
        && outcome.failure(status) instanceof InvocationException failure
        && failure.reason() == InvocationException.Reason.NOT_LISTENING;
  }
}
