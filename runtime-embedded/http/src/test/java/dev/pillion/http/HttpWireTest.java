// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.appchannel.AppOptions;
import dev.pillion.appchannel.AppOptions.HealthCheck;
import dev.pillion.call.CallContext;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.InProcessNetwork;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.runtime.EmbeddedRuntime;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes over the wire, letter by letter. */
class HttpWireTest {
  private static final String EMPTY_OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  private static final String TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  private static List<String> lines(RawServer app) {
    return Arrays.asList(app.heads.remove().strip().split("\r\n"));
  }

  /** Dapr's golden values G2 and G3. */
  @Test
  void aCallOfAnotherAppArrivesAsFromDapr() throws IOException {
    var body = new StringBuilder();
    try (var app = new RawServer(connection -> {
          while (!connection.head().isEmpty()) {
            body.append(connection.body(7));
            connection.write("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
                + "Content-Length: 2\r\nx-id: 9\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n{}");
          }
        });
        var asking = new Asking(HttpApp.at(Asking.options(app.port()).token("t0")))) {
      var headers = Map.of(
          "Content-Type", List.of("application/json"),
          "Content-Length", List.of("7"),
          "User-Agent", List.of("curl/8"),
          "Accept", List.of("*/*"),
          "x-trace", List.of("t1"),
          "destination-app-id", List.of("orders"),
          "dapr-caller-app-id", List.of("web"),
          "Connection", List.of("x-mine"),
          "X-Mine", List.of("1"));
      var request = new InvocationRequest(
          "POST",
          "v1/create",
          "x=1&y=a%20b",
          headers,
          "application/json",
          Body.of("{\"n\":1}".getBytes(UTF_8)));
      try (var answer =
          asking.channel.invoke(request, CallContext.EMPTY.with(Map.of("traceparent", TRACE)))) {
        assertThat(answer.status()).isEqualTo(201);
        assertThat(answer.message()).isEmpty();
        assertThat(answer.contentType()).isEqualTo("application/json");
        assertThat(answer.headers())
            .containsOnly(
                Map.entry("Content-Type", List.of("application/json")),
                Map.entry("X-Id", List.of("9")));
        assertThat(answer.body().readAllBytes()).isEqualTo("{}".getBytes(UTF_8));
      }
      assertThat(body).hasToString("{\"n\":1}");
      assertThat(lines(app))
          .containsExactlyInAnyOrder(
              "POST /v1/create?x=1&y=a%20b HTTP/1.1",
              "Host: 127.0.0.1:" + app.port(),
              "Content-Type: application/json",
              "Content-Length: 7",
              "User-Agent: curl/8",
              "Accept: */*",
              "X-Trace: t1",
              "Dapr-Caller-App-Id: web",
              "Traceparent: " + TRACE,
              "Dapr-Api-Token: t0");
    }
  }

  /** Golden values G2 and G3 between two runtimes of one process, where nobody forwards. */
  @Test
  void aCallOfAnotherRuntimeArrivesWithWhoItIsFrom() throws IOException {
    var network = InProcessNetwork.create();
    try (var app = RawServer.answering(
            "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 0\r\n"
                + "X-Id: 9\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n");
        var orders = EmbeddedRuntime.builder("orders")
            .namespace("default")
            .network(network)
            .with(HttpApp.at(Asking.options(app.port()).token("t0")))
            .start();
        var web =
            EmbeddedRuntime.builder("web").namespace("default").network(network).start()) {
      var request = Asking.request(
          "GET",
          "v1/find",
          "x=1&y=a%20b",
          Map.of(
              "Accept", List.of("*/*"),
              "x-trace", List.of("t1"),
              "Dapr-Api-Token", List.of("callers"),
              "dapr-caller-app-id", List.of("forged")),
          Body.EMPTY);
      try (var answer = web.app(orders.appId())
          .exchange(request, CallContext.EMPTY.with(Map.of("traceparent", TRACE)))) {
        assertThat(answer.status()).isEqualTo(201);
        assertThat(answer.headers())
            .containsOnly(
                Map.entry("Content-Type", List.of("application/json")),
                Map.entry("X-Id", List.of("9")));
      }
      assertThat(lines(app))
          .containsExactlyInAnyOrder(
              "GET /v1/find?x=1&y=a%20b HTTP/1.1",
              "Host: 127.0.0.1:" + app.port(),
              "Accept: */*",
              "X-Trace: t1",
              "Dapr-Caller-Namespace: default",
              "Dapr-Caller-App-Id: web",
              "Dapr-Callee-App-Id: orders",
              "Traceparent: " + TRACE,
              "Dapr-Api-Token: t0");
    }
  }

  @Test
  void nothingIsSentThatNobodySaid() throws IOException {
    try (var app = RawServer.answering(EMPTY_OK);
        var asking = Asking.port(app.port())) {
      asking.text(Asking.get("m"));
      assertThat(lines(app)).containsExactly("GET /m HTTP/1.1", "Host: 127.0.0.1:" + app.port());
    }
  }

