// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.spi.Peer;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Where one call is passed on to: a peer, or the program beside this runtime. */
final class ProxyTarget {
  private final @Nullable Peer peer;
  private final @Nullable PeerConnections connections;
  private final @Nullable PeerConnection connection;
  private final @Nullable Outcome outcome;
  private final Channel channel;
  private final Metadata metadata;
  private final MethodDescriptor<byte[], byte[]> rpc;

  private ProxyTarget(
      @Nullable Peer peer,
      @Nullable PeerConnections connections,
      @Nullable PeerConnection connection,
      Channel channel,
      Metadata metadata,
      MethodDescriptor<byte[], byte[]> rpc) {
    this.peer = peer;
    this.connections = connections;
    this.connection = connection;
    this.outcome = peer == null ? null : new Outcome(peer);
    this.channel = channel;
    this.metadata = metadata;
    this.rpc = rpc;
  }

  static ProxyTarget program(
      Channel channel, Metadata metadata, MethodDescriptor<byte[], byte[]> rpc) {
    return new ProxyTarget(null, null, null, channel, metadata, rpc);
  }

  /** Counts a call into a connection of the peer; to be followed by {@link #ended}. */
  static ProxyTarget peer(
      Peer peer,
      PeerConnections connections,
      Metadata metadata,
      MethodDescriptor<byte[], byte[]> rpc) {
    var connection = connections.acquire(peer);
    return new ProxyTarget(peer, connections, connection, connection.channel(), metadata, rpc);
  }

  Optional<Peer> peer() {
    return Optional.ofNullable(peer);
  }

  Metadata metadata() {
    return metadata;
  }

  ClientCall<byte[], byte[]> call(@Nullable Deadline deadline) {
    var options = CallOptions.DEFAULT.withDeadline(deadline);
    return channel.newCall(
        rpc, outcome == null ? options : options.withStreamTracerFactory(outcome));
  }

  /** Gives the connection back. */
  void ended(Status status) {
    if (connections == null || connection == null || peer == null || outcome == null) {
      return;
    }
    if (outcome.isConnectionLost(status)) {
      connections.discard(peer, connection);
    }
    connections.release(connection);
  }

  /** Whether nobody has seen anything of the call. */
  boolean wasNotReached(Status status) {
    return outcome != null
        && outcome.isConnectionLost(status)
        && outcome.failure(status) instanceof InvocationException failure
        && failure.reason() == InvocationException.Reason.NOT_LISTENING;
  }
}
