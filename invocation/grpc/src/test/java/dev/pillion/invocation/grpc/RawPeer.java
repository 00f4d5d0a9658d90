// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import dev.pillion.invocation.spi.Peer;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.wire.internals.v1.InternalInvokeRequest;
import dev.pillion.wire.internals.v1.InternalInvokeRequestStream;
import dev.pillion.wire.internals.v1.InternalInvokeResponse;
import dev.pillion.wire.internals.v1.InternalInvokeResponseStream;
import dev.pillion.wire.internals.v1.ServiceInvocationGrpc;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

/** A callee that is no code of ours: answers each call with the frames that a test has written. */
final class RawPeer implements AutoCloseable {
  private final Server server;
  private final List<InternalInvokeRequestStream> received = new CopyOnWriteArrayList<>();
  private final List<InternalInvokeRequest> whole = new CopyOnWriteArrayList<>();
  private final List<Metadata> metadata = new CopyOnWriteArrayList<>();
  private volatile List<InternalInvokeResponseStream> frames = List.of();
  private final CountDownLatch cancelled = new CountDownLatch(1);
  private volatile Status status = Status.OK;
  private volatile boolean endless;
  private volatile InternalInvokeResponse wholeAnswer = InternalInvokeResponse.getDefaultInstance();

  RawPeer() throws IOException {
    server = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
        .addService(new Service())
        .intercept(new Watching())
        .build()
        .start();
  }

  private final class Watching implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata arrived, ServerCallHandler<Q, A> next) {
      metadata.add(arrived);
      return next.startCall(call, arrived);
    }
  }

  private final class Service extends ServiceInvocationGrpc.ServiceInvocationImplBase {
    @Override
    public StreamObserver<InternalInvokeRequestStream> callLocalStream(
        StreamObserver<InternalInvokeResponseStream> answer) {
      if (status.getCode() == Status.Code.UNIMPLEMENTED) {
        return super.callLocalStream(answer);
      }
      ((ServerCallStreamObserver<InternalInvokeResponseStream>) answer)
          .setOnCancelHandler(cancelled::countDown);
      return new StreamObserver<>() {
        @Override
        public void onNext(InternalInvokeRequestStream frame) {
          received.add(frame);
        }

        @Override
        public void onError(Throwable failure) {}

        @Override
        public void onCompleted() {
          frames.forEach(answer::onNext);
          if (endless) {
            return;
          }
          if (status.isOk()) {
            answer.onCompleted();
          } else {
            answer.onError(status.asRuntimeException());
          }
        }
      };
    }

    @Override
    public void callLocal(
        InternalInvokeRequest request, StreamObserver<InternalInvokeResponse> answer) {
      whole.add(request);
      answer.onNext(wholeAnswer);
      answer.onCompleted();
    }
  }

  Peer peer() {
    return new Peer("orders", "default", new PeerAddress("127.0.0.1", server.getPort()));
  }

  void answers(Status how, InternalInvokeResponseStream... what) {
    frames = List.of(what);
    status = how;
  }

  /** Sends these, and then neither more nor the end. */
  void answersWithoutAnEnd(InternalInvokeResponseStream... what) {
    answers(Status.OK, what);
    endless = true;
  }

  /** Whether a caller has given up a call. */
  CountDownLatch cancelled() {
    return cancelled;
  }

  void answersWhole(InternalInvokeResponse answer) {
    status = Status.UNIMPLEMENTED;
    wholeAnswer = answer;
  }

  List<InternalInvokeRequestStream> received() {
    return new ArrayList<>(received);
  }

  List<InternalInvokeRequest> receivedWhole() {
    return whole;
  }

  Metadata metadata() {
    return metadata.get(metadata.size() - 1);
  }

  @Override
  public void close() {
    server.shutdownNow();
  }
}
