// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static dev.pillion.grpc.ShopProgram.COUNT;
import static dev.pillion.grpc.ShopProgram.GET;
import static dev.pillion.grpc.ShopProgram.LIST;
import static dev.pillion.grpc.ShopProgram.TALK;
import static dev.pillion.grpc.ShopProgram.key;
import static dev.pillion.grpc.TestFacade.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.StringValue;
import dev.pillion.appchannel.AppOptions;
import dev.pillion.invocation.AccessPolicy;
import dev.pillion.invocation.InProcessNetwork;
import dev.pillion.resiliency.CircuitBreakerPolicy;
import dev.pillion.resiliency.Resiliency;
import dev.pillion.resiliency.RetryPolicy;
import dev.pillion.resiliency.Target;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testkit.ManualTime;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Services that no runtime knows, called through one at the program beside another. */
@Timeout(60)
class ProxyTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Buffers of two connections; far below what an endless answer would be. */
  private static final long IN_FLIGHT = 16L * 1024 * 1024;

  private final InProcessNetwork network = InProcessNetwork.create();
  private final AtomicReference<Metadata> headers = new AtomicReference<>();
  private final AtomicReference<Metadata> trailers = new AtomicReference<>();
  private ShopProgram shop;
  private EmbeddedRuntime orders;
  private TestFacade web;

  @BeforeEach
  void start() throws Exception {
    shop = ShopProgram.started();
    orders = EmbeddedRuntime.builder("orders")
        .environment(Map.of())
        .network(network)
        .with(GrpcApp.at(AppOptions.onPort(shop.port()).token("apps-token").maxConcurrency(8)))
        .start();
    web = web(TestFacade.facade(), builder -> {});
  }

  private TestFacade web(GrpcFacade facade, Consumer<EmbeddedRuntime.Builder> more) {
    return TestFacade.start(facade, builder -> more.accept(builder.network(network)));
  }

  @AfterEach
  void end() throws Exception {
    web.close();
    orders.close();
    shop.close();
  }

  private Channel to(String appId) {
    return to(web, appId, new Metadata());
  }

  private Channel to(TestFacade facade, String appId, Metadata more) {
    var sent = new Metadata();
    sent.merge(more);
    sent.put(key("dapr-app-id"), appId);
    return ClientInterceptors.intercept(
        facade.channel(),
        MetadataUtils.newAttachHeadersInterceptor(sent),
        MetadataUtils.newCaptureMetadataInterceptor(headers, trailers));
  }

  private static Metadata stream(String flag) {
    return flag.isEmpty() ? new Metadata() : TestFacade.header("dapr-stream", flag);
  }

  private static CallOptions options() {
    return CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  private static String get(Channel channel, String id) {
    return ClientCalls.blockingUnaryCall(channel, GET, options(), StringValue.of(id))
        .getValue();
  }

  private static List<String> list(Channel channel, String id, List<String> got) {
    ClientCalls.blockingServerStreamingCall(channel, LIST, options(), StringValue.of(id))
        .forEachRemaining(one -> got.add(one.getValue()));
    return got;
  }

  /** What a stream of answers brings, and its end. */
  private static final class Heard implements StreamObserver<StringValue> {
    final LinkedBlockingQueue<String> words = new LinkedBlockingQueue<>();
    final CompletableFuture<Status> end = new CompletableFuture<>();

    @Override
    public void onNext(StringValue word) {
      words.add(word.getValue());
    }

    @Override
    public void onError(Throwable failure) {
      end.complete(Status.fromThrowable(failure));
    }

    @Override
    public void onCompleted() {
      end.complete(Status.OK);
    }

    Code code() throws Exception {
      return end.get(30, TimeUnit.SECONDS).getCode();
    }
  }

  // ---- all kinds of calls

  /** Golden value G13. */
  @Test
  void aCallArrivesWithWhoItIsFrom() {
    var binary = Metadata.Key.of("b-bin", Metadata.BINARY_BYTE_MARSHALLER);
    var sent = TestFacade.header("k", "v");
    sent.put(binary, new byte[] {1, -1});
    sent.put(key("dapr-api-token"), "callers");
    sent.put(key("dapr-caller-app-id"), "forged");
    sent.put(key("dapr-caller-namespace"), "forged");
    sent.put(key("traceparent"), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");

    assertThat(get(to(web, "orders", sent), "7")).isEqualTo("order 7");
    assertThat(headers.get().get(key("shop-header"))).isEqualTo("h1");
    assertThat(trailers.get().get(key("shop-trailer"))).isEqualTo("t1");
    var arrived = shop.headers.get(0);
    assertThat(arrived.getAll(key("k"))).containsExactly("v");
    assertThat(arrived.get(binary)).isEqualTo(new byte[] {1, -1});
    assertThat(arrived.getAll(key("dapr-caller-app-id"))).containsExactly("checkout");
    assertThat(arrived.getAll(key("dapr-callee-app-id"))).containsExactly("orders");
    assertThat(arrived.getAll(key("dapr-api-token"))).containsExactly("apps-token");
    assertThat(arrived.getAll(key("traceparent"))).hasSize(1);
    assertThat(arrived.keys()).doesNotContain("dapr-app-id", "dapr-caller-namespace");
  }

  @Test
  void theAccessPolicyOfAnotherAppOfTheJvmIsAsked() {
    var policy = AccessPolicy.denyByDefault()
        .app("checkout", "default", checkout -> checkout.allow("/shop.v1.Shop/Get"));
    try (var shut = EmbeddedRuntime.builder("shut")
            .environment(Map.of())
            .network(network)
            .accessPolicy(policy)
            .with(GrpcApp.at(AppOptions.onPort(shop.port())))
            .start();
        var noProgram = EmbeddedRuntime.builder("no-program")
            .environment(Map.of())
            .network(network)
            .accessPolicy(AccessPolicy.denyByDefault())
            .start()) {
      assertThat(get(to("shut"), "7")).as("of %s", shut.appId()).isEqualTo("order 7");
      failure(() -> list(to("shut"), "7", new ArrayList<>()))
          .has(
              Code.PERMISSION_DENIED,
              "failed to proxy request, id: shut, err: access control policy has denied access to id: "
                  + "spiffe://public/ns/default/checkout operation: /shop.v1.Shop/List verb: NONE");
      failure(() -> get(to(noProgram.appId()), "7"))
          .has(
              Code.PERMISSION_DENIED,
              "failed to proxy request, id: no-program, err: access control policy has denied access to id: "
                  + "spiffe://public/ns/default/checkout operation: /shop.v1.Shop/Get verb: NONE");
      assertThat(shop.headers).hasSize(1);
    }
  }

  @Test
  void anAppsOwnPolicyIsNotAskedAboutItself() {
    try (var own = TestFacade.start(TestFacade.facade(), builder -> builder
        .accessPolicy(AccessPolicy.denyByDefault())
        .with(GrpcApp.at(AppOptions.onPort(shop.port()))))) {
      assertThat(get(to(own, "checkout", new Metadata()), "7")).isEqualTo("order 7");
    }
  }

  @Test
  void theProgramBesideTheFacadesOwnRuntimeIsCalledToo() {
    try (var own = TestFacade.start(
        TestFacade.facade(), builder -> builder.with(GrpcApp.at(AppOptions.onPort(shop.port()))))) {
      assertThat(get(to(own, "checkout", new Metadata()), "7")).isEqualTo("order 7");
      assertThat(shop.headers.get(0).get(key("dapr-caller-app-id"))).isEqualTo("checkout");
    }
  }

  @Test
  void anErrorComesBackAsItIs() {
    shop.failures.set(1);
    shop.failure = Status.NOT_FOUND.withDescription("no order 42");
    var failed = failure(() -> get(to("orders"), "42")).has(Code.NOT_FOUND, "no order 42");
    assertThat(failed.thrown().getTrailers().get(key("shop-trailer"))).isEqualTo("t1");
  }

  @Test
  void aMethodThatTheProgramDoesNotServeIsUnimplementedByIt() {
    var unknown = ShopProgram.method("Nonsense", MethodType.UNARY);
    failure(() ->
            ClientCalls.blockingUnaryCall(to("orders"), unknown, options(), StringValue.of("")))
        .has(Code.UNIMPLEMENTED, "Method not found: shop.v1.Shop/Nonsense");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "false", "true", " Yes "})
  void aStreamOfAnswersComesInOrderAndWithItsEnd(String flag) {
    var channel = to(web, "orders", stream(flag));
    assertThat(list(channel, "7", new ArrayList<>())).containsExactly("7/0", "7/1", "7/2");
    var got = new ArrayList<String>();
    failure(() -> list(channel, "broken", got)).has(Code.DATA_LOSS, "the rest is lost");
    assertThat(got).containsExactly("broken/0", "broken/1", "broken/2");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "1"})
  void aStreamOfRequestsArrivesWhole(String flag) throws Exception {
    var heard = new Heard();
    var call = to(web, "orders", stream(flag)).newCall(COUNT, options());
    var requests = ClientCalls.asyncClientStreamingCall(call, heard);
    var part = StringValue.of("x".repeat(10_000));
    for (int i = 0; i < 1_000; i++) {
      requests.onNext(part);
    }
    requests.onCompleted();
    assertThat(heard.code()).isEqualTo(Code.OK);
    assertThat(heard.words).containsExactly("1000 10000000");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "on"})
  void bothSidesTalkInTurn(String flag) throws Exception {
    var heard = new Heard();
    var call = to(web, "orders", stream(flag)).newCall(TALK, options());
    var say = ClientCalls.asyncBidiStreamingCall(call, heard);
    for (int i = 0; i < 3; i++) {
      say.onNext(StringValue.of("word " + i));
      assertThat(heard.words.poll(30, TimeUnit.SECONDS)).isEqualTo("heard word " + i);
    }
    say.onCompleted();
    assertThat(heard.code()).isEqualTo(Code.OK);
  }

  @Test
  void anAnswerIsTakenOnlyAsFastAsItIsReadAndEndsWithItsReader() {
    var read = new AtomicLong();
    var call = to("orders").newCall(LIST, CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<StringValue>() {
          @Override
          public void onMessage(StringValue part) {
            read.addAndGet(part.getValue().length());
          }
        },
        new Metadata());
    call.request(1);
    call.sendMessage(StringValue.of("endless"));
    call.halfClose();
    var last = new AtomicLong(-1);
    await("the program waits")
        .during(Duration.ofMillis(200))
        .atMost(PATIENCE)
        .until(
            () -> shop.poured.get() > 0 && last.getAndSet(shop.poured.get()) == shop.poured.get());
    assertThat(shop.poured.get()).isLessThan(IN_FLIGHT);
    call.request(1_000);
    await("it goes on").atMost(PATIENCE).until(() -> read.get() > IN_FLIGHT);
    call.cancel("enough", null);
    await("the program is told").atMost(PATIENCE).until(() -> shop.cancelled.getCount() == 0);
  }

  @Test
  void theSlotsOfTheProgramAreGivenBackWhateverTheEnd() {
    shop.failures.set(4);
    for (int i = 0; i < 4; i++) {
      failure(() -> get(to("orders"), "1")).has(Code.UNAVAILABLE, "not now");
    }
    for (int i = 0; i < 8; i++) {
      var soon = CallOptions.DEFAULT.withDeadlineAfter(50, TimeUnit.MILLISECONDS);
      var late = failure(() -> ClientCalls.blockingServerStreamingCall(
              to(web, "orders", stream("true")), LIST, soon, StringValue.of("endless"))
          .forEachRemaining(one -> {}));
      assertThat(late.thrown().getStatus().getCode()).isEqualTo(Code.DEADLINE_EXCEEDED);
    }
    // More than eight at a time the program is not given.
    for (int i = 0; i < 9; i++) {
      assertThat(get(to("orders"), "2")).isEqualTo("order 2");
    }
  }

  // ---- whom it can't be passed on to

  @Test
  void withoutAnAppNobodyIsCalled() {
    failure(() -> get(web.channel(), "7"))
        .has(
            Code.UNIMPLEMENTED,
            "Method not found: shop.v1.Shop/Get; to call it at another app, name that in the header dapr-app-id");
    assertThat(shop.asked).isEmpty();
  }

  @Test
  void anAppThatIsNotKnownIsToldWithWhatWasTried() {
    var unknown = failure(() -> get(to("nobody"), "7"));
    assertThat(unknown.thrown().getStatus().getCode()).isEqualTo(Code.INTERNAL);
    assertThat(unknown.thrown().getStatus().getDescription())
        .startsWith("failed to proxy request, id: nobody, err: no app \"nobody\"")
        .contains("[checkout, orders]");
    var none = failure(() -> get(to("a.b.c"), "7"));
    assertThat(none.thrown().getStatus().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(none.thrown().getStatus().getDescription()).contains("invalid app id a.b.c");
  }

  @Test
  void anAppOfJavaMethodsAloneSaysWhatToDo() {
    failure(() -> get(to("checkout"), "7"))
        .has(
            Code.UNIMPLEMENTED,
            "the app \"checkout\" has no gRPC program beside it to pass the call on to (GrpcApp); methods of a runtime, and programs over HTTP, are called by InvokeService");
  }

  @Test
  void aProgramThatIsNotThereIsUnavailable() throws Exception {
    shop.close();
    var failed = failure(() -> get(to("orders"), "7"));
    assertThat(failed.thrown().getStatus().getCode()).isEqualTo(Code.UNAVAILABLE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"shop.v1.Shop/../Get", "shop.v1.Shop//Get", "shop.v1.Shop/Get#x"})
  void aMethodThatIsNoneIsRefused(String name) {
    var headers = TestFacade.header("dapr-app-id", "orders");
    var failed = RawCalls.failure(web.channel(), name, headers);
    assertThat(failed.thrown().getStatus().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(failed.thrown().getStatus().getDescription()).startsWith("invalid method: ");
    assertThat(shop.headers).isEmpty();
  }

  /** A peer, and a program, would take them for calls of the runtime itself. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "dapr.proto.runtime.v1.AppCallback/OnInvoke",
        "dapr.proto.internals.v1.ServiceInvocation/CallLocal"
      })
  void aServiceOfDaprsOwnIsNeverPassedOn(String name) {
    var headers = TestFacade.header("dapr-app-id", "orders");
    RawCalls.failure(web.channel(), name, headers)
        .has(
            Code.UNIMPLEMENTED,
            "Method not found: " + name + "; services of Dapr's own are not passed on");
    assertThat(shop.headers).isEmpty();
  }

  @Test
  void whoMayNotInvokeMayNotBePassedOnEither() {
    try (var denied = web(TestFacade.facade().deniedApis("invoke.v1"), builder -> {})) {
      failure(() -> get(to(denied, "orders", new Metadata()), "7"))
          .has(Code.UNIMPLEMENTED, "Not Implemented");
    }
    try (var few = web(TestFacade.facade().allowedApis("state.v1"), builder -> {})) {
      failure(() -> get(to(few, "orders", new Metadata()), "7"))
          .has(Code.UNIMPLEMENTED, "Not Implemented");
    }
    try (var guarded = web(TestFacade.facade().token("t"), builder -> {})) {
      failure(() -> get(to(guarded, "orders", new Metadata()), "7"))
          .has(Code.UNAUTHENTICATED, "Unauthorized");
      assertThat(shop.asked).isEmpty();
      var token = TestFacade.header("dapr-api-token", "t");
      assertThat(get(to(guarded, "orders", token), "7")).isEqualTo("order 7");
      assertThat(shop.headers.get(0).getAll(key("dapr-api-token"))).containsExactly("apps-token");
    }
  }

  // ---- policies

  private TestFacade retrying() {
    return web(
        TestFacade.facade(),
        builder -> builder.resiliency(Resiliency.builder()
            .retry("twice", RetryPolicy.constant(Duration.ofMillis(1)).maxRetries(2))
            .app("orders", Target.withRetry("twice"))
            .build()));
  }

  @Test
  void aCallOfOneRequestIsMadeAgainWithIt() {
    try (var facade = retrying()) {
      var channel = to(facade, "orders", new Metadata());
      shop.failures.set(2);
      assertThat(get(channel, "7")).isEqualTo("order 7");
      assertThat(shop.asked).containsExactly("7", "7", "7");

      shop.failures.set(3);
      failure(() -> get(channel, "8")).has(Code.UNAVAILABLE, "not now");
      assertThat(shop.asked).hasSize(6);
      assertThat(list(channel, "9", new ArrayList<>())).hasSize(3);

      // What the caller has begun to read is not begun anew.
      failure(() -> list(channel, "broken", new ArrayList<>()))
          .has(Code.DATA_LOSS, "the rest is lost");
      assertThat(shop.asked).filteredOn("broken"::equals).hasSize(1);
    }
  }

  @Test
  void aSecondRequestEndsACallThatPoliciesMayMakeAgain() throws Exception {
    try (var facade = retrying()) {
      var heard = new Heard();
      var call = to(facade, "orders", new Metadata()).newCall(COUNT, options());
      var requests = ClientCalls.asyncClientStreamingCall(call, heard);
      requests.onNext(StringValue.of("a"));
      requests.onNext(StringValue.of("b"));
      assertThat(heard.code()).isEqualTo(Code.FAILED_PRECONDITION);
      assertThat(heard.end.get().getDescription())
          .isEqualTo("cannot use resiliency policies with retries on streaming RPCs");
    }
  }

  @Test
  void ofAStreamPoliciesSeeTheOpeningAlone() throws Exception {
    try (var facade = retrying()) {
      var channel = to(facade, "orders", stream("true"));
      var heard = new Heard();
      var requests = ClientCalls.asyncClientStreamingCall(channel.newCall(COUNT, options()), heard);
      requests.onNext(StringValue.of("a"));
      requests.onNext(StringValue.of("b"));
      requests.onCompleted();
      assertThat(heard.code()).isEqualTo(Code.OK);
      assertThat(heard.words).containsExactly("2 2");

      shop.failures.set(1);
      failure(() -> get(channel, "7")).has(Code.UNAVAILABLE, "not now");
      assertThat(shop.asked).containsExactly("7");
    }
  }

  @Test
  void aTimeoutOfAPolicyEndsTheCall() {
    try (var facade = web(
        TestFacade.facade(),
        builder -> builder.resiliency(Resiliency.builder()
            .timeout("soon", Duration.ofMillis(100))
            .app("orders", Target.withTimeout("soon"))
            .build()))) {
      var failed = failure(() -> ClientCalls.blockingServerStreamingCall(
              to(facade, "orders", new Metadata()), LIST, options(), StringValue.of("endless"))
          .forEachRemaining(one -> {}));
      assertThat(failed.thrown().getStatus().getCode()).isEqualTo(Code.DEADLINE_EXCEEDED);
      await("the program is told").atMost(PATIENCE).until(() -> shop.cancelled.getCount() == 0);
    }
  }

  @Test
  void anOpenCircuitBreakerKeepsCallsBack() {
    try (var facade = web(
        TestFacade.facade(),
        builder -> builder.resiliency(Resiliency.builder()
            .circuitBreaker("once", CircuitBreakerPolicy.defaults())
            .app("orders", Target.withCircuitBreaker("once"))
            .build()))) {
      var channel = to(facade, "orders", new Metadata());
      shop.failures.set(6);
      for (int i = 0; i < 6; i++) {
        failure(() -> get(channel, "7")).has(Code.UNAVAILABLE, "not now");
      }
      var kept = failure(() -> get(channel, "7"));
      assertThat(kept.thrown().getStatus().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
      assertThat(shop.asked).hasSize(6);
    }
  }

  // ---- calls without a deadline

  /** Another runtime with a clock of its own: what it waits for, this test decides. */
  private TestFacade web(ManualTime time) {
    return web(TestFacade.facade(), builder -> builder.time(time));
  }

  private static ClientCall<StringValue, StringValue> quiet(
      Channel channel, CompletableFuture<Status> end) {
    var call = channel.newCall(LIST, CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<StringValue>() {
          @Override
          public void onClose(Status status, Metadata trailers) {
            end.complete(status);
          }
        },
        new Metadata());
    call.request(1);
    call.sendMessage(StringValue.of("quiet"));
    call.halfClose();
    return call;
  }

  @Test
  void aCallWithoutADeadlineHasAMinuteForTheBeginOfItsAnswer() throws Exception {
    var time = new ManualTime();
    try (var facade = web(time)) {
      var end = new CompletableFuture<Status>();
      quiet(to(facade, "orders", new Metadata()), end);
      await().atMost(PATIENCE).until(() -> shop.asked.contains("quiet"));
      time.advance(Duration.ofSeconds(59));
      assertThat(end).isNotDone();
      await().atMost(PATIENCE).untilAsserted(() -> {
        time.advance(Duration.ofSeconds(1));
        assertThat(end).isDone();
      });
      assertThat(end.get().getCode()).isEqualTo(Code.DEADLINE_EXCEEDED);
      assertThat(end.get().getDescription())
          .contains("did not begin to answer within 60 s")
          .endsWith("or says dapr-stream: true");
      await("the program is told").atMost(PATIENCE).until(() -> shop.cancelled.getCount() == 0);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aStreamAndAnAnswerThatHasBegunHaveNoLimit(boolean stream) throws Exception {
    var time = new ManualTime();
    try (var facade = web(time)) {
      var end = new CompletableFuture<Status>();
      var heard = new Heard();
      ClientCall<StringValue, StringValue> call;
      if (stream) {
        call = quiet(to(facade, "orders", stream("true")), end);
        await().atMost(PATIENCE).until(() -> shop.asked.contains("quiet"));
      } else {
        call = to(facade, "orders", new Metadata()).newCall(LIST, CallOptions.DEFAULT);
        ClientCalls.asyncServerStreamingCall(call, StringValue.of("begun"), heard);
        assertThat(heard.words.poll(30, TimeUnit.SECONDS)).isEqualTo("begun/0");
      }
      await("whatever is set by then").pollDelay(Duration.ofMillis(200)).until(() -> true);
      time.advance(Duration.ofHours(1));
      assertThat(end).isNotDone();
      assertThat(heard.end).isNotDone();
      call.cancel("enough", null);
      await("the program is told").atMost(PATIENCE).until(() -> shop.cancelled.getCount() == 0);
    }
  }
}
