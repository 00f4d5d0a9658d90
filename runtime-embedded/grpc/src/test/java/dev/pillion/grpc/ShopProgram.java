// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import com.google.protobuf.StringValue;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** A program with a service of its own, of all kinds of rpcs, which no runtime knows. */
final class ShopProgram implements AutoCloseable {
  /** One answer; fails as often as {@link #failures} says. */
  static final MethodDescriptor<StringValue, StringValue> GET = method("Get", MethodType.UNARY);

  /**
   * Three answers; with "broken" then an error, with "endless" no end; with "quiet" none, with
   * "begun" one and no end.
   */
  static final MethodDescriptor<StringValue, StringValue> LIST =
      method("List", MethodType.SERVER_STREAMING);

  /** How many it was given, and how many letters. */
  static final MethodDescriptor<StringValue, StringValue> COUNT =
      method("Count", MethodType.CLIENT_STREAMING);

  /** Each comes back. */
  static final MethodDescriptor<StringValue, StringValue> TALK =
      method("Talk", MethodType.BIDI_STREAMING);

  final List<Metadata> headers = new CopyOnWriteArrayList<>();
  final List<String> asked = new CopyOnWriteArrayList<>();
  final AtomicInteger failures = new AtomicInteger();
  final AtomicLong poured = new AtomicLong();
  final CountDownLatch cancelled = new CountDownLatch(1);
  volatile Status failure = Status.UNAVAILABLE.withDescription("not now");
  private final Server server;

  private ShopProgram() throws IOException {
    server = NettyServerBuilder.forAddress(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .addService(ServerServiceDefinition.builder("shop.v1.Shop")
            .addMethod(GET, ServerCalls.asyncUnaryCall(this::get))
            .addMethod(LIST, ServerCalls.asyncServerStreamingCall(this::list))
            .addMethod(COUNT, ServerCalls.asyncClientStreamingCall(this::count))
            .addMethod(TALK, ServerCalls.asyncBidiStreamingCall(this::talk))
            .build())
        .intercept(new Headers())
        .build()
        .start();
  }

  static ShopProgram started() throws IOException {
    return new ShopProgram();
  }

  static MethodDescriptor<StringValue, StringValue> method(String name, MethodType type) {
    var marshaller = ProtoUtils.marshaller(StringValue.getDefaultInstance());
    return MethodDescriptor.newBuilder(marshaller, marshaller)
        .setFullMethodName("shop.v1.Shop/" + name)
        .setType(type)
        .build();
  }

  int port() {
    return server.getPort();
  }

  static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  private final class Headers implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata sent, ServerCallHandler<Q, A> next) {
      headers.add(sent);
      return next.startCall(
          new SimpleForwardingServerCall<Q, A>(call) {
            @Override
            public void sendHeaders(Metadata more) {
              more.put(key("shop-header"), "h1");
              super.sendHeaders(more);
            }

            @Override
            public void close(Status status, Metadata trailers) {
              trailers.put(key("shop-trailer"), "t1");
              super.close(status, trailers);
            }
          },
          sent);
    }
  }

  private void get(StringValue id, StreamObserver<StringValue> answer) {
    asked.add(id.getValue());
    if (failures.getAndDecrement() > 0) {
      answer.onError(failure.asRuntimeException());
      return;
    }
    answer.onNext(StringValue.of("order " + id.getValue()));
    answer.onCompleted();
  }

  private void list(StringValue id, StreamObserver<StringValue> answer) {
    asked.add(id.getValue());
    if (id.getValue().equals("endless")) {
      pour((ServerCallStreamObserver<StringValue>) answer);
      return;
    }
    if (id.getValue().equals("quiet") || id.getValue().equals("begun")) {
      ((ServerCallStreamObserver<StringValue>) answer).setOnCancelHandler(cancelled::countDown);
      if (id.getValue().equals("begun")) {
        answer.onNext(StringValue.of("begun/0"));
      }
      return;
    }
    for (int i = 0; i < 3; i++) {
      answer.onNext(StringValue.of(id.getValue() + "/" + i));
    }
    if (id.getValue().equals("broken")) {
      answer.onError(Status.DATA_LOSS.withDescription("the rest is lost").asRuntimeException());
    } else {
      answer.onCompleted();
    }
  }

  /** As much as the caller takes. */
  private void pour(ServerCallStreamObserver<StringValue> answer) {
    var part = StringValue.of("x".repeat(64 * 1024));
    answer.setOnCancelHandler(cancelled::countDown);
    answer.setOnReadyHandler(() -> {
      while (answer.isReady()) {
        answer.onNext(part);
        poured.addAndGet(part.getValue().length());
      }
    });
  }

  private StreamObserver<StringValue> count(StreamObserver<StringValue> answer) {
    return new StreamObserver<>() {
      private long letters;
      private int messages;

      @Override
      public void onNext(StringValue message) {
        messages++;
        letters += message.getValue().length();
      }

      @Override
      public void onError(Throwable gone) {
        cancelled.countDown();
      }

      @Override
      public void onCompleted() {
        answer.onNext(StringValue.of(messages + " " + letters));
        answer.onCompleted();
      }
    };
  }

  private StreamObserver<StringValue> talk(StreamObserver<StringValue> answer) {
    return new StreamObserver<>() {
      @Override
      public void onNext(StringValue message) {
        answer.onNext(StringValue.of("heard " + message.getValue()));
      }

      @Override
      public void onError(Throwable gone) {
        cancelled.countDown();
      }

      @Override
      public void onCompleted() {
        answer.onCompleted();
      }
    };
  }

  @Override
  public void close() throws InterruptedException {
    server.shutdownNow();
    server.awaitTermination(10, TimeUnit.SECONDS);
  }
}
