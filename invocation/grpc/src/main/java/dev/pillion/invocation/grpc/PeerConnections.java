// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.invocation.spi.Peer;
import dev.pillion.invocation.spi.PeerAddress;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
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
  private final Function<PeerAddress, InetSocketAddress> names;
  private final Map<Peer, PeerConnection> connections = new ConcurrentHashMap<>();

  /** Those of no use any more on which calls are still under way as well. */
  private final Set<PeerConnection> open = ConcurrentHashMap.newKeySet();

  private volatile TimeSource.@Nullable Scheduled sweep;
  private volatile boolean closed;

  PeerConnections(PeerOptions options, TimeSource time, EventLoopGroup loops) {
    this(options, time, loops, address -> new InetSocketAddress(address.host(), address.port()));
  }

  /** @param names finds where a host is; may block */
  PeerConnections(
      PeerOptions options,
      TimeSource time,
      EventLoopGroup loops,
      Function<PeerAddress, InetSocketAddress> names) {
    this.options = options;
    this.time = time;
    this.loops = loops;
    this.names = names;
    scheduleSweep();
  }

  /** The connection to use, with a call counted in; to be followed by {@link #release}. */
  PeerConnection acquire(Peer peer) {
    while (true) {
      if (closed) {
        throw new IllegalStateException("the peer transport is closed");
      }
      var known = connections.get(peer);
      var connection = known == null ? connected(peer) : known;
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

  /** Made outside the map: to find where a host is may take long, and would hold up other peers. */
  private PeerConnection connected(Peer peer) {
    var made = connect(peer);
    open.add(made);
    var other = connections.putIfAbsent(peer, made);
    if (other != null) {
      retire(made);
      return other;
    }
    return made;
  }

  void release(PeerConnection connection) {
    if (connection.release(time.nanos())) {
      open.remove(connection);
    }
  }

  /** The next call makes a fresh attempt, where gRPC would hold back for up to two minutes. */
  void discard(Peer peer, PeerConnection failed) {
    connections.remove(peer, failed);
    retire(failed);
  }

  private void retire(PeerConnection connection) {
    if (connection.retire()) {
      open.remove(connection);
    }
  }

  private PeerConnection connect(Peer peer) {
    // With a group of several, gRPC keeps the deadlines of calls on any of them, and wakes it for
    // each.
    var loop = loops.next();
    var builder = NettyChannelBuilder.forAddress(names.apply(peer.address()))
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
        connections.values().removeIf(connection -> retireIfUnusedSince(connection, since));
        scheduleSweep();
      }
    });
  }

  private boolean retireIfUnusedSince(PeerConnection connection, long moment) {
    boolean retired = connection.retireIfUnusedSince(moment);
    if (retired) {
      open.remove(connection);
    }
    return retired;
  }

  /** Takes no more calls, lets those under way end in time, then cuts them. */
  void close(Deadline deadline) {
    closed = true;
    var scheduled = sweep;
    if (scheduled != null) {
      scheduled.cancel();
    }
    // Also those that have been given up: each may have other calls on it.
    var ending = List.copyOf(open);
    ending.forEach(PeerConnection::retire);
    try {
      for (var connection : ending) {
        connection.channel().awaitTermination(deadline.remainingNanos(), TimeUnit.NANOSECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    ending.forEach(connection -> connection.channel().shutdownNow());
    connections.clear();
    open.clear();
  }
}
