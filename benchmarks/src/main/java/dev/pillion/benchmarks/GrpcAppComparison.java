// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import com.google.protobuf.Any;
import com.google.protobuf.UnsafeByteOperations;
import dev.pillion.appchannel.AppOptions;
import dev.pillion.call.CallContext;
import dev.pillion.grpc.GrpcApp;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.wire.common.v1.HTTPExtension;
import dev.pillion.wire.common.v1.InvokeRequest;
import dev.pillion.wire.common.v1.InvokeResponse;
import dev.pillion.wire.runtime.v1.AppCallbackGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * A call over the app channel beside a bare unary call of the same rpc on the same server: 1 KB
 * there and back. The bare arm sends a message that was made before the clock started.
 */
final class GrpcAppComparison {
  private GrpcAppComparison() {}

  static void run(Results results) throws Exception {
    // Answers on its event loop, as the HTTP echo does: no executor of a program is measured.
    var program = NettyServerBuilder.forAddress(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .directExecutor()
        .addService(new Echo())
        .build()
        .start();
    var bare = NettyChannelBuilder.forAddress("127.0.0.1", program.getPort())
        .usePlaintext()
        .directExecutor()
        .build();
    var app = GrpcApp.at(AppOptions.onPort(program.getPort()));
    try (var ignored = EmbeddedRuntime.builder(Values.APP).with(app).start()) {
      var request = InvocationRequest.post("echo", "application/octet-stream", Values.KILOBYTE);
      var message = message();
      var stub = AppCallbackGrpc.newBlockingStub(bare);
      for (int threads : new int[] {1, 8}) {
        var c = new PairedRounds(threads, 16, 600)
            .compare(
                (thread, count) -> {
                  try (var answer = app.channel().invoke(request, CallContext.EMPTY)) {
                    AppChannelComparison.requireWhole(answer.body().readAllBytes());
                  }
                },
                (thread, count) -> AppChannelComparison.requireWhole(
                    stub.onInvoke(message).getData().getValue().toByteArray()));
        results.add(AppChannelComparison.row("gRPC echo of 1 KB", "bare unary", threads, c));
      }
    } finally {
      bare.shutdownNow();
      program.shutdownNow();
    }
  }

  private static InvokeRequest message() {
    return InvokeRequest.newBuilder()
        .setMethod("echo")
        .setContentType("application/octet-stream")
        .setData(Any.newBuilder().setValue(UnsafeByteOperations.unsafeWrap(Values.KILOBYTE)))
        .setHttpExtension(HTTPExtension.newBuilder().setVerb(HTTPExtension.Verb.POST))
        .build();
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
