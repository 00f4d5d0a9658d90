// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.wire.common.v1.HTTPExtension;
import dev.pillion.wire.common.v1.InvokeRequest;
import dev.pillion.wire.common.v1.InvokeResponse;
import dev.pillion.wire.common.v1.StreamPayload;
import dev.pillion.wire.internals.v1.APIVersion;
import dev.pillion.wire.internals.v1.InternalInvokeRequest;
import dev.pillion.wire.internals.v1.InternalInvokeRequestStream;
import dev.pillion.wire.internals.v1.InternalInvokeResponse;
import dev.pillion.wire.internals.v1.InternalInvokeResponseStream;
import dev.pillion.wire.internals.v1.ListStringValue;
import dev.pillion.wire.internals.v1.Status;
import io.grpc.Metadata;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What is said to a callee, and what is made of its answers, by the golden values of the contract.
 */
class CallerContractTest {
  private static final InternalInvokeResponse OK = InternalInvokeResponse.newBuilder()
      .setStatus(Status.newBuilder().setCode(200))
      .build();

  private final TestPeer web = TestPeer.caller();
  private RawPeer orders;

  @BeforeEach
  void start() throws Exception {
    orders = new RawPeer();
    orders.answers(io.grpc.Status.OK, frame(OK));
  }

  @AfterEach
  void stop() {
    web.close();
    orders.close();
  }

  private static InternalInvokeResponseStream frame(InternalInvokeResponse head) {
    return InternalInvokeResponseStream.newBuilder().setResponse(head).build();
  }

  private static InternalInvokeResponseStream frame(
      InternalInvokeResponse head, long sequence, String data) {
    return InternalInvokeResponseStream.newBuilder()
        .setResponse(head)
        .setPayload(RawCaller.payload(sequence, data))
        .build();
  }

  private static InternalInvokeResponseStream chunk(long sequence, String data) {
    return InternalInvokeResponseStream.newBuilder()
        .setPayload(RawCaller.payload(sequence, data))
        .build();
  }

  private InvocationResponse ask(InvocationRequest request) {
    return web.ask(orders.peer(), request);
  }

