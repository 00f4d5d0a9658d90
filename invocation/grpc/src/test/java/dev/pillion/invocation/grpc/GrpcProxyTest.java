// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.pillion.CallRejectedException;
import dev.pillion.Registration;
import dev.pillion.call.CallContext;
import dev.pillion.invocation.InvocationException;
import dev.pillion.testkit.ManualTime;
import dev.pillion.testservers.FaultProxy;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
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
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A peer, {@code web}, calls the program beside the runtime {@code orders}. */
class GrpcProxyTest {
  private static final MethodDescriptor<byte[], byte[]> GET = rpc(MethodType.UNARY, "Get");
  private static final MethodDescriptor<byte[], byte[]> FAIL = rpc(MethodType.UNARY, "Fail");
  private static final MethodDescriptor<byte[], byte[]> HANG =
      rpc(MethodType.SERVER_STREAMING, "Hang");
  private static final MethodDescriptor<byte[], byte[]> ECHO =
      rpc(MethodType.BIDI_STREAMING, "Echo");

  private final BlockingQueue<StreamObserver<byte[]>> hanging = new LinkedBlockingQueue<>();
  private final AtomicReference<Metadata> arrived = new AtomicReference<>(new Metadata());
  private final TestPeer web = TestPeer.caller();
  private final ManualTime time = new ManualTime();
  private final TestPeer orders = TestPeer.named("orders", time);
  private final AtomicInteger occupied = new AtomicInteger();
  private final CountDownLatch cancelled = new CountDownLatch(1);
  private volatile Optional<RuntimeException> refusal = Optional.empty();
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
    beside = orders.offer(new GrpcProxy.Beside(this::admit));
    toOrders = channel(orders.address().port());
  }

  private GrpcProxy.Admitted admit(CallContext context, Metadata metadata) {
    refusal.ifPresent(why -> {
      throw why;
    });
    metadata.put(text("dapr-api-token"), "app-token");
    occupied.incrementAndGet();
    return new GrpcProxy.Admitted(toProgram, metadata, occupied::decrementAndGet);
  }

  private static NettyServerBuilder server() {
    return NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0)).directExecutor();
  }

  private static ManagedChannel channel(int port) {
    return NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
  }

  private ServerServiceDefinition shop() {
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
        .addMethod(
            HANG,
            ServerCalls.asyncServerStreamingCall(
                (byte[] request, StreamObserver<byte[]> answer) -> {
                  ((ServerCallStreamObserver<byte[]>) answer)
                      .setOnCancelHandler(cancelled::countDown);
                  hanging.add(answer);
                }))
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
    await("the chain is left").untilAsserted(() -> assertThat(orders.ended).containsExactly("ok"));
    assertThat(orders.received)
        .singleElement()
        .satisfies(call -> assertThat(call.context().instance()).isEqualTo("/shop.v1.Shop/Get"));
    assertThat(occupied).hasValue(0);
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
    await().untilAsserted(() -> assertThat(orders.ended).containsExactly("status 5"));
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

  // ---- what the program's channel says

  @Test
  void aProgramThatIsNotWellIsNotAskedAndToldOfAsOfAMethod() {
    refusal = Optional.of(new InvocationException(
        InvocationException.Reason.UNHEALTHY, "app is not in a healthy state: it sleeps", null));
    var status = failure(toOrders, GET, metadata("dapr-callee-app-id", "orders"));
    assertThat(status.getCode()).isEqualTo(Status.Code.INTERNAL);
    assertThat(status.getDescription())
        .isEqualTo("error invoking app channel: app is not in a healthy state: it sleeps");
    assertThat(arrived.get().keys()).isEmpty();
  }

  @Test
  void aProgramThatIsBusyIsUnavailable() {
    refusal = Optional.of(new CallRejectedException("ERR_DIRECT_INVOKE", "no slot is free", null));
    var status = failure(toOrders, GET, metadata("dapr-callee-app-id", "orders"));
    assertThat(status.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(status.getDescription()).isEqualTo("no slot is free");
  }

  @Test
  void theDeadlineAndTheTraceOfThePeerAreThoseOfTheCall() {
    var parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    get(toOrders, GET, metadata("dapr-callee-app-id", "orders", "traceparent", parent));
    var context = orders.received.get(0).context();
    assertThat(context.headers()).containsEntry("traceparent", parent);
    assertThat(context.deadline().remainingNanos())
        .isBetween(Duration.ofSeconds(1).toNanos(), Duration.ofSeconds(20).toNanos());
  }

  // ---- the end of either side

  private ClientCall<byte[], byte[]> hanging(
      ManagedChannel channel, Answer answer, String... more) {
    var given = metadata("dapr-callee-app-id", "orders");
    given.merge(metadata(more));
    var call = channel.newCall(HANG, CallOptions.DEFAULT);
    call.start(answer, given);
    call.request(1);
    call.sendMessage(new byte[] {1});
    call.halfClose();
    return call;
  }

  private static final class Answer extends ClientCall.Listener<byte[]> {
    final CompletableFuture<Status> end = new CompletableFuture<>();

    @Override
    public void onClose(Status status, Metadata trailers) {
      end.complete(status);
    }

    Status end() throws Exception {
      return end.get(30, TimeUnit.SECONDS);
    }
  }

  private StreamObserver<byte[]> reached() throws Exception {
    var answer = hanging.poll(10, TimeUnit.SECONDS);
    assertThat(answer).isNotNull();
    return answer;
  }

  private void allIsGivenBack() throws Exception {
    await("the slot is free").untilAsserted(() -> assertThat(occupied).hasValue(0));
    await("the chain is left").untilAsserted(() -> assertThat(orders.ended).hasSize(1));
  }

  @Test
  void aCallWithoutADeadlineHasAMinuteForTheBeginOfItsAnswer() throws Exception {
    var answer = new Answer();
    hanging(toOrders, answer);
    reached();
    time.advance(Duration.ofSeconds(59));
    assertThat(occupied).hasValue(1);
    await().untilAsserted(() -> {
      time.advance(Duration.ofSeconds(1));
      assertThat(answer.end).isDone();
    });
    assertThat(answer.end().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(answer.end().getDescription())
        .startsWith("the app did not begin to answer within 60 s")
        .endsWith("or says dapr-stream: true");
    assertThat(cancelled.await(10, TimeUnit.SECONDS)).as("the program is told").isTrue();
    allIsGivenBack();
    assertThat(orders.ended).containsExactly("status 4");
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "begun", "open"})
  void aCallThatIsAStreamMayBeAsLongAsItsCallerLikes(String how) throws Exception {
    var answer = new Answer();
    var call = how.equals("open")
        ? toOrders.newCall(ECHO, CallOptions.DEFAULT)
        : hanging(toOrders, answer, "dapr-stream", how);
    if (how.equals("open")) {
      call.start(answer, metadata("dapr-callee-app-id", "orders"));
    }
    await().untilAsserted(() -> assertThat(occupied).hasValue(1));
    var program = how.equals("open") ? null : reached();
    if (how.equals("begun")) {
      program.onNext(new byte[] {1});
    }
    await("whatever is set by then").pollDelay(Duration.ofMillis(200)).until(() -> true);
    time.advance(Duration.ofHours(1));
    assertThat(answer.end).isNotDone();
    assertThat(occupied).hasValue(1);
    if (program == null) {
      call.halfClose();
    } else {
      program.onCompleted();
    }
    answer.end();
    allIsGivenBack();
  }

  @Test
  void aStreamIsSeenByTheChainUntilItIsOpenAndKeepsItsSlot() throws Exception {
    var answer = new Answer();
    hanging(toOrders, answer, "dapr-stream", "true");
    var program = reached();
    await().untilAsserted(() -> assertThat(orders.ended).containsExactly("ok"));
    assertThat(occupied).hasValue(1);
    program.onNext(new byte[] {1});
    program.onCompleted();
    assertThat(answer.end().isOk()).isTrue();
    assertThat(occupied).hasValue(0);
  }

  @Test
  void aCallerWhoLeavesEndsTheCallOfTheProgram() throws Exception {
    var call = hanging(toOrders, new Answer());
    reached();
    call.cancel("enough", null);
    assertThat(cancelled.await(10, TimeUnit.SECONDS)).isTrue();
    allIsGivenBack();
  }

  @Test
  void aConnectionOfACallerThatIsCutEndsTheCallOfTheProgram() throws Exception {
    try (var network = FaultProxy.to("127.0.0.1", orders.address().port())) {
      var between = channel(network.port());
      hanging(between, new Answer());
      reached();
      network.cut();
      assertThat(cancelled.await(10, TimeUnit.SECONDS)).isTrue();
      allIsGivenBack();
      between.shutdownNow();
    }
  }

  /**
   * Nothing tells of a machine that is gone but the silence where the answer to a ping should be.
   */
  @Test
  void aConnectionOfACallerThatIsDeadIsFoundOutByPings() throws Exception {
    try (var network = FaultProxy.to("127.0.0.1", orders.address().port())) {
      var between = channel(network.port());
      hanging(between, new Answer(), "dapr-stream", "true");
      reached();
      network.stall();
      assertThat(cancelled.await(25, TimeUnit.SECONDS)).isTrue();
      await("the slot is free").untilAsserted(() -> assertThat(occupied).hasValue(0));
      between.shutdownNow();
      network.heal();
    }
  }

  @Test
  void aProgramThatIsKilledEndsTheCallOfThePeer() throws Exception {
    try (var network = FaultProxy.to("127.0.0.1", program.getPort())) {
      var between = channel(network.port());
      beside.close();
      beside = orders.offer(new GrpcProxy.Beside((context, metadata) -> {
        var admitted = admit(context, metadata);
        return new GrpcProxy.Admitted(between, admitted.metadata(), admitted.end());
      }));
      var answer = new Answer();
      hanging(toOrders, answer);
      reached();
      network.cut();
      assertThat(answer.end().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      allIsGivenBack();
      assertThat(orders.ended).containsExactly("status 14");
      between.shutdownNow();
    }
  }

  @Test
  void aCallerWhoLeavesBeforeItsTurnIsNotPassedOn() throws Exception {
    var waiting = new CountDownLatch(1);
    var interrupted = new CountDownLatch(1);
    beside.close();
    beside = orders.offer(new GrpcProxy.Beside((context, metadata) -> {
      waiting.countDown();
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException e) {
        interrupted.countDown();
      }
      throw new CallRejectedException("ERR_DIRECT_INVOKE", "interrupted", null);
    }));
    var call = hanging(toOrders, new Answer());
    assertThat(waiting.await(10, TimeUnit.SECONDS)).isTrue();
    call.cancel("enough", null);
    assertThat(interrupted.await(10, TimeUnit.SECONDS)).isTrue();
    await().untilAsserted(() -> assertThat(orders.ended).hasSize(1));
    assertThat(hanging).isEmpty();
  }
}
