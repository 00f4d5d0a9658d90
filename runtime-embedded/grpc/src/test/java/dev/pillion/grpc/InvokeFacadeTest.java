// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static dev.pillion.grpc.TestFacade.failure;
import static dev.pillion.grpc.TestFacade.header;
import static dev.pillion.grpc.TestFacade.info;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import dev.pillion.CallRejectedException;
import dev.pillion.CallTimeoutException;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.spi.PassingHandler;
import dev.pillion.wire.common.v1.HTTPExtension;
import dev.pillion.wire.common.v1.HTTPExtension.Verb;
import dev.pillion.wire.common.v1.InvokeRequest;
import dev.pillion.wire.common.v1.InvokeResponse;
import dev.pillion.wire.runtime.v1.DaprGrpc;
import dev.pillion.wire.runtime.v1.InvokeServiceRequest;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.Status.Code;
import io.grpc.stub.MetadataUtils;
import java.io.ByteArrayInputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** InvokeService: what a callee sees, what a caller gets, and every failure with its code. */
@Timeout(60)
class InvokeFacadeTest {
  private static final String PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  private final List<InvocationRequest> seen = Collections.synchronizedList(new ArrayList<>());
  private volatile Function<InvocationRequest, InvocationResponse> callee =
      request -> answer(200, "done");
  private final AtomicReference<Duration> left = new AtomicReference<>();

  /** Stands for the program beside the runtime. */
  private final PassingHandler program = (request, invocation) -> {
    seen.add(request);
    left.set(Duration.ofNanos(invocation.context().deadline().remainingNanos()));
    return callee.apply(request);
  };

  private final TestFacade facade = TestFacade.start(TestFacade.facade(), builder -> builder
      .method("upper", String.class, text -> text.toUpperCase(java.util.Locale.ROOT))
      .receive("nothing", String.class, text -> {})
      .method("raw", (request, invocation) -> {
        seen.add(request);
        return callee.apply(request);
      })
      .otherMethods(program));
  private final AtomicReference<Metadata> headers = new AtomicReference<>();
  private final AtomicReference<Metadata> trailers = new AtomicReference<>();

  @AfterEach
  void close() {
    facade.close();
  }

  private static InvocationResponse answer(int status, String text) {
    return InvocationResponse.of(status, Map.of(), "text/plain", text.getBytes(UTF_8));
  }

  private static InvokeRequest.Builder message(String method, String body) {
    return InvokeRequest.newBuilder()
        .setMethod(method)
        .setContentType("application/json")
        .setData(Any.newBuilder().setValue(ByteString.copyFromUtf8(body)));
  }

  private InvokeResponse invoke(InvokeRequest.Builder message) {
    return invoke("checkout", message, new Metadata());
  }

