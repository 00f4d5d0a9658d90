// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static dev.pillion.grpc.TestFacade.failure;
import static dev.pillion.grpc.TestFacade.info;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpServer;
import dev.pillion.appchannel.AppOptions;
import dev.pillion.http.HttpApp;
import dev.pillion.invocation.InProcessNetwork;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.runtime.Extension;
import dev.pillion.wire.common.v1.HTTPExtension;
import dev.pillion.wire.common.v1.HTTPExtension.Verb;
import dev.pillion.wire.common.v1.InvokeRequest;
import dev.pillion.wire.common.v1.InvokeResponse;
import dev.pillion.wire.runtime.v1.DaprGrpc;
import dev.pillion.wire.runtime.v1.InvokeServiceRequest;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.stub.MetadataUtils;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Through the facade of one runtime to the program beside another. */
@Timeout(60)
class InvokeProgramsTest {
  private final InProcessNetwork network = InProcessNetwork.create();
  private final TestFacade web =
      TestFacade.start(TestFacade.facade(), builder -> builder.network(network));
  private final AtomicReference<Metadata> headers = new AtomicReference<>();

  @AfterEach
  void close() {
    web.close();
  }

  private EmbeddedRuntime orders(Extension app) {
    return EmbeddedRuntime.builder("orders")
        .environment(Map.of())
        .namespace("")
        .network(network)
        .with(app)
        .start();
  }

  private static InvokeRequest.Builder message() {
    return InvokeRequest.newBuilder()
        .setMethod("find")
        .setContentType("application/json")
        .setData(Any.newBuilder().setValue(ByteString.copyFromUtf8("{\"q\":1}")));
  }

  private static InvokeRequest.Builder get() {
    return message()
        .setHttpExtension(HTTPExtension.newBuilder().setVerb(Verb.GET).setQuerystring("a=b"));
  }

  private InvokeResponse invoke(InvokeRequest.Builder message, Metadata sent) {
    var channel = ClientInterceptors.intercept(
        web.channel(),
        MetadataUtils.newAttachHeadersInterceptor(sent),
        MetadataUtils.newCaptureMetadataInterceptor(headers, new AtomicReference<>()));
    return DaprGrpc.newBlockingStub(channel)
        .withDeadlineAfter(30, TimeUnit.SECONDS)
        .invokeService(InvokeServiceRequest.newBuilder()
            .setId("orders")
            .setMessage(message)
            .build());
  }

  private String header(String name) {
    return headers.get().get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
  }

  /** Golden values G7 and G8. */
  @Test
  void aProgramOverHttp() throws Exception {
    var asked = new CopyOnWriteArrayList<Headers>();
    var lines = new CopyOnWriteArrayList<String>();
    var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", exchange -> {
      asked.add(exchange.getRequestHeaders());
      lines.add("%s %s %s"
          .formatted(
              exchange.getRequestMethod(),
              exchange.getRequestURI(),
              new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8)));
      var status = exchange.getRequestHeaders().getFirst("X-Answer");
      var body = (status == null ? "{\"n\":1}" : "nope").getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().add("Content-Type", "application/json");
      exchange.sendResponseHeaders(status == null ? 200 : Integer.parseInt(status), body.length);
      exchange.getResponseBody().write(body);
      exchange.close();
    });
    server.start();
    var app = HttpApp.at(AppOptions.onPort(server.getAddress().getPort()));
    try (var orders = orders(app)) {
      assertThat(orders.appId()).isEqualTo("orders");
      var sent = TestFacade.header("k1", "v1");
      sent.put(Metadata.Key.of("b-bin", Metadata.BINARY_BYTE_MARSHALLER), new byte[] {1, 2});
      var answer = invoke(get(), sent);
      assertThat(answer.getData().getValue().toStringUtf8()).isEqualTo("{\"n\":1}");
      assertThat(answer.getContentType()).isEqualTo("application/json");
      assertThat(header("dapr-http-status")).isEqualTo("200");
      assertThat(header("dapr-content-type")).isEqualTo("application/json");
      assertThat(lines).containsExactly("GET /find?a=b {\"q\":1}");
      assertThat(asked.get(0))
          .containsEntry("K1", List.of("v1"))
          .containsEntry("Dapr-authority", List.of("127.0.0.1:" + web.port()))
          .containsEntry("Content-type", List.of("application/json"))
          .containsEntry("Dapr-caller-app-id", List.of("checkout"))
          .containsKey("User-agent")
          .doesNotContainKeys("B-bin", "Destination-app-id");

      failure(() -> invoke(get(), TestFacade.header("x-answer", "404")))
          .has(Code.NOT_FOUND, "Not Found")
          .hasDetails(info("Not Found", Map.of("http.code", "404", "http.error_message", "nope")));
      assertThat(header("dapr-http-status")).isEqualTo("404");
      failure(() -> invoke(get(), TestFacade.header("x-answer", "502")))
          .has(Code.UNKNOWN, "Bad Gateway");

      var withoutVerb = failure(() -> invoke(message(), new Metadata()));
      assertThat(withoutVerb.thrown().getStatus().getCode()).isEqualTo(Code.INTERNAL);
      assertThat(withoutVerb.thrown().getStatus().getDescription())
          .startsWith("failed to invoke, id: orders, err: missing HTTP extension field");
      assertThat(lines).hasSize(3);
    } finally {
      server.stop(0);
    }
  }

  /** Golden values G5 and G6. */
  @Test
  void aProgramOverGrpc() throws Exception {
    try (var program = CallbackProgram.started();
        var orders = orders(GrpcApp.at(AppOptions.onPort(program.port)))) {
      assertThat(orders.appId()).isEqualTo("orders");
      // The same bytes each way, and no verb where there was none.
      var answer = invoke(message(), new Metadata());
      assertThat(answer).isEqualTo(CallbackProgram.answer("done"));
      assertThat(program.requests).containsExactly(message().build());
      assertThat(header("dapr-http-status")).isNull();

      program.handler = request -> {
        throw Status.NOT_FOUND.withDescription("no order").asRuntimeException();
      };
      failure(() -> invoke(message(), new Metadata())).has(Code.NOT_FOUND, "no order");
    }
  }
}
