// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.RequestHandler;
import dev.pillion.wire.common.v1.InvokeResponse;
import dev.pillion.wire.internals.v1.InternalInvokeRequest;
import dev.pillion.wire.internals.v1.InternalInvokeRequestStream;
import dev.pillion.wire.internals.v1.InternalInvokeResponse;
import dev.pillion.wire.internals.v1.InternalInvokeResponseStream;
import dev.pillion.wire.internals.v1.Reminder;
import dev.pillion.wire.internals.v1.ServiceInvocationGrpc;
import dev.pillion.wire.internals.v1.Status;
import io.grpc.CallOptions;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What callers see, by the golden values of the contract, and what becomes of bad callers. */
class CalleeContractTest {
  private final AtomicReference<RequestHandler> handler =
      new AtomicReference<>((request, invocation) ->
          InvocationResponse.of(200, Map.of(), "", request.body().open().readAllBytes()));
  private final TestPeer orders =
      new TestPeer("orders", (request, invocation) -> handler.get().handle(request, invocation));
  private final RawCaller caller = new RawCaller(orders.address());

  @AfterEach
  void stop() {
    caller.close();
    orders.close();
  }

  private static InternalInvokeRequest head() {
    return RawCaller.head("POST", "v1/create", "k", "v");
  }

  private void answers(InvocationResponse answer) {
    handler.set((request, invocation) -> answer);
  }

  /** G3. */
  @Test
  void anAnswerInMemoryIsOneFrame() throws Exception {
    var headers = new LinkedHashMap<String, List<String>>();
    headers.put("Content-Type", List.of("application/json"));
    headers.put("Content-Length", List.of("2"));
    headers.put("X-Id", List.of("9"));
    headers.put("Connection", List.of("X-Hop"));
    headers.put("X-Hop", List.of("1"));
    answers(InvocationResponse.of(201, headers, "application/json", new byte[] {'{', '}'}));
    var answer = caller.call(RawCaller.first(head()));
    assertThat(answer.status().isOk()).isTrue();
    assertThat(answer.frames())
        .containsExactly(InternalInvokeResponseStream.newBuilder()
            .setResponse(InternalInvokeResponse.newBuilder()
                .setStatus(Status.newBuilder().setCode(201))
                .putHeaders("Content-Type", RawCaller.list("application/json"))
                .putHeaders("X-Id", RawCaller.list("9"))
                .setMessage(InvokeResponse.newBuilder().setContentType("application/json")))
            .setPayload(RawCaller.payload(0, "{}"))
            .build());
  }

  /** G9. */
  @Test
  void anAnswerWithoutABodyHasNoPayload() throws Exception {
    answers(InvocationResponse.of(204, Map.of(), "", new byte[0]));
    assertThat(caller.call(RawCaller.first(head())).frames())
        .containsExactly(InternalInvokeResponseStream.newBuilder()
            .setResponse(InternalInvokeResponse.newBuilder()
                .setStatus(Status.newBuilder().setCode(204)))
            .build());
  }

  /** G6. */
  @Test
  void aFailureOfAGrpcAppIsWithinTheAnswer() throws Exception {
    answers(new InvocationResponse(
        5, "no order", Map.of(), Map.of("t", List.of("1")), "", InputStream.nullInputStream()));
    var answer = caller.call(RawCaller.first(head()));
    assertThat(answer.status().isOk()).isTrue();
    assertThat(answer.frames().get(0).getResponse().getStatus())
        .isEqualTo(Status.newBuilder().setCode(5).setMessage("no order").build());
    assertThat(answer.frames().get(0).getResponse().getTrailersMap()).containsKey("t");
  }

