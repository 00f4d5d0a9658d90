// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.Registration;
import io.grpc.CallOptions;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A peer, {@code web}, calls the program beside the runtime {@code orders}. */
class GrpcProxyTest {
  private static final MethodDescriptor<byte[], byte[]> GET = rpc(MethodType.UNARY, "Get");
  private static final MethodDescriptor<byte[], byte[]> FAIL = rpc(MethodType.UNARY, "Fail");
  private static final MethodDescriptor<byte[], byte[]> ECHO =
      rpc(MethodType.BIDI_STREAMING, "Echo");

  private final AtomicReference<Metadata> arrived = new AtomicReference<>(new Metadata());
  private final TestPeer web = TestPeer.caller();
  private final TestPeer orders = TestPeer.named("orders");
  private Registration beside;
  private Server program;
  private ManagedChannel toProgram;
  private ManagedChannel toOrders;

  private static MethodDescriptor<byte[], byte[]> rpc(MethodType type, String name) {
    return MethodDescriptor.newBuilder(RawMessage.MARSHALLER, RawMessage.MARSHALLER)
        .setType(type)
        .setFullMethodName("shop.v1.Shop/" + name)
        .build();
  }

  @BeforeEach
  void start() throws Exception {
    program = server()
        .addService(ServerInterceptors.intercept(shop(), new Watching()))
        .build()
        .start();
    toProgram = channel(program.getPort());
    beside = orders.offer(
        new GrpcProxy.Beside(() -> Optional.of(new GrpcProxy.Program(toProgram, "app-token"))));
    toOrders = channel(orders.address().port());
  }

