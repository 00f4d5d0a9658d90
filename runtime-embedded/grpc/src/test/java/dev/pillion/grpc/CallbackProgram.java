// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import dev.pillion.testservers.Ports;
import dev.pillion.wire.common.v1.InvokeRequest;
import dev.pillion.wire.common.v1.InvokeResponse;
import dev.pillion.wire.runtime.v1.AppCallbackGrpc;
import dev.pillion.wire.runtime.v1.AppCallbackHealthCheckGrpc;
import dev.pillion.wire.runtime.v1.HealthCheckResponse;
import dev.pillion.wire.runtime.v1.TopicEventRequest;
import dev.pillion.wire.runtime.v1.TopicEventResponse;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * A program that serves AppCallback as an SDK's app server does; it can be stopped and restarted.
 */
final class CallbackProgram implements AutoCloseable {
  final int port;
  final List<InvokeRequest> requests = new CopyOnWriteArrayList<>();
  final List<Metadata> headers = new CopyOnWriteArrayList<>();
  final List<SSLSession> sessions = new CopyOnWriteArrayList<>();
  volatile boolean healthy = true;
  volatile boolean servesHealthCheck = true;
  volatile Function<InvokeRequest, InvokeResponse> handler = request -> answer("done");
  private final @Nullable SslContext tls;
  private @Nullable Server server;

  private CallbackProgram(int port, @Nullable SslContext tls) {
    this.port = port;
    this.tls = tls;
  }

  /** Not started yet: nothing listens. */
  static CallbackProgram stopped() throws IOException {
    return new CallbackProgram(Ports.free(), null);
  }

  static CallbackProgram started() throws IOException {
    var program = stopped();
    program.start();
    return program;
  }

  static CallbackProgram started(SslContext tls) throws IOException {
    var program = new CallbackProgram(Ports.free(), tls);
    program.start();
    return program;
  }

  static InvokeResponse answer(String text) {
    return InvokeResponse.newBuilder()
        .setContentType("text/plain")
        .setData(Any.newBuilder().setTypeUrl("type/text").setValue(ByteString.copyFromUtf8(text)))
        .build();
  }

  void start() throws IOException {
    var builder = NettyServerBuilder.forAddress(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    if (tls != null) {
      builder.sslContext(tls);
    }
    server = builder
        .addService(new Callback())
        .addService(new HealthCheck())
        .intercept(new Headers())
        .build()
        .start();
  }

  /** At once, as a killed program ends. */
  void kill() throws InterruptedException {
    var running = server;
    if (running != null) {
      running.shutdownNow();
      running.awaitTermination();
    }
  }

  @Override
  public void close() throws InterruptedException {
    kill();
  }

  private final class Headers implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata sent, ServerCallHandler<Q, A> next) {
      headers.add(sent);
      var session = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
      if (session != null) {
        sessions.add(session);
      }
      return next.startCall(call, sent);
    }
  }

  private final class Callback extends AppCallbackGrpc.AppCallbackImplBase {
    @Override
    public void onInvoke(InvokeRequest request, StreamObserver<InvokeResponse> answer) {
      requests.add(request);
      try {
        answer.onNext(handler.apply(request));
        answer.onCompleted();
      } catch (RuntimeException e) {
        answer.onError(e);
      }
    }

    @Override
    public void onTopicEvent(TopicEventRequest event, StreamObserver<TopicEventResponse> answer) {
      answer.onNext(TopicEventResponse.newBuilder()
          .setStatus(TopicEventResponse.TopicEventResponseStatus.DROP)
          .build());
      answer.onCompleted();
    }
  }

  private final class HealthCheck
      extends AppCallbackHealthCheckGrpc.AppCallbackHealthCheckImplBase {
    @Override
    public void healthCheck(Empty request, StreamObserver<HealthCheckResponse> answer) {
      if (!servesHealthCheck) {
        super.healthCheck(request, answer);
      } else if (healthy) {
        answer.onNext(HealthCheckResponse.getDefaultInstance());
        answer.onCompleted();
      } else {
        answer.onError(Status.UNAVAILABLE.asRuntimeException());
      }
    }
  }
}