  @Test
  void headersOfGrpcGoUnderNamesOfTheirOwn() throws IOException {
    try (var app = RawServer.answering(EMPTY_OK);
        var asking = Asking.port(app.port())) {
      asking.text(Asking.request(
          "GET",
          "find",
          "a=b",
          Map.of(
              ":authority", List.of("localhost:50001"),
              "grpc-timeout", List.of("1S"),
              "b-bin", List.of("AQI="),
              "baggage", List.of("a=1", "b=2"),
              "k1", List.of("v1", "v2"),
              "K1", List.of("v3"),
              "expect", List.of("100-continue"),
              "host", List.of("elsewhere"),
              "grpc-trace-bin", List.of("AAAK92UZFs1D3YRI6yEcgDGcAbeta3FpIDMxAgE")),
          Body.EMPTY));
      assertThat(lines(app))
          .contains(
              "GET /find?a=b HTTP/1.1",
              "Host: 127.0.0.1:" + app.port(),
              "Dapr-Authority: localhost:50001",
              "Dapr-Grpc-Timeout: 1S",
              "Baggage: a=1",
              "K1: v1",
              "K1: v2",
              "K1: v3",
              "Traceparent: " + TRACE)
          .hasSize(9);
    }
  }

  @Test
  void lettersBeyondAsciiTravelAsUtf8() throws IOException {
    try (var app =
            RawServer.answering("HTTP/1.1 200 OK\r\nX-City: Zürich\r\nContent-Length: 0\r\n\r\n");
        var asking = Asking.port(app.port());
        var answer = asking.ask(
            Asking.request("GET", "m", "", Map.of("x-city", List.of("Łódź")), Body.EMPTY))) {
      assertThat(answer.headers()).containsEntry("X-City", List.of("Zürich"));
      assertThat(lines(app)).contains("X-City: Łódź");
    }
  }

  @Test
  void aHeaderCannotSmuggleAnother() throws IOException {
    try (var app = RawServer.answering(EMPTY_OK);
        var asking = Asking.port(app.port())) {
      for (var headers : List.of(
          Map.of("x", List.of("1\r\nDapr-Api-Token: stolen")),
          Map.of("x\r\ny", List.of("1")),
          Map.of("x: y", List.of("1")))) {
        assertThatThrownBy(() -> asking.ask(Asking.request("GET", "m", "", headers, Body.EMPTY)))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("header");
      }
      assertThat(app.heads).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "v1/create, '', /v1/create",
    "/v1/create, '', /v1/create",
    "'', '', /",
    "a b/ü, '', /a%20b/%C3%BC",
    "100%, '', /100%25",
    "a%2e%2e, '', /a%252e%252e",
    "m, a=b&c=%41, /m?a=b&c=%41",
    "m, a b, /m?a%20b",
    "m, a=%zz#x, /m?a=%25zz%23x",
    "m;x=1:2@3, 'q=?/', /m;x=1:2@3?q=?/"
  })
  void methodAndQueryBecomeOneTarget(String method, String query, String target)
      throws IOException {
    try (var app = RawServer.answering(EMPTY_OK);
        var asking = Asking.port(app.port())) {
      asking.text(Asking.request("GET", method, query, Map.of(), Body.EMPTY));
      assertThat(lines(app)).startsWith("GET " + target + " HTTP/1.1");
    }
  }

