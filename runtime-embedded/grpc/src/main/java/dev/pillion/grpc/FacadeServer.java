// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.invocation.grpc.IoThreads;
import dev.pillion.runtime.EmbeddedRuntime;
import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.ServerChannel;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import io.grpc.protobuf.services.ProtoReflectionService;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * One listening gRPC server. Calls arrive on a few event loops, which never block: what may block
 * runs on the runtime's threads.
 */
final class FacadeServer implements AutoCloseable {
  private static final int EVENT_LOOPS = 2;
  private static final int MAX_RESETS = 10_000;
  private static final int RESETS_WINDOW_SECONDS = 30;
  private static final Duration CUT = Duration.ofSeconds(1);

  private final Endpoint endpoint;
  private final EmbeddedRuntime runtime;
  private final EventLoopGroup loops;
  private final Server server;
  private final SubscribeService streams;

  private FacadeServer(
      Endpoint endpoint,
      EmbeddedRuntime runtime,
      EventLoopGroup loops,
      Server server,
      SubscribeService streams) {
    this.endpoint = endpoint;
    this.runtime = runtime;
    this.loops = loops;
    this.server = server;
    this.streams = streams;
  }

  static FacadeServer start(Endpoint endpoint, FacadeOptions options, EmbeddedRuntime runtime) {
    var loops = new MultiThreadIoEventLoopGroup(
        EVENT_LOOPS, new IoThreads(runtime.appId() + "/grpc-io"), NioIoHandler.newFactory());
    Server server = null;
    try {
      endpoint.prepare();
      var serving = new Serving(runtime, options.maxMessageSize());
      var streams = new SubscribeService(serving);
      server = build(endpoint, options, serving, streams, loops).start();
      endpoint.bound();
      return new FacadeServer(endpoint, runtime, loops, server, streams);
    } catch (IOException | RuntimeException e) {
      if (server != null) {
        server.shutdownNow();
        endpoint.released();
      }
      end(loops);
      throw e instanceof IOException io ? endpoint.unusable(io) : (RuntimeException) e;
    }
  }

  private static Server build(
      Endpoint endpoint,
      FacadeOptions options,
      Serving serving,
      SubscribeService streams,
      EventLoopGroup loops) {
    Class<? extends ServerChannel> channel = endpoint instanceof Endpoint.Socket
        ? NioServerDomainSocketChannel.class
        : NioServerSocketChannel.class;
    var runtime = serving.runtime();
    var rpcs = new RpcTable(serving);
    new StateService(runtime).addTo(rpcs);
    new PublishService(runtime).addTo(rpcs);
    new InvokeService(serving).addTo(rpcs);
    streams.addTo(rpcs);
    new MetadataService(runtime, streams).addTo(rpcs);
    new ShutdownService(runtime).addTo(rpcs);
    var builder = NettyServerBuilder.forAddress(endpoint.address())
        .channelType(channel)
        .bossEventLoopGroup(loops)
        .workerEventLoopGroup(loops)
        .directExecutor()
        .maxInboundMessageSize(options.maxMessageSize())
        .maxInboundMetadataSize(options.maxHeaderListSize())
        .maxConcurrentCallsPerConnection(options.maxConcurrentCalls())
        .maxRstFramesPerWindow(MAX_RESETS, RESETS_WINDOW_SECONDS)
        .permitKeepAliveTime(8, TimeUnit.SECONDS)
        .permitKeepAliveWithoutCalls(true)
        .maxConnectionIdle(3, TimeUnit.MINUTES)
        .keepAliveTime(10, TimeUnit.SECONDS)
        .keepAliveTimeout(5, TimeUnit.SECONDS)
        .addService(rpcs.service())
        .fallbackHandlerRegistry(new ProxyRegistry(serving))
        .addService(ProtoReflectionServiceV1.newInstance())
        .addService(olderReflection());
    if (endpoint instanceof Endpoint.Socket) {
      // A Unix domain socket has no such option, and Netty would warn of each connection.
      builder.withChildOption(ChannelOption.SO_KEEPALIVE, null);
    }
    // The last one added is asked first: no token, no answer, whatever was called.
    if (options.isFiltered()) {
      builder.intercept(new ApiFilter(options.allowed(), options.denied()));
    }
    var token = options.token();
    if (token != null) {
      builder.intercept(new TokenCheck(token));
    }
    return builder.build();
  }

  /** Dapr serves both versions, and older tools know this one alone. */
  @SuppressWarnings("deprecation")
  private static BindableService olderReflection() {
    return ProtoReflectionService.newInstance();
  }

  /** The port; -1 for a Unix domain socket. */
  int port() {
    return server.getPort();
  }

  /** Stops accepting, lets calls finish, then cuts them. */
  @Override
  public void close() {
    try {
      server.shutdown();
      streams.close();
      if (!await(runtime.drainTimeout())) {
        server.shutdownNow();
        await(CUT);
      }
    } finally {
      endpoint.released();
      end(loops);
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

  private static void end(EventLoopGroup loops) {
    loops
        .shutdownGracefully(0, CUT.toMillis(), TimeUnit.MILLISECONDS)
        .awaitUninterruptibly(CUT.toMillis());
  }
}