  private static String text(InvocationResponse answer) throws Exception {
    try (answer) {
      return new String(answer.body().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** G1. */
  @Test
  void aCallThatCameOverHttpIsOneFrame() {
    var headers = new LinkedHashMap<String, List<String>>();
    headers.put("Content-Type", List.of("application/json"));
    headers.put("Content-Length", List.of("7"));
    headers.put("User-Agent", List.of("curl/8"));
    headers.put("Accept", List.of("*/*"));
    headers.put("X-Trace", List.of("t1"));
    headers.put("X-Forwarded-For", List.of("10.0.0.1"));
    headers.put("X-Forwarded-Host", List.of("hostA"));
    headers.put("Forwarded", List.of("for=10.0.0.1;by=10.0.0.1;host=hostA"));
    headers.put("destination-app-id", List.of("orders"));
    headers.put("dapr-caller-namespace", List.of("default"));
    headers.put("dapr-caller-app-id", List.of("web"));
    headers.put("dapr-callee-app-id", List.of("orders"));
    ask(new InvocationRequest(
            "POST",
            "/v1/create",
            "x=1&y=a%20b",
            headers,
            "application/json",
            Body.of("{\"n\":1}".getBytes(StandardCharsets.UTF_8))))
        .close();
    var expected = InternalInvokeRequest.newBuilder()
        .setVer(APIVersion.V1)
        .setMessage(InvokeRequest.newBuilder()
            .setMethod("v1/create")
            .setContentType("application/json")
            .setHttpExtension(HTTPExtension.newBuilder()
                .setVerb(HTTPExtension.Verb.POST)
                .setQuerystring("x=1&y=a%20b")));
    headers.forEach((name, values) ->
        expected.putMetadata(name, RawCaller.list(values.toArray(new String[0]))));
    assertThat(orders.received())
        .containsExactly(InternalInvokeRequestStream.newBuilder()
            .setRequest(expected)
            .setPayload(
                StreamPayload.newBuilder().setSeq(0).setData(ByteString.fromHex("7b226e223a317d")))
            .build());
  }

  @Test
  void besideTheMessageTheTraceAloneTravels() {
    ask(InvocationRequest.get("x")
            .withHeader("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
            .withHeader("secret", "s"))
        .close();
    assertThat(orders.metadata().keys()).contains("traceparent").doesNotContain("secret");
    assertThat(orders
            .metadata()
            .get(Metadata.Key.of("grpc-timeout", Metadata.ASCII_STRING_MARSHALLER)))
        .as("the caller's deadline")
        .isNotNull();
  }

  /** G9. */
  @Test
  void withoutABodyThereIsNoPayload() {
    ask(InvocationRequest.get("x")).close();
    assertThat(orders.received()).singleElement().satisfies(frame -> {
      assertThat(frame.hasPayload()).isFalse();
      assertThat(frame.getRequest().getMetadataCount()).as("a daprd needs one").isPositive();
    });
  }

  /** G9. */
  @Test
  void aLargeBodyGoesInNumberedChunks() {
    var body = new byte[300_000];
    Arrays.fill(body, (byte) 7);
    ask(InvocationRequest.post("x", "", body)).close();
    ask(new InvocationRequest(
            "POST", "x", "", Map.of(), "", Body.of(new ByteArrayInputStream(body), -1)))
        .close();
    var frames = orders.received();
    assertThat(frames).hasSize(10);
    for (int i = 0; i < 10; i++) {
      var frame = frames.get(i);
      assertThat(frame.hasRequest()).isEqualTo(i % 5 == 0);
      assertThat(frame.getPayload().getSeq()).isEqualTo(i % 5);
      assertThat(frame.getPayload().getData().size()).isEqualTo(i % 5 == 4 ? 37_856 : 65_536);
    }
  }

  private Map<String, ListStringValue> sent(Map<String, List<String>> headers, Body body) {
    ask(new InvocationRequest("POST", "x", "", headers, "", body)).close();
    var heads = orders.received().stream().filter(frame -> frame.hasRequest()).toList();
    return heads.get(heads.size() - 1).getRequest().getMetadataMap();
  }

  /** Of a daprd's app: it gets the length that stands there, and chunks where none does. */
  @Test
  void aBodyWhoseLengthIsKnownSaysIt() {
    assertThat(sent(Map.of("content-length", List.of("3")), Body.of(new byte[5])))
        .isEqualTo(Map.of("Content-Length", RawCaller.list("5")));
    var stream = new ByteArrayInputStream(new byte[100_000]);
    assertThat(sent(Map.of("k", List.of("v")), Body.of(stream, 100_000)))
        .containsEntry("Content-Length", RawCaller.list("100000"));
  }

  @Test
  void aLengthThatOnlyTheCallerKnowsIsLeftToHim() {
    var claimed = Map.of("Content-Length", List.of("2"));
    assertThat(sent(claimed, Body.of(new ByteArrayInputStream(new byte[2]), -1)))
        .isEqualTo(Map.of("Content-Length", RawCaller.list("2")));
    assertThat(sent(Map.of("k", List.of("v")), Body.EMPTY)).containsOnlyKeys("k");
  }

  /** G7. */
  @Test
  void whatCameOverGrpcHasNoLength() {
    var headers = Map.of("content-type", List.of("application/grpc"));
    assertThat(sent(headers, Body.of(new byte[5]))).containsOnlyKeys("content-type");
  }

  @Test
  void aMessageOfProtobufKeepsItsType() {
    ask(new InvocationRequest(
            "POST", "x", "", Map.of(), "", Body.of(new byte[] {1}), "type.googleapis.com/t"))
        .close();
    var data = orders.received().get(0).getRequest().getMessage().getData();
    assertThat(data)
        .isEqualTo(Any.newBuilder().setTypeUrl("type.googleapis.com/t").build());
  }

  @Test
  void aCallWithoutAVerbHasNoHttpExtension() {
    ask(new InvocationRequest("NONE", "x", "", Map.of(), "", Body.EMPTY)).close();
    assertThat(orders.received().get(0).getRequest().getMessage().hasHttpExtension())
        .isFalse();
  }

  /** G3. */
  @Test
  void theAnswerOfAnHttpApp() throws Exception {
    var head = InternalInvokeResponse.newBuilder()
        .setStatus(Status.newBuilder().setCode(201))
        .putHeaders("Content-Type", RawCaller.list("application/json"))
        .putHeaders("X-Id", RawCaller.list("9"))
        .setMessage(InvokeResponse.newBuilder().setContentType("application/json"))
        .build();
    orders.answers(io.grpc.Status.OK, frame(head, 0, "{}"));
    var answer = ask(InvocationRequest.get("x"));
    assertThat(answer.status()).isEqualTo(201);
    assertThat(answer.headers())
        .isEqualTo(Map.of("Content-Type", List.of("application/json"), "X-Id", List.of("9")));
    assertThat(answer.contentType()).isEqualTo("application/json");
    assertThat(text(answer)).isEqualTo("{}");
    orders.answers(
        io.grpc.Status.OK,
        frame(head),
        chunk(0, "{"),
        frame(InternalInvokeResponse.getDefaultInstance(), 1, "}"));
    assertThat(text(ask(InvocationRequest.get("x")))).as("in several frames").isEqualTo("{}");
  }

  /** G5, G6. */
  @Test
  void theAnswersOfAGrpcApp() throws Exception {
    orders.answers(
        io.grpc.Status.OK,
        frame(
            InternalInvokeResponse.newBuilder()
                .setStatus(Status.getDefaultInstance())
                .putHeaders("content-type", RawCaller.list("application/grpc"))
                .putHeaders("h1", RawCaller.list("v1"))
                .putTrailers("t1", RawCaller.list("v2"))
                .setMessage(InvokeResponse.newBuilder().setContentType("text/plain"))
                .build(),
            0,
            "ok"));
    var answer = ask(InvocationRequest.get("x"));
    assertThat(answer.status()).isZero();
    assertThat(answer.contentType()).isEqualTo("text/plain");
    assertThat(answer.trailers()).isEqualTo(Map.of("t1", List.of("v2")));
    assertThat(text(answer)).isEqualTo("ok");
    orders.answers(
        io.grpc.Status.OK,
        frame(InternalInvokeResponse.newBuilder()
            .setStatus(Status.newBuilder().setCode(5).setMessage("no order"))
            .build()));
    try (var failed = ask(InvocationRequest.get("x"))) {
      assertThat(failed.status()).isEqualTo(5);
      assertThat(failed.message()).isEqualTo("no order");
      assertThat(failed.httpStatus()).isEqualTo(404);
    }
  }

  /** G10. */
  @Test
  void eventsAreAnAnswerOfStatus200() throws Exception {
    orders.answers(
        io.grpc.Status.OK,
        frame(
            InternalInvokeResponse.newBuilder()
                .setStatus(Status.getDefaultInstance())
                .putHeaders("Content-Type", RawCaller.list("text/event-stream"))
                .build(),
            0,
            "data: 1\n\n"),
        frame(InternalInvokeResponse.getDefaultInstance(), 1, "data: 2\n\n"));
    var answer = ask(InvocationRequest.get("x").withHeader("Accept", "text/event-stream"));
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.contentType()).isEqualTo("text/event-stream");
    assertThat(text(answer)).isEqualTo("data: 1\n\ndata: 2\n\n");
  }

  /** A daprd reads the first value, in whatever letters, and sends the headers of its app's hop. */
  @Test
  void eventsAreToldFromTheAnswersOfGrpcAsADaprdDoes() throws Exception {
    orders.answers(
        io.grpc.Status.OK,
        frame(
            InternalInvokeResponse.newBuilder()
                .setStatus(Status.getDefaultInstance())
                .putHeaders("Connection", RawCaller.list("X-Hop"))
                .putHeaders("Content-Length", RawCaller.list("7"))
                .putHeaders("X-Hop", RawCaller.list("1"))
                .putHeaders("X-Id", RawCaller.list("9"))
                .build(),
            0,
            "no type"));
    var accepted = Map.of("Accept", List.of(" Text/Event-Stream", "*/*"));
    var answer = ask(new InvocationRequest("GET", "x", "", accepted, "", Body.EMPTY));
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.headers()).isEqualTo(Map.of("X-Id", List.of("9")));
    assertThat(text(answer)).isEqualTo("no type");
  }

  /**
   * A daprd whose app answers such a call with 204, or with an empty body, sends no frame at all.
   */
  @Test
  void anAnswerWithoutEventsIsNoMissingAnswer() throws Exception {
    orders.answers(io.grpc.Status.OK);
    try (var answer = ask(InvocationRequest.get("x").withHeader("Accept", "text/event-stream"))) {
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.headers()).isEmpty();
      assertThat(text(answer)).isEmpty();
    }
    assertThatThrownBy(() -> ask(InvocationRequest.get("x")))
        .as("no call for events")
        .isInstanceOfSatisfying(InvocationException.class, e -> assertThat(e.reason())
            .isEqualTo(InvocationException.Reason.GARBAGE));
  }

  @Test
  void aDaprdThatIsTooOldIsAskedWithoutChunks() throws Exception {
    orders.answersWhole(InternalInvokeResponse.newBuilder()
        .setStatus(Status.newBuilder().setCode(200))
        .setMessage(InvokeResponse.newBuilder()
            .setContentType("text/plain")
            .setData(Any.newBuilder().setValue(ByteString.copyFromUtf8("old"))))
        .build());
    var answer = ask(InvocationRequest.post("x", "text/plain", new byte[] {65}));
    assertThat(text(answer)).isEqualTo("old");
    assertThat(orders.receivedWhole().get(0).getMessage().getData().getValue().toStringUtf8())
        .isEqualTo("A");
    assertThatThrownBy(() -> ask(new InvocationRequest(
            "POST", "x", "", Map.of(), "", Body.of(new ByteArrayInputStream(new byte[1]), 1))))
        .isInstanceOf(InvocationException.class)
        .hasMessage(
            "target app 'orders' is running a version of Dapr that does not support streaming-based service invocation");
  }

  @Test
  void anAnswerWithoutAStatusOrWithoutAnyFrameIsGarbage() {
    orders.answers(io.grpc.Status.OK, chunk(0, "x"));
    assertReason(InvocationException.Reason.GARBAGE);
    orders.answers(io.grpc.Status.OK);
    assertReason(InvocationException.Reason.GARBAGE);
  }

  @Test
  void aBodyWithAGapBreaksWhenItIsReadNotBefore() {
    orders.answers(io.grpc.Status.OK, frame(OK, 0, "a"), chunk(2, "c"));
    assertBroken("invalid sequence number received: 2 (expected: 1)");
    orders.answers(io.grpc.Status.OK, frame(OK, 0, "a"), frame(OK, 1, "b"));
    assertBroken("response metadata found in non-leading chunk");
  }

  @Test
  void anAnswerWithAGapIsNotWaitedForAnyMore() throws Exception {
    orders.answersWithoutAnEnd(frame(OK, 0, "a"), chunk(2, "c"));
    assertBroken("invalid sequence number received: 2 (expected: 1)");
    assertThat(orders.cancelled().await(10, TimeUnit.SECONDS)).isTrue();
  }

  private void assertBroken(String why) {
    try (var answer = ask(InvocationRequest.get("x"))) {
      assertThat(answer.status()).isEqualTo(200);
      assertThatThrownBy(() -> answer.body().readAllBytes())
          .isInstanceOf(InvocationException.class)
          .hasMessageContaining(why);
    }
  }

  @Test
  void whatADaprdSaysInsteadOfAnAnswer() {
    orders.answers(io.grpc.Status.PERMISSION_DENIED.withDescription("access control policy …"));
    assertReason(InvocationException.Reason.DENIED);
    orders.answers(io.grpc.Status.UNAVAILABLE.withDescription("shutting down"));
    assertReason(InvocationException.Reason.NOT_LISTENING);
    orders.answers(io.grpc.Status.INTERNAL.withDescription("app channel is not initialized"));
    assertReason(InvocationException.Reason.GARBAGE);
    orders.answers(io.grpc.Status.RESOURCE_EXHAUSTED);
    assertReason(InvocationException.Reason.TOO_LARGE);
  }

  @Test
  void anAnswerThatBreaksOffIsSaidSo() {
    orders.answers(io.grpc.Status.INTERNAL.withDescription("for the test"), frame(OK, 0, "a"));
    try (var answer = ask(InvocationRequest.get("x"))) {
      var failure =
          catchThrowableOfType(InvocationException.class, () -> answer.body().readAllBytes());
      assertThat(failure.reason()).isEqualTo(InvocationException.Reason.CLOSED);
      assertThat(failure).hasMessageContaining("for the test");
    }
  }

  private void assertReason(InvocationException.Reason reason) {
    var failure =
        catchThrowableOfType(InvocationException.class, () -> ask(InvocationRequest.get("x")));
    assertThat(failure.reason()).as("%s", failure).isEqualTo(reason);
  }
}