  /** G10. */
  @Test
  void eventsAreSentAsTheyComeInDaprsOwnForm() throws Exception {
    var body = new SequenceInputStream(
        new ByteArrayInputStream("data: 1\n\n".getBytes()),
        new ByteArrayInputStream("data: 2\n\n".getBytes()));
    answers(new InvocationResponse(200, "", Map.of(), Map.of(), "text/event-stream", body));
    var answer =
        caller.call(RawCaller.first(RawCaller.head("GET", "x", "Accept", "text/event-stream")));
    assertThat(answer.frames())
        .containsExactly(
            InternalInvokeResponseStream.newBuilder()
                .setResponse(InternalInvokeResponse.newBuilder()
                    .setStatus(Status.getDefaultInstance())
                    .putHeaders("Content-Type", RawCaller.list("text/event-stream")))
                .setPayload(RawCaller.payload(0, "data: 1\n\n"))
                .build(),
            InternalInvokeResponseStream.newBuilder()
                .setResponse(InternalInvokeResponse.getDefaultInstance())
                .setPayload(RawCaller.payload(1, "data: 2\n\n"))
                .build());
    answers(InvocationResponse.of(404, Map.of(), "text/plain", "no".getBytes()));
    var error =
        caller.call(RawCaller.first(RawCaller.head("GET", "x", "Accept", "text/event-stream")));
    assertThat(error.frames().get(0).getResponse().getStatus().getCode())
        .as("an error is not lost")
        .isEqualTo(404);
  }

  /** A daprd stamps its own words beside what its program has written in other letters. */
  @Test
  void whoCallsIsSaidByTheRuntimeThatCalls() throws Exception {
    var seen = new AtomicReference<Map<String, List<String>>>();
    handler.set((request, invocation) -> {
      seen.set(request.headers());
      return InvocationResponse.of(200, Map.of(), "", new byte[0]);
    });
    var head = RawCaller.head(
        "GET",
        "x",
        "Dapr-Caller-App-Id",
        "somebody",
        "dapr-caller-app-id",
        "web",
        "DAPR-CALLER-NAMESPACE",
        "elsewhere",
        "Dapr-Callee-App-Id",
        "other",
        "destination-app-id",
        "orders",
        "X-A",
        "1");
    var left = Map.of("dapr-caller-app-id", List.of("web"), "X-A", List.of("1"));
    caller.call(RawCaller.first(head));
    assertThat(seen.getAndSet(null)).isEqualTo(left);
    caller.blocking().callLocal(head);
    assertThat(seen.get()).as("in one piece").isEqualTo(left);
  }

  @Test
  void aBodyOfSeveralFramesArrivesWhole() throws Exception {
    var first = InternalInvokeRequestStream.newBuilder()
        .setRequest(head())
        .setPayload(RawCaller.payload(0, "a"))
        .build();
    var empty = InternalInvokeRequestStream.newBuilder()
        .setRequest(InternalInvokeRequest.getDefaultInstance())
        .setPayload(RawCaller.payload(2, "c"))
        .build();
    var answer = caller.call(first, RawCaller.chunk(1, "b"), empty, RawCaller.chunk(3, "d"));
    assertThat(answer.body()).asString().isEqualTo("abcd");
  }

