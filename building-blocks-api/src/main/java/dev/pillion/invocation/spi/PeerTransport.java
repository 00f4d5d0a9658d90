// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.spi;

import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;

/**
 * The wire between runtimes, and between a runtime and a daprd: Dapr's service
 * {@code dapr.proto.internals.v1.ServiceInvocation}. It neither retries nor resolves names nor
 * decides who may call: the engine does that.
 *
 * <p>Thread-safe between {@link #start} and {@link #close}; serves one runtime.
 */
public interface PeerTransport extends AutoCloseable {
  /**
   * Binds the peer port and takes calls from then on; each is handed to
   * {@link PeerContext#receiver} on a thread that may block.
   *
   * @return where it listens, as peers reach it
   * @throws dev.pillion.ComponentException when the port can't be bound
   */
  PeerAddress start(PeerContext context);

  /**
   * Asks a peer and returns when status and headers are there; the body comes as it is read.
   * Headers go as they are: identities and forwarding headers have been stamped.
   *
   * @param deadline always set; holds for the body of the answer too
   * @return the app's answer, whatever its status
   * @throws dev.pillion.invocation.InvocationException when the peer can't be reached
   *     ({@code NOT_LISTENING}: it has seen nothing), ended the connection ({@code CLOSED}), denied
   *     the call, or answered nothing of this protocol
   * @throws dev.pillion.CallTimeoutException when the deadline passes
   */
  InvocationResponse invoke(Peer peer, InvocationRequest request, Deadline deadline);

  /** How it is secured, for people: {@code plaintext on loopback}, {@code mTLS as spiffe://…}. */
  String describe();

  /**
   * Whether callers prove who they are, so that an access policy can tell them apart. Known before
   * {@link #start}.
   */
  boolean provesCallers();

  /**
   * Takes no more calls and lets those under way end within the drain timeout; peers can still be
   * asked, by what ends after it. Idempotent.
   */
  void drain();

  /** The same, then lets calls of peers that are under way end so, and ends connections. */
  @Override
  void close();
}
