// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.invocation.spi.PeerContext;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A transport that has been started: its port, its connections, their threads. */
final class RunningPeers {
  private static final Logger log = LoggerFactory.getLogger(GrpcPeers.class);
  private static final int EVENT_LOOPS = 2;
  private static final byte[] IPV4_LOOPBACK = {127, 0, 0, 1};

  private final PeerContext context;
  private final EventLoopGroup loops;
  private final PeerConnections connections;
  private final PeerServer server;
  private final Calls calls;
  private final PeerAddress address;
  private final String description;
  private final AtomicBoolean drained = new AtomicBoolean();
  private final AtomicBoolean closed = new AtomicBoolean();

  private RunningPeers(
      PeerContext context,
      EventLoopGroup loops,
      PeerConnections connections,
      PeerServer server,
      PeerAddress address,
      String description) {
    this.context = context;
    this.loops = loops;
    this.connections = connections;
    this.server = server;
    this.calls = new Calls(connections, context.threads());
    this.address = address;
    this.description = description;
  }

  static RunningPeers start(
      PeerOptions options,
      Map<String, String> environment,
      Supplier<Optional<GrpcProxy.Door>> door,
      PeerContext context) {
    ClientLog.quiet();
    var bind = bindAddress(options);
    var description = description(options, bind, context);
    var advertised = options.advertisedHost();
    var host = advertised != null
        ? advertised
        : bind.isLoopbackAddress() ? bind.getHostAddress() : HostAddress.find(environment);
    var loops = new MultiThreadIoEventLoopGroup(
        EVENT_LOOPS, new IoThreads(context.appId() + "/peers-io"), NioIoHandler.newFactory());
    try {
      var connections = new PeerConnections(options, context.time(), loops);
      var serving = new Serving(context, options.maxBodySize());
      var server = PeerServer.start(
          options,
          new InetSocketAddress(bind, options.port()),
          serving,
          new GrpcProxy(context, serving, door),
          loops);
      var started = new RunningPeers(
          context, loops, connections, server, new PeerAddress(host, server.port()), description);
      if (options.tls() == null && !bind.isLoopbackAddress()) {
        log.warn(
            "\"{}\" can be called by anybody in the network at {}: {}",
            context.appId(),
            started.address,
            description);
      }
      return started;
    } catch (RuntimeException e) {
      end(loops);
      throw e;
    }
  }

  private static InetAddress bindAddress(PeerOptions options) {
    var given = options.bindAddress();
    if (given != null) {
      return given;
    }
    try {
      return options.tls() == null
          ? InetAddress.getByAddress(IPV4_LOOPBACK)
          : new InetSocketAddress(0).getAddress();
    } catch (UnknownHostException e) {
      throw new IllegalStateException("four bytes are an address", e);
    }
  }

  private static String description(PeerOptions options, InetAddress bind, PeerContext context) {
    var tls = options.tls();
    if (tls != null) {
      return "mTLS as " + tls.identity(context.namespace(), context.appId());
    }
    return bind.isLoopbackAddress()
        ? "plaintext on loopback"
        : "plaintext on %s: whoever reaches it may call as any app (insecurePeers)"
            .formatted(bind.getHostAddress());
  }

  PeerAddress address() {
    return address;
  }

  String describe() {
    return description;
  }

  PeerConnections connections() {
    return connections;
  }

  Calls calls() {
    return calls;
  }

  void drain() {
    if (drained.compareAndSet(false, true)) {
      server.close(context.drainTimeout());
    }
  }

  /** Connections to peers end last: methods that are still running may call. */
  void close() {
    if (closed.compareAndSet(false, true)) {
      var deadline = Deadline.after(context.drainTimeout(), context.time());
      drain();
      connections.close(deadline);
      end(loops);
    }
  }

  private static void end(EventLoopGroup loops) {
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(1, TimeUnit.SECONDS);
  }
}
