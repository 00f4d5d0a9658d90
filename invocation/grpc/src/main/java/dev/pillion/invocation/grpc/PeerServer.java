// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import dev.pillion.ComponentException;
import dev.pillion.wire.internals.v1.ServiceInvocationGrpc;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** The port where peers call. Event loops never block: what may block runs on other threads. */
final class PeerServer {
  private static final int MAX_CALLS_PER_CONNECTION = 1_000;
  private static final int MAX_RESETS = 10_000;
  private static final int RESETS_WINDOW_SECONDS = 30;
  private static final Duration CUT = Duration.ofSeconds(1);

  private final Server server;

  private PeerServer(Server server) {
    this.server = server;
  }

  static PeerServer start(
      PeerOptions options,
      InetSocketAddress address,
      Serving serving,
      GrpcProxy proxy,
      EventLoopGroup loops) {
    var builder = NettyServerBuilder.forAddress(address)
        .channelType(NioServerSocketChannel.class)
        .bossEventLoopGroup(loops)
        .workerEventLoopGroup(loops)
        .directExecutor()
        .maxInboundMessageSize(options.maxBodySize())
        .maxConcurrentCallsPerConnection(MAX_CALLS_PER_CONNECTION)
        .maxRstFramesPerWindow(MAX_RESETS, RESETS_WINDOW_SECONDS)
        // A daprd pings each 10 s, with and without calls.
        .permitKeepAliveTime(8, TimeUnit.SECONDS)
        .permitKeepAliveWithoutCalls(true)
        .maxConnectionIdle(3, TimeUnit.MINUTES)
        .keepAliveTime(10, TimeUnit.SECONDS)
        .keepAliveTimeout(5, TimeUnit.SECONDS)
        .addTransportFilter(new PeerIdentity())
        .addTransportFilter(new ConnectionLoop(loops))
        .addService(service(serving))
        .fallbackHandlerRegistry(proxy);
    var tls = options.tls();
    if (tls != null) {
      builder.sslContext(tls.serving());
    }
    try {
      return new PeerServer(builder.build().start());
    } catch (IOException e) {
      throw ComponentException.failed(
          "the peer port %s:%d can't be listened on: it is in use, or the address is not this machine's; give another one, or port 0 for any"
              .formatted(address.getHostString(), address.getPort()),
          e);
    }
  }

  private static ServerServiceDefinition service(Serving serving) {
    return ServerServiceDefinition.builder(ServiceInvocationGrpc.SERVICE_NAME)
        .addMethod(Rpcs.SERVED_FRAMES, ServedFrames.handler(serving))
        .addMethod(Rpcs.SERVED_WHOLE, ServedWhole.handler(serving))
        .build();
  }

  int port() {
    return server.getPort();
  }

  /** Takes no more calls, lets those under way end, then cuts them. */
  void close(Duration drainTimeout) {
    server.shutdown();
    if (!await(drainTimeout)) {
      server.shutdownNow();
      await(CUT);
    }
  }

  private boolean await(Duration timeout) {
    try {
      return server.awaitTermination(timeout.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