  @Test
  void aLineEndInTheQueryIsEscaped() {
    assertThat(Target.of("m", "a\r\nb")).isEqualTo("/m?a%0D%0Ab");
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"})
  void everyVerbArrives(String verb) throws IOException {
    try (var app = RawServer.answering(EMPTY_OK);
        var asking = Asking.port(app.port())) {
      asking.text(Asking.request(verb, "m", "", Map.of(), Body.EMPTY));
      assertThat(lines(app)).startsWith(verb + " /m HTTP/1.1");
    }
  }

  @Test
  void headHasNoBodyWhateverItsLengthSays() throws IOException {
    try (var app = RawServer.answering("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
        var asking = Asking.port(app.port())) {
      assertThat(asking.text(Asking.request("HEAD", "m", "", Map.of(), Body.EMPTY)))
          .isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"CONNECT", "get", ""})
  void otherVerbsAreRefused(String verb) throws IOException {
    try (var app = RawServer.answering(EMPTY_OK);
        var asking = Asking.port(app.port())) {
      assertThatThrownBy(() -> asking.ask(Asking.request(verb, "m", "", Map.of(), Body.EMPTY)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("invalid HTTP verb \"" + verb + "\"");
      assertThat(app.heads).isEmpty();
    }
  }

  /** Golden value G7: whoever speaks gRPC must say the verb to a program over HTTP. */
  @Test
  void aCallWithoutAVerbIsRefused() throws IOException {
    try (var app = RawServer.answering(EMPTY_OK);
        var asking = Asking.port(app.port())) {
      assertThatThrownBy(() -> asking.ask(Asking.request("NONE", "m", "", Map.of(), Body.EMPTY)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("missing HTTP extension field");
      assertThat(app.heads).isEmpty();
    }
  }

  @Test
  void aBodyThatCameAsAProtobufMessageSaysSo() throws IOException {
    try (var app = RawServer.answering(EMPTY_OK);
        var asking = Asking.port(app.port())) {
      asking.text(new InvocationRequest(
          "POST", "m", "", Map.of(), "text/plain", Body.of("x".getBytes(UTF_8)), "type/order"));
      assertThat(lines(app)).contains("Content-Type: application/x-protobuf");
    }
  }

  @Test
  void aBodyOfKnownLengthIsAnnouncedAndOneOfUnknownLengthChunked() throws IOException {
    var bodies = new StringBuilder();
    try (var app = new RawServer(connection -> {
          var head = connection.head();
          while (!head.isEmpty()) {
            bodies
                .append(connection.body(head.contains("Content-Length") ? 3 : 13))
                .append('|');
            connection.write(EMPTY_OK);
            head = connection.head();
          }
        });
        var asking = Asking.port(app.port())) {
      var bytes = "abc".getBytes(UTF_8);
      asking.text(InvocationRequest.post("m", "", bytes));
      asking.text(
          Asking.request("POST", "m", "", Map.of(), Body.of(new ByteArrayInputStream(bytes), 3)));
      asking.text(
          Asking.request("POST", "m", "", Map.of(), Body.of(new ByteArrayInputStream(bytes), -1)));
      assertThat(lines(app)).contains("Content-Length: 3").hasSize(3);
      assertThat(lines(app)).contains("Content-Length: 3").hasSize(3);
      assertThat(lines(app)).contains("Transfer-Encoding: chunked").hasSize(3);
      assertThat(bodies).hasToString("abc|abc|3\r\nabc\r\n0\r\n\r\n|");
    }
  }

  @Test
  void redirectsAndChallengesAreTheAnswer() throws IOException {
    for (var answer : List.of(
        "302 Found\r\nLocation: /elsewhere",
        "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"",
        "407 Proxy\r\nX: 1")) {
      try (var app = RawServer.answering("HTTP/1.1 " + answer + "\r\nContent-Length: 2\r\n\r\nno");
          var asking = Asking.port(app.port());
          var got = asking.ask(Asking.get("m"))) {
        assertThat(got.status()).isEqualTo(Integer.parseInt(answer.substring(0, 3)));
        assertThat(got.body().readAllBytes()).isEqualTo("no".getBytes(UTF_8));
        assertThat(app.heads).hasSize(1);
      }
    }
  }

  @Test
  void cookiesAreHandedOnAndNotKept() throws IOException {
    try (var app = RawServer.answering(
            "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n");
        var asking = Asking.port(app.port())) {
      try (var answer = asking.ask(Asking.get("m"))) {
        assertThat(answer.headers()).containsEntry("Set-Cookie", List.of("a=1", "b=2"));
      }
      asking.text(Asking.get("m"));
      assertThat(app.heads).noneMatch(head -> head.contains("Cookie"));
    }
  }

  @Test
  void contentIsNotDecoded() throws IOException {
    try (var app = RawServer.answering(
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 8\r\n\r\nnot gzip");
        var asking = Asking.port(app.port());
        var answer = asking.ask(Asking.get("m"))) {
      assertThat(answer.headers()).containsEntry("Content-Encoding", List.of("gzip"));
      assertThat(answer.body().readAllBytes()).isEqualTo("not gzip".getBytes(UTF_8));
    }
  }

  @Test
  void interimAnswersAreSkipped() throws IOException {
    try (var app = RawServer.answering("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n"
            + "Link: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        var asking = Asking.port(app.port())) {
      assertThat(asking.text(Asking.get("m"))).isEqualTo("ok");
    }
  }

  @Test
  void anAnswerWithoutLengthEndsWithTheConnection() throws IOException {
    try (var app = new RawServer(connection -> {
          connection.head();
          connection.write("HTTP/1.0 200 OK\r\n\r\nall of it");
        });
        var asking = Asking.port(app.port())) {
      assertThat(asking.text(Asking.get("m"))).isEqualTo("all of it");
    }
  }

  /** Else every probe would fail, and nobody would know why. */
  @Test
  void aHealthPathThatCannotStandInAUrlIsRefused() {
    var check = new HealthCheck("/is it well", Duration.ofSeconds(5), Duration.ofSeconds(1), 3);
    assertThatThrownBy(() -> HttpApp.at(AppOptions.onPort(1).healthCheck(check)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(
            "the path \"/is it well\" of the health check can't stand in a URL");
  }

  @Test
  void aHostThatCannotStandInAUrlIsRefused() {
    assertThatThrownBy(() -> HttpApp.at(Asking.options(3000).host("my_app")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("my_app");
  }
}
