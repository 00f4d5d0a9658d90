// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import com.google.protobuf.Any;
import com.google.protobuf.UnsafeByteOperations;
import dev.pillion.grpc.GrpcFacade;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.wire.common.v1.HTTPExtension;
import dev.pillion.wire.common.v1.InvokeRequest;
import dev.pillion.wire.common.v1.InvokeResponse;
import dev.pillion.wire.runtime.v1.DaprGrpc;
import dev.pillion.wire.runtime.v1.InvokeServiceRequest;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Locale;
import java.util.concurrent.Executors;

/**
 * InvokeService through the facade to a Java method beside a bare grpc-java server that answers the
 * same call: 1 KB there and back.
 */
final class FacadeInvokeComparison {
  private FacadeInvokeComparison() {}

  static void run(Results results) throws Exception {
    var facade = GrpcFacade.onPort(0);
    var executor = Executors.newCachedThreadPool(task -> {
      var thread = new Thread(task, "bare");
      thread.setDaemon(true);
      return thread;
    });
    var bare = NettyServerBuilder.forAddress(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .executor(executor)
        .addService(new Bare())
        .build()
        .start();
    try (var ignored = EmbeddedRuntime.builder(Values.APP)
        .method("echo", byte[].class, bytes -> bytes)
        .with(facade)
        .start()) {
      var ours = channel(facade.port());
      var theirs = channel(bare.getPort());
      try {
        compare(results, ours, theirs);
      } finally {
        ours.shutdownNow();
        theirs.shutdownNow();
      }
    } finally {
      bare.shutdownNow();
      executor.shutdownNow();
    }
  }

  private static void compare(Results results, ManagedChannel ours, ManagedChannel theirs)
      throws Exception {
    var request = InvokeServiceRequest.newBuilder()
        .setId(Values.APP)
        .setMessage(InvokeRequest.newBuilder()
            .setMethod("echo")
            .setContentType("application/octet-stream")
            .setHttpExtension(HTTPExtension.newBuilder().setVerb(HTTPExtension.Verb.POST))
            .setData(Any.newBuilder().setValue(UnsafeByteOperations.unsafeWrap(Values.KILOBYTE))))
        .build();
    var facade = DaprGrpc.newBlockingStub(ours);
    var bare = DaprGrpc.newBlockingStub(theirs);
    for (int threads : new int[] {1, 8}) {
      var c = new PairedRounds(threads, 16, 600)
          .compare(
              (thread, count) -> require(facade.invokeService(request)),
              (thread, count) -> require(bare.invokeService(request)));
      var what = "facade InvokeService of 1 KB to a Java method, " + threads + " callers, ";
      results.add(Row.reported(
          "R4",
          what + "throughput",
          Results.perSecond(c.oursPerSecond()),
          Results.perSecond(c.theirsPerSecond()) + " bare unary",
          c.throughput().toString()));
      results.add(added(what + "p50", c.oursP50Micros(), c.theirsP50Micros()));
      results.add(added(what + "p99", c.oursP99Micros(), c.theirsP99Micros()));
    }
  }

  private static Row added(String what, double ours, double theirs) {
    return Row.reported(
        "R4",
        what,
        Results.micros(ours),
        Results.micros(theirs) + " bare unary",
        String.format(Locale.ROOT, "%+.2f µs", ours - theirs));
  }

  private static void require(InvokeResponse answer) {
    if (answer.getData().getValue().size() != Values.KILOBYTE.length) {
      throw new IllegalStateException("the answer is another one");
    }
  }

  private static ManagedChannel channel(int port) {
    return NettyChannelBuilder.forAddress("127.0.0.1", port)
        .usePlaintext()
        .directExecutor()
        .build();
  }

  private static final class Bare extends DaprGrpc.DaprImplBase {
    @Override
    public void invokeService(InvokeServiceRequest request, StreamObserver<InvokeResponse> answer) {
      answer.onNext(InvokeResponse.newBuilder()
          .setContentType(request.getMessage().getContentType())
          .setData(request.getMessage().getData())
          .build());
      answer.onCompleted();
    }
  }
}
