// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.appchannel.AppOptions;
import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.InProcessNetwork;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.wire.common.v1.HTTPExtension.Verb;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A program that serves AppCallback, called by another app. */
@Timeout(60)
class GrpcCalleeTest {
  private static final String PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  private CallbackProgram program;
  private EmbeddedRuntime orders;
  private EmbeddedRuntime web;

  @BeforeEach
  void start() throws Exception {
    var network = InProcessNetwork.create();
    program = CallbackProgram.started();
    orders = runtime("orders", network)
        .with(GrpcApp.at(AppOptions.onPort(program.port).token("apps-token")))
        .start();
    web = runtime("web", network).start();
  }

  private static EmbeddedRuntime.Builder runtime(String appId, InProcessNetwork network) {
    return EmbeddedRuntime.builder(appId)
        .environment(Map.of())
        .namespace("default")
        .network(network);
  }

  @AfterEach
  void end() throws Exception {
    web.close();
    orders.close();
    program.close();
  }

  private @Nullable String sent(String name) {
    return program.headers.get(0).get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
  }

  /** Golden values G4 and G5. */
  @Test
  void aCallArrivesAsFromDapr() throws Exception {
    var request = new InvocationRequest(
        "POST",
        "v1//create/",
        "x=1&y=a%20b",
        Map.of(
            "Content-Type", List.of("application/json"),
            "Content-Length", List.of("7"),
            "Accept", List.of("*/*"),
            "X-Trace", List.of("t1"),
            "Dapr-Caller-App-Id", List.of("forged"),
            "dapr-api-token", List.of("callers")),
        "application/json",
        Body.of("{\"n\":1}".getBytes(UTF_8)));
    try (var answer = web.app("orders")
        .exchange(request, CallContext.of(Deadline.none(), Map.of("traceparent", PARENT)))) {
      assertThat(answer.status()).isZero();
      assertThat(answer.headers()).containsEntry("content-type", List.of("application/grpc"));
      assertThat(answer.contentType()).isEqualTo("text/plain");
      assertThat(answer.body().readAllBytes()).isEqualTo("done".getBytes(UTF_8));
    }
    var seen = program.requests.get(0);
    assertThat(seen.getMethod()).isEqualTo("v1/create");
    assertThat(seen.getContentType()).isEqualTo("application/json");
    assertThat(seen.getData().getTypeUrl()).isEmpty();
    assertThat(seen.getData().getValue().toStringUtf8()).isEqualTo("{\"n\":1}");
    assertThat(seen.getHttpExtension().getVerb()).isEqualTo(Verb.POST);
    assertThat(seen.getHttpExtension().getQuerystring()).isEqualTo("x=1&y=a%20b");
    assertThat(sent("dapr-content-type")).isEqualTo("application/json");
    assertThat(sent("dapr-content-length")).isEqualTo("7");
    assertThat(sent("dapr-accept")).isEqualTo("*/*");
    assertThat(sent("x-trace")).isEqualTo("t1");
    assertThat(sent("dapr-caller-namespace")).isEqualTo("default");
    assertThat(sent("dapr-caller-app-id")).isEqualTo("web");
    assertThat(sent("dapr-callee-app-id")).isEqualTo("orders");
    assertThat(sent("destination-app-id")).isNull();
    assertThat(sent("dapr-api-token")).isEqualTo("apps-token");
    assertThat(sent("traceparent")).isEqualTo(PARENT);
    var binary = Metadata.Key.of("grpc-trace-bin", Metadata.BINARY_BYTE_MARSHALLER);
    assertThat(HexFormat.of().formatHex(program.headers.get(0).get(binary)))
        .isEqualTo("00000af7651916cd43dd8448eb211c80319c01b7ad6b71692033310201");
  }

  /** Golden value G6: the failure of the program is an answer. */
  @Test
  void anErrorOfTheProgramHasItsCodeAndItsText() {
    program.handler = request -> {
      throw Status.NOT_FOUND.withDescription("no order").asRuntimeException();
    };
    try (var answer = web.app("orders").exchange(InvocationRequest.get("find"))) {
      assertThat(answer.status()).isEqualTo(5);
      assertThat(answer.httpStatus()).isEqualTo(404);
      assertThat(answer.message()).isEqualTo("no order");
    }
    assertThatThrownBy(() -> web.app("orders").invoke("find", null, String.class))
        .isInstanceOfSatisfying(InvocationException.class, failure -> {
          assertThat(failure.reason()).isEqualTo(Reason.ANSWERED);
          assertThat(failure.statusCode()).isEqualTo(5);
        })
        .hasMessageContaining("no order");
  }

  @Test
  void aVerbThatNobodySaidStaysUnsaid() {
    web.app("orders").exchange(InvocationRequest.get("find").withVerb("NONE")).close();
    assertThat(program.requests.get(0).hasHttpExtension()).isFalse();
  }

  @Test
  void javaMethodsHavePrecedenceAndSeeAVerb() {
    try (var registration = orders.method(
        "find",
        (request, invocation) -> dev.pillion.invocation.InvocationResponse.of(
            200, Map.of(), "text/plain", request.verb().getBytes(UTF_8)))) {
      try (var answer =
          web.app("orders").exchange(InvocationRequest.get("find").withVerb("NONE"))) {
        assertThat(answer.body()).hasContent("POST");
      }
    }
    assertThat(program.requests).isEmpty();
  }

  @Test
  void thatNothingListensIsTold() throws Exception {
    program.kill();
    assertThatThrownBy(() -> web.app("orders").invoke("find", null, String.class))
        .isInstanceOfSatisfying(InvocationException.class, failure -> assertThat(failure.reason())
            .isEqualTo(Reason.NOT_LISTENING))
        .hasMessageContaining("127.0.0.1:" + program.port);
  }
}
