// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import com.google.protobuf.ByteString;
import dev.pillion.grpc.GrpcFacade;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.state.engine.InMemoryStateStore;
import dev.pillion.wire.runtime.v1.DaprGrpc;
import dev.pillion.wire.runtime.v1.GetStateRequest;
import dev.pillion.wire.runtime.v1.GetStateResponse;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Locale;
import java.util.concurrent.Executors;

/**
 * R5: GetState over the facade beside a bare grpc-java server that answers the same bytes at once.
 */
final class FacadeComparison {
  private static final double MAX_ADDED_MICROS = 10;

  private FacadeComparison() {}

  static void run(Results results) throws Exception {
    var facade = GrpcFacade.onPort(0);
    var executor = Executors.newCachedThreadPool(task -> {
      var thread = new Thread(task, "bare");
      thread.setDaemon(true);
      return thread;
    });
    var bare = NettyServerBuilder.forAddress(loopback())
        .executor(executor)
        .addService(new Bare())
        .build()
        .start();
    try (var runtime = EmbeddedRuntime.builder(Values.APP)
        .component("memory", new InMemoryStateStore())
        .with(facade)
        .start()) {
      runtime.state("memory").save("k", Values.KILOBYTE);
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
    var request =
        GetStateRequest.newBuilder().setStoreName("memory").setKey("k").build();
    var facade = DaprGrpc.newBlockingStub(ours);
    var bare = DaprGrpc.newBlockingStub(theirs);
    for (int threads : new int[] {1, 8}) {
      var c = new PairedRounds(threads, 16, 600)
          .compare(
              (thread, count) -> facade.getState(request),
              (thread, count) -> bare.getState(request));
      results.add(new Row(
          "R5",
          "facade GetState of 1 KB in memory, " + threads + " callers, throughput",
          Results.perSecond(c.oursPerSecond()),
          Results.perSecond(c.theirsPerSecond()) + " bare unary",
          c.throughput().toString(),
          "at least 0.90",
          c.throughput().median() >= 0.90));
      double added = c.oursP50Micros() - c.theirsP50Micros();
      // With callers enough to fill both cores, latency is queueing: the added time is judged with
      // one caller.
      if (threads == 1) {
        results.add(new Row(
            "R5",
            "facade GetState of 1 KB in memory, 1 caller, p50",
            Results.micros(c.oursP50Micros()),
            Results.micros(c.theirsP50Micros()) + " bare unary",
            String.format(Locale.ROOT, "%+.2f µs", added),
            "at most +10 µs",
            added <= MAX_ADDED_MICROS));
      }
    }
  }

  static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  static ManagedChannel channel(int port) {
    return NettyChannelBuilder.forAddress("127.0.0.1", port)
        .usePlaintext()
        .directExecutor()
        .build();
  }

  private static final class Bare extends DaprGrpc.DaprImplBase {
    private final ByteString data = ByteString.copyFrom(Values.KILOBYTE);

    @Override
    public void getState(GetStateRequest request, StreamObserver<GetStateResponse> answer) {
      answer.onNext(GetStateResponse.newBuilder()
          .setData(data)
          .setEtag("70ad03d0-9ad3-45a9-8a41-acbed4a04255")
          .build());
      answer.onCompleted();
    }
  }
}
