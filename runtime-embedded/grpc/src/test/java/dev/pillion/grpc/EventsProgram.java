// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import com.google.protobuf.Empty;
import dev.pillion.testservers.Ports;
import dev.pillion.wire.runtime.v1.AppCallbackAlphaGrpc;
import dev.pillion.wire.runtime.v1.AppCallbackGrpc;
import dev.pillion.wire.runtime.v1.ListTopicSubscriptionsResponse;
import dev.pillion.wire.runtime.v1.TopicEventBulkRequest;
import dev.pillion.wire.runtime.v1.TopicEventBulkResponse;
import dev.pillion.wire.runtime.v1.TopicEventRequest;
import dev.pillion.wire.runtime.v1.TopicEventResponse;
import dev.pillion.wire.runtime.v1.TopicEventResponse.TopicEventResponseStatus;
import dev.pillion.wire.runtime.v1.TopicSubscription;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** A program that subscribes and takes events by AppCallback, as a test says. */
final class EventsProgram implements AutoCloseable {
  final List<TopicEventRequest> events = new CopyOnWriteArrayList<>();
  final List<TopicEventBulkRequest> batches = new CopyOnWriteArrayList<>();
  final List<Metadata> headers = new CopyOnWriteArrayList<>();
  final AtomicInteger asked = new AtomicInteger();
  volatile List<TopicSubscription> list;
  volatile boolean lists = true;
  volatile boolean takesBulk = true;
  volatile boolean takesAlphaBulk = true;
  volatile Function<TopicEventRequest, TopicEventResponse> handler =
      event -> answer(TopicEventResponseStatus.SUCCESS);
  volatile Function<TopicEventBulkRequest, TopicEventBulkResponse> bulkHandler =
      batch -> TopicEventBulkResponse.getDefaultInstance();
  private final Server server;

  private EventsProgram(int port, List<TopicSubscription> list) throws IOException {
    this.list = list;
    server = NettyServerBuilder.forAddress(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
        .addService(new Callback())
        .addService(new Alpha())
        .intercept(new Headers())
        .build()
        .start();
  }

  static EventsProgram start() throws IOException {
    return start(Ports.free());
  }

  static EventsProgram start(int port) throws IOException {
    return start(port, List.of());
  }

  /** Asks for these from the moment it listens. */
  static EventsProgram start(int port, List<TopicSubscription> list) throws IOException {
    return new EventsProgram(port, list);
  }

  static TopicEventResponse answer(TopicEventResponseStatus status) {
    return TopicEventResponse.newBuilder().setStatus(status).build();
  }

  int port() {
    return server.getPort();
  }

  @Override
  public void close() throws InterruptedException {
    server.shutdownNow().awaitTermination();
  }

  private static <Q, A> void answer(Q request, StreamObserver<A> answer, Function<Q, A> handler) {
    try {
      answer.onNext(handler.apply(request));
      answer.onCompleted();
    } catch (RuntimeException e) {
      answer.onError(e);
    }
  }

  private final class Headers implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata sent, ServerCallHandler<Q, A> next) {
      headers.add(sent);
      return next.startCall(call, sent);
    }
  }

  private final class Callback extends AppCallbackGrpc.AppCallbackImplBase {
    @Override
    public void listTopicSubscriptions(
        Empty request, StreamObserver<ListTopicSubscriptionsResponse> answer) {
      asked.incrementAndGet();
      if (!lists) {
        super.listTopicSubscriptions(request, answer);
        return;
      }
      answer.onNext(
          ListTopicSubscriptionsResponse.newBuilder().addAllSubscriptions(list).build());
      answer.onCompleted();
    }

    @Override
    public void onTopicEvent(TopicEventRequest event, StreamObserver<TopicEventResponse> answer) {
      events.add(event);
      answer(event, answer, handler);
    }

    @Override
    public void onBulkTopicEvent(
        TopicEventBulkRequest batch, StreamObserver<TopicEventBulkResponse> answer) {
      if (!takesBulk) {
        answer.onError(Status.UNIMPLEMENTED.asRuntimeException());
        return;
      }
      batches.add(batch);
      answer(batch, answer, bulkHandler);
    }
  }

  private final class Alpha extends AppCallbackAlphaGrpc.AppCallbackAlphaImplBase {
    @Override
    public void onBulkTopicEventAlpha1(
        TopicEventBulkRequest batch, StreamObserver<TopicEventBulkResponse> answer) {
      if (!takesAlphaBulk) {
        answer.onError(Status.UNIMPLEMENTED.asRuntimeException());
        return;
      }
      batches.add(batch);
      answer(batch, answer, bulkHandler);
    }
  }
}
