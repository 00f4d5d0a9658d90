// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.appchannel.AppOptions;
import dev.pillion.invocation.grpc.ClientLog;
import dev.pillion.invocation.grpc.IoThreads;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The one connection to a program. Where gRPC would hold back for up to two minutes after a failed
 * attempt and fail calls meanwhile, the next call here makes a fresh attempt: the program is beside
 * us, and whoever calls wants to know how it is now.
 *
 * <p>No pings, as in daprd: gRPC's servers take those that they have not been told of for an
 * attack. Of a program whose machine is gone the deadline of a call tells, or else the operating
 * system.
 */
final class AppConnector implements AutoCloseable {
  private final AppOptions options;
  private final @Nullable SslContext ssl;
  private final Runnable lost;
  private final EventLoopGroup loops;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile ManagedChannel channel;
  private boolean closed;

  /**
   * A connection.
   *
   * @param tls whom to believe; null without TLS
   * @param lost told when the connection has ended; must not block
   */
  AppConnector(AppOptions options, @Nullable AppTls tls, String appId, Runnable lost) {
    ClientLog.quiet();
    this.options = options;
    this.ssl = tls == null ? null : tls.build();
    this.lost = lost;
    this.loops = new MultiThreadIoEventLoopGroup(
        1, new IoThreads(appId + "/app-io"), NioIoHandler.newFactory());
    this.channel = build();
    watch(channel);
  }

  private void watch(ManagedChannel watched) {
    var before = watched.getState(false);
    if (before == ConnectivityState.SHUTDOWN) {
      return;
    }
    watched.notifyWhenStateChanged(before, () -> {
      if (before == ConnectivityState.READY) {
        lost.run();
      }
      watch(watched);
    });
  }

  private ManagedChannel build() {
    var builder = NettyChannelBuilder.forAddress(
            new InetSocketAddress(options.host(), options.port()))
        .channelType(NioSocketChannel.class)
        .eventLoopGroup(loops)
        .directExecutor()
        .maxInboundMessageSize(options.maxBodySize())
        .maxInboundMetadataSize(options.maxHeaderSize());
    TcpKeepalive.on(builder);
    return (ssl == null ? builder.usePlaintext() : builder.sslContext(ssl)).build();
  }

  /** The channel to use now. */
  ManagedChannel channel() {
    var current = channel;
    return current.getState(false) == ConnectivityState.TRANSIENT_FAILURE
        ? replaced(current)
        : current;
  }

  /**
   * A call has found that nothing listens. gRPC lets it fail before it says so of the channel, and
   * a call in between would fail by the same attempt: the channel is not to be used again.
   */
  void failed(ManagedChannel unreached) {
    if (unreached.getState(false) != ConnectivityState.READY) {
      var unused = replaced(unreached);
    }
  }

  private ManagedChannel replaced(ManagedChannel failed) {
    lock.lock();
    try {
      if (channel == failed && !closed) {
        failed.shutdown();
        channel = build();
        watch(channel);
      }
      return channel;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      channel.shutdownNow();
    } finally {
      lock.unlock();
    }
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(1, TimeUnit.SECONDS);
  }
}
