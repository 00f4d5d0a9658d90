// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.invocation.grpc.IoThreads;
import dev.pillion.wire.runtime.v1.DaprGrpc;
import dev.pillion.wire.runtime.v1.GetStateRequest;
import dev.pillion.wire.runtime.v1.GetStateResponse;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.local.LocalAddress;
import io.grpc.netty.shaded.io.netty.channel.local.LocalChannel;
import io.grpc.netty.shaded.io.netty.channel.local.LocalIoHandler;
import io.grpc.netty.shaded.io.netty.channel.local.LocalServerChannel;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads gRPC's classes while components are being opened: a first server and a first call cost the
 * better part of a second. One call is made within this process, by way of no socket.
 */
final class WarmUp {
  private static final Logger log = LoggerFactory.getLogger(GrpcFacade.class);

  /** Classes are loaded once in a process, however many facades there are. */
  private static final AtomicBoolean BEGUN = new AtomicBoolean();

  private WarmUp() {}

  static void begin() {
    if (BEGUN.compareAndSet(false, true)) {
      // No runtime exists yet whose thread it could be.
      new IoThreads("pillion/grpc-warm-up").newThread(WarmUp::run).start();
    }
  }

  private static void run() {
    EventLoopGroup loops = new MultiThreadIoEventLoopGroup(
        1, new IoThreads("pillion/grpc-warm-up-io"), LocalIoHandler.newFactory());
    try {
      callOnce(loops);
    } catch (IOException | RuntimeException e) {
      log.debug("gRPC could not be warmed up", e);
    } finally {
      loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(1, TimeUnit.SECONDS);
    }
  }

  private static void callOnce(EventLoopGroup loops) throws IOException {
    var address = new LocalAddress(WarmUp.class);
    // gRPC asks every channel for SO_KEEPALIVE; Netty warns of each that has no such thing.
    var server = NettyServerBuilder.forAddress(address)
        .channelType(LocalServerChannel.class)
        .withChildOption(ChannelOption.SO_KEEPALIVE, null)
        .bossEventLoopGroup(loops)
        .workerEventLoopGroup(loops)
        .directExecutor()
        .addService(new OneAnswer())
        .build()
        .start();
    var channel = NettyChannelBuilder.forAddress(address)
        .channelType(LocalChannel.class)
        .withOption(ChannelOption.SO_KEEPALIVE, null)
        .eventLoopGroup(loops)
        .directExecutor()
        .usePlaintext()
        .build();
    try {
      DaprGrpc.newBlockingStub(channel)
          .withDeadlineAfter(10, TimeUnit.SECONDS)
          .getState(GetStateRequest.newBuilder().setKey("warm-up").build());
    } finally {
      channel.shutdownNow();
      server.shutdownNow();
    }
  }

  private static final class OneAnswer extends DaprGrpc.DaprImplBase {
    @Override
    public void getState(GetStateRequest request, StreamObserver<GetStateResponse> answer) {
      answer.onNext(GetStateResponse.getDefaultInstance());
      answer.onCompleted();
    }
  }
}
