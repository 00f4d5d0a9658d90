// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import dev.pillion.Registration;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.engine.InvocationEngine;
import dev.pillion.invocation.grpc.GrpcPeers;
import dev.pillion.invocation.grpc.PeerTls;
import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.NameResolverComponent;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.invocation.spi.PeerContext;
import dev.pillion.invocation.spi.Resolution;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.runtime.JsonSerializer;
import dev.pillion.wire.common.v1.InvokeRequest;
import dev.pillion.wire.common.v1.InvokeResponse;
import dev.pillion.wire.runtime.v1.AppCallbackGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * The other JVM: an app whose method answers what it gets, plain, with mTLS, with mTLS and traced,
 * and beside it a bare gRPC server of the library's own defaults. Prints its ports and runs until
 * its input ends.
 */
public final class PeerProgram {
  static final String ECHO = "echo";

  private PeerProgram() {}

  /** The folder of the certificates. */
  public static void main(String[] args) throws Exception {
    var bare = NettyServerBuilder.forAddress(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .addService(new Echo())
        .build()
        .start();
    var certificates = Path.of(args[0]);
    try (var runtime = EmbeddedRuntime.builder(ECHO).start();
        var traced = Traced.start(ECHO);
        var plain = GrpcPeers.onPort(0);
        var secured = secured(certificates, ECHO);
        var both = secured(certificates, ECHO)) {
      System.out.println("bare=" + bare.getPort());
      System.out.println("plain=" + serve(runtime, plain).port());
      System.out.println("secured=" + serve(runtime, secured).port());
      System.out.println("traced=" + serve(traced, both).port());
      while (System.in.read() >= 0) {
        // Until whoever started it has gone.
      }
    }
    bare.shutdownNow();
  }

  static GrpcPeers secured(Path certificates, String app) {
    return GrpcPeers.onPort(0)
        .insecurePeers("127.0.0.1")
        .mutualTls(PeerTls.fromFiles(
            certificates.resolve("anchors.pem"),
            certificates.resolve(app + ".crt"),
            certificates.resolve(app + ".key")));
  }

  static InvocationEngine engine(EmbeddedRuntime runtime) {
    return new InvocationEngine(
        runtime.appId(),
        "default",
        new JsonSerializer(),
        runtime.calls(),
        runtime.time(),
        null,
        Duration.ofSeconds(1));
  }

  static PeerAddress serve(EmbeddedRuntime runtime, GrpcPeers peers) {
    var engine = engine(runtime);
    engine.method(
        ECHO,
        (request, invocation) -> InvocationResponse.of(
            200, Map.of(), request.contentType(), request.body().bytes()));
    return start(runtime, peers, engine);
  }

  static PeerAddress start(EmbeddedRuntime runtime, GrpcPeers peers, InvocationEngine engine) {
    return peers.start(new PeerContext(
        runtime.appId(),
        "default",
        runtime.time(),
        runtime.threads(),
        Duration.ofSeconds(1),
        engine::receive,
        engine));
  }

  /** Finds one app at one place. */
  record OneAddress(PeerAddress address) implements NameResolverComponent {
    @Override
    public void open(ComponentContext context) {}

    @Override
    public void close() {}

    @Override
    public Registration register(AppInstance self) {
      return () -> {};
    }

    @Override
    public Resolution resolve(String appId, String namespace, Deadline deadline) {
      return new Resolution(List.of(address), Duration.ofDays(1));
    }
  }

  private static final class Echo extends AppCallbackGrpc.AppCallbackImplBase {
    @Override
    public void onInvoke(InvokeRequest request, StreamObserver<InvokeResponse> answer) {
      answer.onNext(InvokeResponse.newBuilder()
          .setContentType(request.getContentType())
          .setData(request.getData())
          .build());
      answer.onCompleted();
    }
  }
}
