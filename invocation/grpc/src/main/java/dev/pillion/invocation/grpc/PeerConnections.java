// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.invocation.spi.Peer;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The connections to peers, one of each, which end after three minutes without a call or when they
 * fail. Thread-safe.
 */
final class PeerConnections {
  /** As long as a daprd keeps them. */
  private static final Duration MAX_IDLE = Duration.ofMinutes(3);

  private static final Duration SWEEP = Duration.ofSeconds(45);

  private final PeerOptions options;
  private final TimeSource time;
  private final EventLoopGroup loops;
  private final Map<Peer, PeerConnection> connections = new ConcurrentHashMap<>();
  private volatile TimeSource.@Nullable Scheduled sweep;
  private volatile boolean closed;

  PeerConnections(PeerOptions options, TimeSource time, EventLoopGroup loops) {
    this.options = options;
    this.time = time;
    this.loops = loops;
    scheduleSweep();
  }

  /** The connection to use, with a call counted in; to be followed by {@link #release}. */
  PeerConnection acquire(Peer peer) {
    while (true) {
      if (closed) {
        throw new IllegalStateException("the peer transport is closed");
      }
      var connection = connections.get(peer);
      if (connection == null) {
        connection = connections.computeIfAbsent(peer, this::connect);
      }
      if (closed) {
        // It may have been made after all others had ended.
        discard(peer, connection);
      } else if (connection.acquire()) {
        return connection;
      } else {
        connections.remove(peer, connection);
      }
    }
  }

  void release(PeerConnection connection) {
    connection.release(time.nanos());
  }

  /** The next call makes a fresh attempt, where gRPC would hold back for up to two minutes. */
  void discard(Peer peer, PeerConnection failed) {
    connections.remove(peer, failed);
    failed.retire();
  }

  private PeerConnection connect(Peer peer) {
    var address = peer.address();
    // With a group of several, gRPC keeps the deadlines of calls on any of them, and wakes it for
    // each.
    var loop = loops.next();
    var builder = NettyChannelBuilder.forAddress(
            new InetSocketAddress(address.host(), address.port()))
        .channelType(NioSocketChannel.class)
        .eventLoopGroup(loop)
        .directExecutor()
        .maxInboundMessageSize(options.maxBodySize())
        // What gRPC may send again when a peer has seen nothing of it.
        .perRpcBufferLimit(ChunkStream.WINDOW * Chunks.SIZE)
        // As a daprd's: a connection that is dead is found out within 15 s.
        .keepAliveTime(10, TimeUnit.SECONDS)
        .keepAliveTimeout(5, TimeUnit.SECONDS)
        .keepAliveWithoutCalls(true);
    var tls = options.tls();
    var channel =
        (tls == null ? builder.usePlaintext() : builder.sslContext(tls.towards(peer))).build();
    return new PeerConnection(channel, loop, time.nanos());
  }

  private void scheduleSweep() {
    sweep = time.schedule(SWEEP, () -> {
      if (!closed) {
        long since = time.nanos() - MAX_IDLE.toNanos();
        connections.values().removeIf(connection -> connection.retireIfUnusedSince(since));
        scheduleSweep();
      }
    });
  }

  /** Takes no more calls, lets those under way end in time, then cuts them. */
  void close(Deadline deadline) {
    closed = true;
    var scheduled = sweep;
    if (scheduled != null) {
      scheduled.cancel();
    }
    var open = List.copyOf(connections.values());
    open.forEach(PeerConnection::retire);
    try {
      for (var connection : open) {
        connection.channel().awaitTermination(deadline.remainingNanos(), TimeUnit.NANOSECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    open.forEach(connection -> connection.channel().shutdownNow());
    connections.clear();
  }
}
