// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static dev.pillion.wire.runtime.v1.AppCallbackAlphaGrpc.getOnJobEventAlpha1Method;
import static dev.pillion.wire.runtime.v1.AppCallbackGrpc.getOnTopicEventMethod;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.appchannel.AppOptions;
import dev.pillion.call.Call;
import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.wire.common.v1.HTTPExtension.Verb;
import dev.pillion.wire.runtime.v1.JobEventRequest;
import dev.pillion.wire.runtime.v1.TopicEventRequest;
import dev.pillion.wire.runtime.v1.TopicEventResponse.TopicEventResponseStatus;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.ByteArrayInputStream;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class GrpcAppTest {
  private static final String PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  private CallbackProgram program;
  private GrpcApp app;
  private EmbeddedRuntime runtime;

  @BeforeEach
  void start() throws Exception {
    program = CallbackProgram.started();
    app = GrpcApp.at(AppOptions.onPort(program.port).token("apps-token"));
    runtime =
        EmbeddedRuntime.builder("checkout").environment(Map.of()).with(app).start();
  }

  @AfterEach
  void end() throws Exception {
    runtime.close();
    program.close();
  }

  private InvocationResponse invoke(Map<String, List<String>> headers) {
    return invoke(headers, Map.of());
  }

  private InvocationResponse invoke(Map<String, List<String>> headers, Map<String, String> trace) {
    return app.channel()
        .invoke(
            new InvocationRequest("POST", "v1/create", "x=1", headers, "text/plain", Body.EMPTY),
            CallContext.of(Deadline.none(), trace));
  }

  private @Nullable String sent(String name) {
    var headers = program.headers.get(program.headers.size() - 1);
    return headers.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
  }

  private static Metadata.Key<byte[]> binary(String name) {
    return Metadata.Key.of(name, Metadata.BINARY_BYTE_MARSHALLER);
  }

  @Test
  void aRequestArrivesWhole() throws Exception {
    var body = Body.of(new ByteArrayInputStream("{\"n\":1}".getBytes(UTF_8)), -1);
    var request = new InvocationRequest(
        "PUT", "v1/create", "x=1&y=a%20b", Map.of(), "application/json", body, "type/order");
    try (var answer = app.channel().invoke(request, CallContext.EMPTY)) {
      assertThat(answer.status()).isZero();
      assertThat(answer.isSuccess()).isTrue();
      assertThat(answer.contentType()).isEqualTo("text/plain");
      assertThat(answer.typeUrl()).isEqualTo("type/text");
      assertThat(answer.body().readAllBytes()).isEqualTo("done".getBytes(UTF_8));
    }
    var seen = program.requests.get(0);
    assertThat(seen.getMethod()).isEqualTo("v1/create");
    assertThat(seen.getContentType()).isEqualTo("application/json");
    assertThat(seen.getHttpExtension().getVerb()).isEqualTo(Verb.PUT);
    assertThat(seen.getHttpExtension().getQuerystring()).isEqualTo("x=1&y=a%20b");
    assertThat(seen.getData().getTypeUrl()).isEqualTo("type/order");
    assertThat(seen.getData().getValue().toStringUtf8()).isEqualTo("{\"n\":1}");
  }

  @Test
  void httpsOwnHeadersArePrefixedAndOthersAreNot() {
    invoke(Map.of(
            "Content-Type", List.of("application/json"),
            "Content-Length", List.of("7"),
            "Accept", List.of("*/*"),
            "Host", List.of("localhost:3500"),
            "Authorization", List.of("Bearer x"),
            "X-Trace", List.of("t1")))
        .close();
    assertThat(sent("dapr-content-type")).isEqualTo("application/json");
    assertThat(sent("dapr-content-length")).isEqualTo("7");
    assertThat(sent("dapr-accept")).isEqualTo("*/*");
    assertThat(sent("dapr-host")).isEqualTo("localhost:3500");
    assertThat(sent("authorization")).isEqualTo("Bearer x");
    assertThat(sent("x-trace")).isEqualTo("t1");
    assertThat(sent("content-type")).isEqualTo("application/grpc");
  }

  @Test
  void whatGrpcWritesItselfIsNotTakenFromTheCaller() {
    invoke(Map.of(
            ":authority", List.of("elsewhere"),
            "content-type", List.of("application/grpc+x"),
            "user-agent", List.of("grpc-go/1"),
            "grpc-timeout", List.of("1n"),
            "grpc-encoding", List.of("zip")))
        .close();
    assertThat(sent("content-type")).isEqualTo("application/grpc");
    assertThat(sent("user-agent")).startsWith("grpc-java");
    assertThat(sent("grpc-encoding")).isNull();
  }

  /** gRPC for Java takes these names for its own, and leaves them out. */
  @Test
  void whatTheCallersBodyIsPackedInArrivesToo() {
    invoke(Map.of(
            "Content-Encoding", List.of("br"),
            "Accept-Encoding", List.of("gzip", "deflate"),
            "content-length", List.of("7")))
        .close();
    assertThat(sent("content-encoding")).isEqualTo("br");
    var accepted = Metadata.Key.of("accept-encoding", Metadata.ASCII_STRING_MARSHALLER);
    assertThat(program.headers.get(0).getAll(accepted)).containsExactly("gzip", "deflate");
    assertThat(sent("content-length")).as("of gRPC's own frames").isNull();
  }

  @Test
  void binaryHeadersTravelAsBytesBothWays() {
    var bytes = new byte[] {1, 2, (byte) 0xFF};
    program.handler = request -> {
      var trailers = new Metadata();
      trailers.put(binary("back-bin"), bytes);
      throw new StatusRuntimeException(Status.ABORTED, trailers);
    };
    var answer = invoke(Map.of("there-bin", List.of("AQL/"), "broken-bin", List.of("§")));
    assertThat(program.headers.get(0).get(binary("there-bin"))).isEqualTo(bytes);
    assertThat(program.headers.get(0).get(binary("broken-bin"))).isNull();
    assertThat(answer.trailers()).containsEntry("back-bin", List.of("AQL/"));
  }

  @Test
  void aHeaderThatGrpcCanNotCarryIsRefusedByName() {
    assertThatThrownBy(() -> invoke(Map.of("x-name", List.of("Zoë"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"x-name\"")
        .hasMessageNotContaining("Zoë");
    assertThatThrownBy(() -> invoke(Map.of("x!y", List.of("1"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"x!y\"");
    assertThat(program.requests).isEmpty();
  }

  @Test
  void headersOfARequestAboveTheProgramsLimitFailThatCallAlone() {
    assertThatThrownBy(() -> invoke(Map.of("x-long", List.of("x".repeat(20_000)))))
        .isInstanceOfSatisfying(InvocationException.class, failure -> assertThat(failure.reason())
            .isEqualTo(Reason.TOO_LARGE))
        .hasMessage("the headers of the request are larger than the app at 127.0.0.1:%d accepts"
            .formatted(program.port));
    invoke(Map.of()).close();
    assertThat(program.requests).hasSize(1);
  }

  @Test
  void theAppsTokenIsSentWithEveryRpcAndNeverTheCallers() {
    invoke(Map.of("dapr-api-token", List.of("callers"))).close();
    assertThat(sent("dapr-api-token")).isEqualTo("apps-token");
    app.call(pubsub(), getOnTopicEventMethod(), TopicEventRequest.getDefaultInstance());
    assertThat(sent("dapr-api-token")).isEqualTo("apps-token");
  }

  @Test
  void theTraceIsSentInBothForms() {
    invoke(Map.of(), Map.of("traceparent", PARENT, "tracestate", "a=1", "baggage", "b=2"))
        .close();
    assertThat(sent("traceparent")).isEqualTo(PARENT);
    assertThat(sent("tracestate")).isEqualTo("a=1");
    assertThat(sent("baggage")).isEqualTo("b=2");
    assertThat(HexFormat.of().formatHex(program.headers.get(0).get(binary("grpc-trace-bin"))))
        .isEqualTo(
            "0000" + "0af7651916cd43dd8448eb211c80319c" + "01" + "b7ad6b7169203331" + "0201");
  }

  @ParameterizedTest
  @EnumSource(value = Status.Code.class, mode = EnumSource.Mode.EXCLUDE, names = "OK")
  void anErrorOfTheProgramIsItsAnswer(Status.Code code) throws Exception {
    program.handler = request -> {
      var trailers = new Metadata();
      trailers.put(Metadata.Key.of("x-why", Metadata.ASCII_STRING_MARSHALLER), "because");
      trailers.put(binary("grpc-status-details-bin"), new byte[] {8, 3});
      throw new StatusRuntimeException(code.toStatus().withDescription("no order 42"), trailers);
    };
    try (var answer = invoke(Map.of())) {
      assertThat(answer.status()).isEqualTo(code.value());
      assertThat(answer.isGrpc()).isTrue();
      assertThat(answer.isSuccess()).isFalse();
      assertThat(answer.message()).isEqualTo("no order 42");
      assertThat(answer.trailers()).containsEntry("x-why", List.of("because"));
      assertThat(answer.trailers())
          .containsEntry(
              "grpc-status-details-bin",
              List.of(Base64.getEncoder().encodeToString(new byte[] {8, 3})));
      assertThat(answer.body().readAllBytes()).isEmpty();
    }
  }

  private static Call pubsub() {
    return Call.inbound("pubsub", "pubsub/orders", "deliver", false, CallContext.EMPTY);
  }

  @Test
  void otherRpcsPassTheSameDoor() {
    var answer = app.call(
        pubsub(),
        getOnTopicEventMethod(),
        TopicEventRequest.newBuilder().setId("1").build());
    assertThat(answer.getStatus()).isEqualTo(TopicEventResponseStatus.DROP);
  }

  @Test
  void anRpcThatTheProgramDoesNotServeCarriesItsStatus() {
    assertThatThrownBy(() ->
            app.call(pubsub(), getOnJobEventAlpha1Method(), JobEventRequest.getDefaultInstance()))
        .isInstanceOfSatisfying(
            AppStatusException.class,
            failure -> assertThat(failure.statusCode()).isEqualTo(12))
        .hasMessageStartingWith(
            "the app at 127.0.0.1:%d answered OnJobEventAlpha1 with UNIMPLEMENTED"
                .formatted(program.port));
  }
}