  private static NettyServerBuilder server() {
    return NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0)).directExecutor();
  }

  private static ManagedChannel channel(int port) {
    return NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
  }

  private static ServerServiceDefinition shop() {
    return ServerServiceDefinition.builder("shop.v1.Shop")
        .addMethod(
            GET, ServerCalls.asyncUnaryCall((byte[] request, StreamObserver<byte[]> answer) -> {
              answer.onNext(request);
              answer.onCompleted();
            }))
        .addMethod(
            FAIL, ServerCalls.asyncUnaryCall((byte[] request, StreamObserver<byte[]> answer) -> {
              var trailers = new Metadata();
              trailers.put(text("why"), "for the test");
              answer.onError(
                  Status.NOT_FOUND.withDescription("no order").asRuntimeException(trailers));
            }))
        .addMethod(ECHO, ServerCalls.asyncBidiStreamingCall(answer -> answer))
        .build();
  }

  private final class Watching implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata metadata, ServerCallHandler<Q, A> next) {
      arrived.set(metadata);
      return next.startCall(call, metadata);
    }
  }

  @AfterEach
  void stop() {
    toOrders.shutdownNow();
    web.close();
    orders.close();
    toProgram.shutdownNow();
    program.shutdownNow();
  }

  private static Metadata.Key<String> text(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  private static Metadata metadata(String... pairs) {
    var metadata = new Metadata();
    for (int i = 0; i < pairs.length; i += 2) {
      metadata.put(text(pairs[i]), pairs[i + 1]);
    }
    return metadata;
  }

  private static byte[] get(
      ManagedChannel channel, MethodDescriptor<byte[], byte[]> rpc, Metadata metadata) {
    return ClientCalls.blockingUnaryCall(
        ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(metadata)),
        rpc,
        CallOptions.DEFAULT.withDeadlineAfter(20, TimeUnit.SECONDS),
        new byte[] {1, 2, 3});
  }

  private static Status failure(
      ManagedChannel channel, MethodDescriptor<byte[], byte[]> rpc, Metadata metadata) {
    return catchThrowableOfType(StatusRuntimeException.class, () -> get(channel, rpc, metadata))
        .getStatus();
  }

  @Test
  void aCallReachesTheProgramWithTheIdentitiesOfBothApps() {
    var given = metadata(
        "dapr-callee-app-id", "orders",
        "dapr-caller-app-id", "web",
        "dapr-api-token", "of the caller's runtime",
        "k", "v");
    given.put(Metadata.Key.of("b-bin", Metadata.BINARY_BYTE_MARSHALLER), new byte[] {1, 2});
    assertThat(get(toOrders, GET, given)).containsExactly(1, 2, 3);
    var seen = arrived.get();
    assertThat(seen.getAll(text("dapr-caller-app-id"))).containsExactly("web");
    assertThat(seen.getAll(text("dapr-callee-app-id"))).containsExactly("orders");
    assertThat(seen.getAll(text("dapr-api-token"))).containsExactly("app-token");
    assertThat(seen.get(text("k"))).isEqualTo("v");
    assertThat(seen.get(Metadata.Key.of("b-bin", Metadata.BINARY_BYTE_MARSHALLER)))
        .containsExactly(1, 2);
  }

  @Test
  void aTargetInTheCallersWordsIsNotPassedOn() {
    assertThat(get(toOrders, GET, metadata("dapr-app-id", "orders"))).containsExactly(1, 2, 3);
    assertThat(arrived.get().containsKey(text("dapr-app-id"))).isFalse();
  }

  @Test
  void statusAndTrailersComeBackAsTheyAre() {
    var failure = catchThrowableOfType(
        StatusRuntimeException.class,
        () -> get(toOrders, FAIL, metadata("dapr-callee-app-id", "orders")));
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(failure.getStatus().getDescription()).isEqualTo("no order");
    assertThat(failure.getTrailers().get(text("why"))).isEqualTo("for the test");
  }

  @Test
  void streamsGoBothWaysAsTheyCome() throws Exception {
    var answers = new LinkedBlockingQueue<Object>();
    var requests = ClientCalls.asyncBidiStreamingCall(
        ClientInterceptors.intercept(
                toOrders,
                MetadataUtils.newAttachHeadersInterceptor(metadata("dapr-callee-app-id", "orders")))
            .newCall(ECHO, CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS)),
        new StreamObserver<byte[]>() {
          @Override
          public void onNext(byte[] answer) {
            answers.add(answer);
          }

          @Override
          public void onError(Throwable failure) {
            answers.add(failure);
          }

          @Override
          public void onCompleted() {
            answers.add("end");
          }
        });
    for (int i = 0; i < 200; i++) {
      var message = new byte[10_000];
      Arrays.fill(message, (byte) i);
      requests.onNext(message);
      assertThat(answers.poll(10, TimeUnit.SECONDS)).isEqualTo(message);
    }
    for (int i = 0; i < 200; i++) {
      requests.onNext(new byte[10_000]);
    }
    requests.onCompleted();
    for (int i = 0; i < 200; i++) {
      assertThat(answers.poll(10, TimeUnit.SECONDS)).isEqualTo(new byte[10_000]);
    }
    assertThat(answers.poll(10, TimeUnit.SECONDS)).isEqualTo("end");
  }

  @Test
  void withoutATargetNothingIsPassedOn() {
    var status = failure(toOrders, GET, new Metadata());
    assertThat(status.getCode()).isEqualTo(Status.Code.UNKNOWN);
    assertThat(status.getDescription())
        .isEqualTo(
            "failed to proxy request: required metadata dapr-callee-app-id or dapr-app-id not found");
  }

  @Test
  void anUnknownTargetIsNamed() {
    var status = failure(toOrders, GET, metadata("dapr-callee-app-id", "nobody"));
    assertThat(status.getDescription()).contains("no app \"nobody\"");
  }

  @Test
  void theAccessPolicyOfTheCalleeIsAsked() {
    orders.denies("for the test");
    var status = failure(toOrders, GET, metadata("dapr-callee-app-id", "orders"));
    assertThat(status.getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
    assertThat(status.getDescription()).contains("operation: /shop.v1.Shop/Get verb: NONE");
  }

  @Test
  void aPeerCanNotBeUsedToReachAThirdApp() {
    orders.knows(web.peer());
    assertThat(failure(toOrders, GET, metadata("dapr-callee-app-id", "web")).getCode())
        .isEqualTo(Status.Code.PERMISSION_DENIED);
  }

  @Test
  void withoutAProgramThereIsNobodyToPassTo() {
    beside.close();
    var status = failure(toOrders, GET, metadata("dapr-callee-app-id", "orders"));
    assertThat(status.getCode()).isEqualTo(Status.Code.INTERNAL);
    assertThat(status.getDescription()).isEqualTo("app channel is not initialized");
  }

  @Test
  void daprsOwnServicesAreNeverPassedOn() {
    var own =
        GET.toBuilder().setFullMethodName("dapr.proto.runtime.v1.Dapr/GetState").build();
    assertThat(failure(toOrders, own, metadata("dapr-callee-app-id", "orders")).getCode())
        .isEqualTo(Status.Code.UNIMPLEMENTED);
  }
}