  @Test
  void theTraceOfADaprdComesBesideTheMessage() {
    var seen = new AtomicReference<Map<String, String>>();
    handler.set((request, invocation) -> {
      seen.set(invocation.context().headers());
      return InvocationResponse.of(200, Map.of(), "", new byte[0]);
    });
    var binary = "00000af7651916cd43dd8448eb211c80319c01b7ad6b71692033310201";
    var beside = new Metadata();
    beside.put(
        Metadata.Key.of("grpc-trace-bin", Metadata.BINARY_BYTE_MARSHALLER),
        HexFormat.of().parseHex(binary));
    caller
        .blocking()
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(beside))
        .callLocal(RawCaller.head("GET", "x", "traceparent", "00-older-01"));
    assertThat(seen.get())
        .containsEntry("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  }

  @Test
  void aMethodBeginsBeforeItsBodyIsThere() throws Exception {
    var begun = new CountDownLatch(1);
    handler.set((request, invocation) -> {
      begun.countDown();
      return InvocationResponse.of(200, Map.of(), "", request.body().open().readAllBytes());
    });
    var events = new LinkedBlockingQueue<Object>();
    var requests = caller.open(events);
    requests.onNext(RawCaller.first(head()));
    assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();
    requests.onNext(RawCaller.chunk(0, "late"));
    requests.onCompleted();
    assertThat(RawCaller.await(events).body()).asString().isEqualTo("late");
  }

  @Test
  void anAnswerDoesNotWaitForTheRestOfTheRequest() throws Exception {
    answers(InvocationResponse.of(413, Map.of(), "", new byte[0]));
    var events = new LinkedBlockingQueue<Object>();
    caller.open(events).onNext(RawCaller.first(head()));
    var answer = RawCaller.await(events);
    assertThat(answer.status().isOk()).isTrue();
    assertThat(answer.frames().get(0).getResponse().getStatus().getCode()).isEqualTo(413);
  }

  @Test
  void aFirstFrameWithoutMetadataOrMessageIsRefused() throws Exception {
    assertThat(caller.call(RawCaller.first(RawCaller.head("GET", "x"))).status().getCode())
        .isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(caller
            .call(RawCaller.first(head().toBuilder().clearMessage().build()))
            .status()
            .getCode())
        .isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(caller.call(RawCaller.chunk(0, "x")).status().getCode())
        .isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(caller.call().status().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
  }

  @Test
  void anotherVersionAndAForbiddenMethodAreRefused() throws Exception {
    var version =
        caller.call(RawCaller.first(head().toBuilder().clearVer().build())).status();
    assertThat(version.getCode()).isEqualTo(Code.INTERNAL);
    assertThat(version.getDescription()).contains("Unsupported spec version");
    for (var method : List.of("a?b", "a#b", "a\u0000b", "a\u007fb")) {
      var status =
          caller.call(RawCaller.first(RawCaller.head("GET", method, "k", "v"))).status();
      assertThat(status.getCode()).isEqualTo(Code.INVALID_ARGUMENT);
      assertThat(status.getDescription()).startsWith("invalid method: ");
    }
  }

  @Test
  void aMethodCanNotClimb() throws Exception {
    handler.set((request, invocation) ->
        InvocationResponse.of(200, Map.of(), "", request.method().getBytes()));
    assertThat(caller
            .call(RawCaller.first(RawCaller.head("GET", "a/../../..//admin/./", "k", "v")))
            .body())
        .asString()
        .isEqualTo("admin");
  }

  @Test
  void chunksOutOfOrderBreakTheBody() throws Exception {
    assertThat(broken(RawCaller.chunk(0, "a"), RawCaller.chunk(2, "c")))
        .contains("invalid sequence number received: 2 (expected: 1)");
    assertThat(broken(RawCaller.chunk(1, "b")))
        .contains("invalid sequence number received: 1 (expected: 0)");
    assertThat(broken(RawCaller.chunk(0, "a"), RawCaller.chunk(0, "a")))
        .contains("invalid sequence number received: 0 (expected: 1)");
    assertThat(broken(RawCaller.chunk(-1, "z")))
        .contains("invalid sequence number received: 18446744073709551615");
  }

  @Test
  void metadataInALaterFrameBreaksTheBody() throws Exception {
    assertThat(broken(RawCaller.first(head())))
        .contains("request metadata found in non-leading chunk");
  }

  private String broken(InternalInvokeRequestStream... later) throws Exception {
    var frames = new InternalInvokeRequestStream[later.length + 1];
    frames[0] = RawCaller.first(head());
    System.arraycopy(later, 0, frames, 1, later.length);
    var failure = new AtomicReference<InvocationException>();
    handler.set((request, invocation) -> {
      try {
        return InvocationResponse.of(200, Map.of(), "", request.body().open().readAllBytes());
      } catch (InvocationException e) {
        failure.set(e);
        throw e;
      }
    });
    assertThat(caller.call(frames).status().getCode()).isEqualTo(Code.INTERNAL);
    assertThat(failure.get().reason()).isEqualTo(InvocationException.Reason.GARBAGE);
    return failure.get().getMessage();
  }

  @Test
  void bytesThatAreNoMessageAreTheSendersProblem() {
    for (var rpc : List.<MethodDescriptor<byte[], ?>>of(Rpcs.SERVED_FRAMES, Rpcs.SERVED_WHOLE)) {
      var raw = rpc.toBuilder(RawMessage.MARSHALLER, RawMessage.MARSHALLER)
          .setType(MethodDescriptor.MethodType.UNARY)
          .build();
      var failure = catchThrowableOfType(
          StatusRuntimeException.class,
          () -> ClientCalls.blockingUnaryCall(
              caller.channel(), raw, CallOptions.DEFAULT, new byte[] {-1, -1, -1}));
      assertThat(failure.getStatus().getCode()).isEqualTo(Code.INTERNAL);
    }
  }

  @Test
  void anEndlessBodyIsNotHeld() throws Exception {
    var begun = new CountDownLatch(1);
    var go = new CountDownLatch(1);
    handler.set((request, invocation) -> {
      begun.countDown();
      go.await(20, TimeUnit.SECONDS);
      return InvocationResponse.of(200, Map.of(), "", new byte[0]);
    });
    var call = caller
        .channel()
        .newCall(ServiceInvocationGrpc.getCallLocalStreamMethod(), CallOptions.DEFAULT);
    var ended = new CountDownLatch(1);
    call.start(
        new io.grpc.ClientCall.Listener<>() {
          @Override
          public void onClose(io.grpc.Status status, Metadata trailers) {
            ended.countDown();
          }
        },
        new Metadata());
    call.request(5);
    call.sendMessage(RawCaller.first(head()));
    assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();
    var chunk = "x".repeat(1_000_000);
    int sent = 0;
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
    while (sent < 200 && System.nanoTime() < until) {
      if (call.isReady()) {
        call.sendMessage(RawCaller.chunk(sent++, chunk));
      } else {
        Thread.onSpinWait();
      }
    }
    assertThat(sent).as("megabytes that were taken while nobody read").isLessThan(20);
    go.countDown();
    assertThat(ended.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void anOldCallerIsAnsweredWhole() {
    var request = head().toBuilder();
    request.getMessageBuilder().setData(Any.newBuilder().setValue(ByteString.copyFromUtf8("old")));
    var answer = caller.blocking().callLocal(request.build());
    assertThat(answer.getStatus().getCode()).isEqualTo(200);
    assertThat(answer.getMessage().getData().getValue().toStringUtf8()).isEqualTo("old");
  }

  @Test
  void aWholeAnswerHasALimit() {
    answers(InvocationResponse.of(200, Map.of(), "", new byte[4 * 1024 * 1024]));
    var failure = catchThrowableOfType(
        StatusRuntimeException.class, () -> caller.blocking().callLocal(head()));
    assertThat(failure.getStatus().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
    var large = head().toBuilder();
    large
        .getMessageBuilder()
        .setData(Any.newBuilder().setValue(ByteString.copyFrom(new byte[4 * 1024 * 1024])));
    var refused = catchThrowableOfType(
        StatusRuntimeException.class, () -> caller.blocking().callLocal(large.build()));
    assertThat(refused.getStatus().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
  }

  @Test
  void rpcsOfActorsAreNotServedYet() {
    assertUnimplemented(() -> caller.blocking().callActor(head()));
    assertUnimplemented(() -> caller.blocking().callActorReminder(Reminder.getDefaultInstance()));
    assertUnimplemented(() -> caller.blocking().callActorStream(head()).next());
  }

  private static void assertUnimplemented(Runnable call) {
    var failure = catchThrowableOfType(StatusRuntimeException.class, call::run);
    assertThat(failure.getStatus().getCode()).isEqualTo(Code.UNIMPLEMENTED);
  }

  /** Every rpc of the contract: one that is added fails here until it is classed. */
  @Test
  void noRpcPassesTheAccessPolicyBy() throws Exception {
    orders.denies("for the test");
    for (var rpc : ServiceInvocationGrpc.getServiceDescriptor().getMethods()) {
      var name = String.valueOf(rpc.getBareMethodName());
      var code =
          switch (name) {
            case "CallLocal" ->
              catchThrowableOfType(
                      StatusRuntimeException.class, () -> caller.blocking().callLocal(head()))
                  .getStatus()
                  .getCode();
            case "CallLocalStream" ->
              caller.call(RawCaller.first(head())).status().getCode();
            case "CallActor", "CallActorReminder", "CallActorStream" -> Code.PERMISSION_DENIED;
            default -> Code.UNKNOWN;
          };
      assertThat(code).as(name).isEqualTo(Code.PERMISSION_DENIED);
    }
  }
}