  private InvokeResponse invoke(String id, InvokeRequest.Builder message, Metadata sent) {
    var channel = ClientInterceptors.intercept(
        facade.channel(),
        MetadataUtils.newAttachHeadersInterceptor(sent),
        MetadataUtils.newCaptureMetadataInterceptor(headers, trailers));
    return DaprGrpc.newBlockingStub(channel)
        .withDeadlineAfter(30, TimeUnit.SECONDS)
        .invokeService(
            InvokeServiceRequest.newBuilder().setId(id).setMessage(message).build());
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  private static Metadata.Key<byte[]> binary(String name) {
    return Metadata.Key.of(name, Metadata.BINARY_BYTE_MARSHALLER);
  }

  private @Nullable String received(String name) {
    return headers.get().get(key(name));
  }

  // ---- values

  @Test
  void aMethodOfTheRuntimeIsCalledByItsValues() {
    var answered = invoke(message("upper", "\"ö\""));
    assertThat(answered.getData().getValue().toStringUtf8()).isEqualTo("\"Ö\"");
    assertThat(answered.getContentType()).isEqualTo("application/json");
    assertThat(received("dapr-http-status")).isEqualTo("200");
    assertThat(received("dapr-content-type")).isEqualTo("application/json");

    assertThat(invoke(message("nothing", "\"x\"")).getData().getValue()).isEmpty();
    assertThat(received("dapr-http-status")).isEqualTo("204");
  }

  /** The callee's part of golden value G7. */
  @Test
  void theCalleeSeesWhatWasSent() throws Exception {
    var sent = header("k1", "v1");
    sent.put(binary("b-bin"), new byte[] {1, 2});
    sent.put(key("traceparent"), PARENT);
    sent.put(key("dapr-api-token"), "canary");
    sent.put(key("dapr-caller-app-id"), "forged");
    invoke(
        "checkout",
        message("/a//b/../find/", "{\"q\":1}")
            .setHttpExtension(HTTPExtension.newBuilder().setVerb(Verb.GET).setQuerystring("a=b")),
        sent);

    var request = seen.get(0);
    assertThat(request.verb()).isEqualTo("GET");
    assertThat(request.method()).isEqualTo("/a/find");
    assertThat(request.query()).isEqualTo("a=b");
    assertThat(request.contentType()).isEqualTo("application/json");
    assertThat(request.body().bytes()).isEqualTo("{\"q\":1}".getBytes(UTF_8));
    var expected = new HashMap<String, List<String>>();
    expected.put("k1", List.of("v1"));
    expected.put("b-bin", List.of("AQI="));
    expected.put("content-type", List.of("application/grpc"));
    expected.put(":authority", List.of("127.0.0.1:" + facade.port()));
    expected.put("traceparent", List.of(PARENT));
    expected.put("dapr-caller-namespace", List.of("default"));
    expected.put("dapr-caller-app-id", List.of("checkout"));
    expected.put("dapr-callee-app-id", List.of("checkout"));
    assertThat(request.headers()).containsAllEntriesOf(expected).containsKey("user-agent");
    assertThat(request.headers()).hasSize(expected.size() + 1);
  }

  @Test
  void aMethodOfTheRuntimeNeedsNoVerbAndOthersAreToldThatThereIsNone() {
    invoke(message("raw", ""));
    assertThat(seen.get(0).verb()).isEqualTo("POST");
    invoke(message("other", ""));
    assertThat(seen.get(1).verb()).isEqualTo("NONE");
    invoke(message("raw", "").setHttpExtension(HTTPExtension.getDefaultInstance()));
    assertThat(seen.get(2).verb()).isEqualTo("POST");
  }

  @Test
  void aMessageOfAKnownTypeKeepsIt() {
    callee = request -> new InvocationResponse(
        0, "", Map.of(), Map.of(), "", new ByteArrayInputStream(new byte[] {8, 1}), "type/answer");
    var request = message("other", "x");
    request.getDataBuilder().setTypeUrl("type/order");
    assertThat(invoke(request).getData().getTypeUrl()).isEqualTo("type/answer");
    assertThat(seen.get(0).typeUrl()).isEqualTo("type/order");
  }

  @Test
  void headersAndTrailersComeBackUnderNamesThatGrpcLeavesFree() {
    var answered = new HashMap<String, List<String>>();
    answered.put("X-Id", List.of("9", "10"));
    answered.put("Content-Type", List.of("application/json; charset=utf-8"));
    answered.put("Cache-Control", List.of("no-store"));
    answered.put("there-bin", List.of("AQL/"));
    answered.put("connection", List.of("close"));
    answered.put("grpc-status", List.of("7"));
    answered.put("x-city", List.of("Zürich"));
    answered.put("dapr-api-token", List.of("canary"));
    callee = request -> new InvocationResponse(
        201,
        "",
        answered,
        Map.of("Last", List.of("t"), "Date", List.of("now")),
        "application/json",
        new ByteArrayInputStream("{}".getBytes(UTF_8)));

    assertThat(invoke(message("other", "")).getData().getValue().toStringUtf8()).isEqualTo("{}");
    assertThat(headers.get().getAll(key("x-id"))).containsExactly("9", "10");
    assertThat(received("dapr-content-type")).isEqualTo("application/json; charset=utf-8");
    assertThat(received("dapr-cache-control")).isEqualTo("no-store");
    assertThat(received("dapr-http-status")).isEqualTo("201");
    assertThat(headers.get().get(binary("there-bin"))).isEqualTo(new byte[] {1, 2, -1});
    assertThat(headers.get().keys()).doesNotContain("connection", "x-city", "dapr-api-token");
    assertThat(trailers.get().get(key("last"))).isEqualTo("t");
    assertThat(trailers.get().get(key("date"))).isEqualTo("now");
  }

  @Test
  void theCallersDeadlineIsTheCallees() {
    facade
        .dapr()
        .withDeadlineAfter(7, TimeUnit.SECONDS)
        .invokeService(InvokeServiceRequest.newBuilder()
            .setId("checkout")
            .setMessage(message("other", ""))
            .build());
    assertThat(left.get()).isBetween(Duration.ofMillis(1), Duration.ofSeconds(7));
    DaprGrpc.newBlockingStub(facade.channel())
        .invokeService(InvokeServiceRequest.newBuilder()
            .setId("checkout")
            .setMessage(message("other", ""))
            .build());
    assertThat(left.get()).isBetween(Duration.ofSeconds(40), Duration.ofSeconds(60));
  }

  // ---- errors of the callee

  /** Table 6.2, with the phrases of golden value G8. */
  @ParameterizedTest
  @CsvSource({
    "302, UNKNOWN, Found",
    "304, UNKNOWN, Not Modified",
    "400, INTERNAL, Bad Request",
    "401, UNAUTHENTICATED, Unauthorized",
    "403, PERMISSION_DENIED, Forbidden",
    "404, NOT_FOUND, Not Found",
    "408, CANCELLED, Request Timeout",
    "409, ALREADY_EXISTS, Conflict",
    "418, UNKNOWN, I'm a teapot",
    "429, RESOURCE_EXHAUSTED, Too Many Requests",
    "500, UNKNOWN, Internal Server Error",
    "501, UNIMPLEMENTED, Not Implemented",
    "502, UNKNOWN, Bad Gateway",
    "503, UNAVAILABLE, Service Unavailable",
    "504, DEADLINE_EXCEEDED, Gateway Timeout",
    "599, UNKNOWN, ''"
  })
  void anErrorOfHttpIsToldByItsPhrase(int status, Code code, String phrase) {
    callee = request -> InvocationResponse.of(
        status, Map.of("X-Id", List.of("9")), "text/plain", "nope".getBytes(UTF_8));
    failure(() -> invoke(message("other", "")))
        .has(code, phrase)
        .hasDetails(info(
            phrase, Map.of("http.code", Integer.toString(status), "http.error_message", "nope")));
    assertThat(received("dapr-http-status")).isEqualTo(Integer.toString(status));
    assertThat(received("x-id")).isEqualTo("9");
  }

  @Test
  void ofAnErrorsBodyTheFirst63BytesAreTold() {
    callee = request -> answer(500, "x".repeat(62) + "ößü");
    failure(() -> invoke(message("other", "")))
        .has(Code.UNKNOWN, "Internal Server Error")
        .hasDetails(info(
            "Internal Server Error",
            Map.of("http.code", "500", "http.error_message", "x".repeat(62))));
  }

  @Test
  void aHandlersErrorIsAnErrorOfHttp() {
    callee = request -> {
      throw new InvocationException(404, "no order 42");
    };
    failure(() -> invoke(message("raw", "")))
        .has(Code.NOT_FOUND, "Not Found")
        .hasDetails(
            info("Not Found", Map.of("http.code", "404", "http.error_message", "no order 42")));
  }

  /** Golden value G6, with details and trailers. */
  @Test
  void anErrorOfGrpcIsToldAsItIs() {
    var detail = info("WHY", Map.of("order", "42"));
    var details = com.google.rpc.Status.newBuilder()
        .setCode(5)
        .setMessage("no order")
        .addDetails(Any.pack(detail))
        .build();
    callee = request -> new InvocationResponse(
        5,
        "no order",
        Map.of("h1", List.of("v1"), "content-type", List.of("application/grpc")),
        Map.of(
            "x-why", List.of("because"),
            "grpc-status-details-bin",
                List.of(java.util.Base64.getEncoder().encodeToString(details.toByteArray()))),
        "",
        new ByteArrayInputStream(new byte[0]));
    var failed = failure(() -> invoke(message("other", "")))
        .has(Code.NOT_FOUND, "no order")
        .hasDetails(detail);
    assertThat(failed.thrown().getTrailers().get(key("x-why"))).isEqualTo("because");
    assertThat(received("h1")).isEqualTo("v1");
    assertThat(received("dapr-http-status")).isNull();
  }

  // ---- no answer

  @ParameterizedTest
  @EnumSource(value = Reason.class, mode = EnumSource.Mode.EXCLUDE, names = "ANSWERED")
  void thatThereIsNoAnswerIsInternalWhateverTheReason(Reason reason) {
    callee = request -> {
      throw new InvocationException(reason, "it is so", null);
    };
    failure(() -> invoke(message("other", "")))
        .has(Code.INTERNAL, "failed to invoke, id: checkout, err: it is so")
        .hasNoDetails();
  }

  @Test
  void lateAndRefusedCallsHaveCodesOfTheirOwn() {
    callee = request -> {
      throw new CallTimeoutException("ERR_DIRECT_INVOKE", "late", null);
    };
    failure(() -> invoke(message("other", "")))
        .has(Code.DEADLINE_EXCEEDED, "failed to invoke, id: checkout, err: late");
    callee = request -> {
      throw new CallRejectedException("ERR_DIRECT_INVOKE", "full", null);
    };
    failure(() -> invoke(message("other", "")))
        .has(Code.RESOURCE_EXHAUSTED, "failed to invoke, id: checkout, err: full");
  }

  @Test
  void anUnknownAppIsToldWithWhatWasTried() {
    var failed = failure(() -> invoke("orders", message("find", ""), new Metadata()));
    failed.hasNoDetails();
    assertThat(failed.thrown().getStatus().getCode()).isEqualTo(Code.INTERNAL);
    assertThat(failed.thrown().getStatus().getDescription())
        .startsWith("failed to invoke, id: orders, err: no app \"orders\": this runtime is")
        .contains("\"checkout\"", "no name resolver");
  }

  @ParameterizedTest
  @CsvSource({
    "'', m, 'failed to invoke, id: , err: app id is empty'",
    "orders.a.b, m, 'failed to invoke, id: orders.a.b, err: invalid app id orders.a.b'",
    "checkout, a?b, 'failed to invoke, id: checkout, err: invalid method: '",
    "checkout, a#b, 'failed to invoke, id: checkout, err: invalid method: '",
    "checkout, 'a\u0001b', 'failed to invoke, id: checkout, err: invalid method: '"
  })
  void idsAndMethodsThatCanNotBeAreTold(String id, String method, String text) {
    var failed = failure(() -> invoke(id, message(method, ""), new Metadata()));
    assertThat(failed.thrown().getStatus().getCode()).isEqualTo(Code.INTERNAL);
    assertThat(failed.thrown().getStatus().getDescription()).startsWith(text);
    assertThat(seen).isEmpty();
  }

  @Test
  void anUnknownMethodIsNotFound() {
    try (var bare = TestFacade.start(
        TestFacade.facade(), builder -> builder.method("find", String.class, text -> text))) {
      var request = InvokeServiceRequest.newBuilder()
          .setId("checkout")
          .setMessage(message("fnd", ""))
          .build();
      failure(() -> bare.dapr().invokeService(request)).has(Code.NOT_FOUND, "Not Found");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void anAnswerAboveTheLimitIsRefusedInDaprsWords(boolean streamed) {
    var large = new byte[4 * 1024 * 1024 + 1];
    callee = request -> new InvocationResponse(
        200,
        "",
        Map.of(),
        Map.of(),
        "",
        streamed ? new EndlessStream() : new ByteArrayInputStream(large));
    var failed = failure(() -> invoke(message("other", "")));
    failed.has(
        Code.RESOURCE_EXHAUSTED, "trying to send message larger than max (4194305 vs. 4194304)");
  }

  @Test
  void anAnswerThatBreaksOffIsNoAnswer() {
    callee = request -> new InvocationResponse(
        200,
        "",
        Map.of(),
        Map.of(),
        "",
        new java.io.SequenceInputStream(
            new ByteArrayInputStream(new byte[10]), new java.io.InputStream() {
              @Override
              public int read() throws java.io.IOException {
                throw new java.io.IOException("reset");
              }
            }));
    failure(() -> invoke(message("other", "")))
        .has(Code.INTERNAL, "failed to invoke, id: checkout, err: reset");
  }

  private static final class EndlessStream extends java.io.InputStream {
    @Override
    public int read() {
      return 'x';
    }

    @Override
    public int read(byte[] into, int offset, int length) {
      return length;
    }
  }

  @Test
  void invokingIsAGroupOfItsOwn() {
    try (var denied = TestFacade.start(
        TestFacade.facade().deniedApis("invoke.v1"),
        builder -> builder.method("find", String.class, text -> text))) {
      var request = InvokeServiceRequest.newBuilder()
          .setId("checkout")
          .setMessage(message("find", "\"x\""))
          .build();
      failure(() -> denied.dapr().invokeService(request))
          .has(Code.UNIMPLEMENTED, "Not Implemented");
    }
  }
}
