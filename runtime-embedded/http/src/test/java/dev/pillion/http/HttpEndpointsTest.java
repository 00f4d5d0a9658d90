// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.CallTimeoutException;
import dev.pillion.InvalidConfigurationException;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.HttpEndpoint;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvokeOptions;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testservers.Ports;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** HTTP services outside, by their names and by URLs. */
@Timeout(60)
class HttpEndpointsTest {
  private static final String OK =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-A: 1\r\nConnection: X-Hop\r\nX-Hop: 1\r\nContent-Length: 4\r\n\r\n\"hi\"";

  @TempDir
  Path folder;

  private EmbeddedRuntime.Builder builder() {
    return EmbeddedRuntime.builder("orders").drainTimeout(Duration.ofMillis(100));
  }

  private EmbeddedRuntime.Builder files(String text) throws IOException {
    var resources = Files.createDirectories(folder.resolve("resources"));
    Files.writeString(resources.resolve("a.yaml"), text);
    return builder().resources(resources);
  }

  private static String url(RawServer server) {
    return "http://127.0.0.1:" + server.port();
  }

  private List<String> problems(EmbeddedRuntime.Builder builder) {
    return catchThrowableOfType(
            InvalidConfigurationException.class, () -> builder.start().close())
        .problems()
        .stream()
        .map(problem -> problem.replace(folder.resolve("resources") + "/", ""))
        .toList();
  }

  @Test
  void aNamedEndpointGetsItsHeadersAndNoneOfAPeers() throws IOException {
    try (var server = RawServer.answering(OK);
        var runtime = builder()
            .endpoint(HttpEndpoint.at("payments", url(server) + "/v1/")
                .header("X-Api-Key", "k")
                .header("authorization", "endpoint's"))
            .start()) {
      var options = InvokeOptions.defaults()
          .verb("GET")
          .query("x=1&y=a%20b")
          .header("Authorization", "caller's")
          .header("X-Mine", "m")
          .header("Connection", "X-Own")
          .header("X-Own", "1")
          .header("dapr-api-token", "t");
      assertThat(runtime.app("payments").invoke("pay/it now", null, options, String.class))
          .isEqualTo("hi");
      assertThat(server.heads.poll().split("\r\n"))
          .containsExactlyInAnyOrder(
              "GET /v1/pay/it%20now?x=1&y=a%20b HTTP/1.1",
              "Host: 127.0.0.1:" + server.port(),
              "Authorization: endpoint's",
              "X-Api-Key: k",
              "X-Mine: m");
      try (var answer = runtime.app("payments").exchange(InvocationRequest.get("x"))) {
        assertThat(answer.headers()).containsKeys("X-A").doesNotContainKeys("X-Hop", "Connection");
      }
      assertThat(runtime.describe().invocation().endpoints()).containsOnlyKeys("payments");
    }
  }

  @Test
  void anEndpointOfAFileHasSecretsAndVariables() throws IOException {
    Files.writeString(folder.resolve("secrets.json"), "{\"pay\": {\"key\": \"s3cret\"}}");
    try (var server = RawServer.answering(OK);
        var runtime = files("""
            apiVersion: dapr.io/v1alpha1
            kind: Component
            metadata: {name: vault}
            spec:
              type: secretstores.local.file
              version: v1
              metadata:
              - {name: secretsFile, value: "%s"}
              - {name: multiValued, value: "true"}
            ---
            apiVersion: dapr.io/v1alpha1
            kind: HTTPEndpoint
            metadata: {name: payments}
            spec:
              baseUrl: %s
              headers:
              - {name: X-Plain, value: plain}
              - {name: X-Secret, secretKeyRef: {name: pay, key: key}}
              - {name: X-Variable, envRef: REGION}
            auth: {secretStore: vault}
            ---
            apiVersion: dapr.io/v1alpha1
            kind: HTTPEndpoint
            metadata: {name: payments}
            spec: {baseUrl: "http://nowhere"}
            scopes: [other]
            """.formatted(folder.resolve("secrets.json"), url(server)))
            .environment(Map.of("REGION", "north"))
            .start()) {
      runtime.app("payments").send("m", null);
      assertThat(server.heads.poll())
          .startsWith("POST /m HTTP/1.1\r\n")
          .contains("X-Plain: plain\r\n", "X-Secret: s3cret\r\n", "X-Variable: north\r\n");
      assertThat(runtime.describe().toString())
          .contains("  HTTP endpoints payments at " + url(server))
          .doesNotContain("s3cret");
    }
  }

  @Test
  void everythingThatIsWrongWithAFileStandsInOneMessage() throws IOException {
    var wrong = files("""
        apiVersion: dapr.io/v1alpha1
        kind: HTTPEndpoint
        metadata: {name: a}
        spec:
          baseUrl: ftp://x
        ---
        apiVersion: dapr.io/v1alpha1
        kind: HTTPEndpoint
        metadata: {name: b}
        spec:
          baseURL: http://x
        ---
        apiVersion: dapr.io/v1alpha1
        kind: HTTPEndpoint
        metadata: {name: c}
        spec:
          baseUrl: http://x
          headers:
          - {name: "X Y", value: z}
        ---
        apiVersion: dapr.io/v1alpha1
        kind: HTTPEndpoint
        metadata: {name: d}
        spec:
          baseUrl: http://x
          headers:
          - {name: X-Key, envRef: NOT_THERE}
        ---
        apiVersion: dapr.io/v1alpha1
        kind: HTTPEndpoint
        metadata: {name: e}
        spec:
          baseUrl: https://x
          clientTLS:
            certificate: {value: c}
        ---
        apiVersion: dapr.io/v1alpha1
        kind: HTTPEndpoint
        metadata: {name: f}
        spec:
          baseUrl: https://x
          clientTLS:
            rootCA: {value: no pem}
        ---
        apiVersion: dapr.io/v1alpha1
        kind: HTTPEndpoint
        metadata: {name: f}
        spec: {baseUrl: "https://y"}
        ---
        apiVersion: dapr.io/v1alpha1
        kind: httpEndpoint
        metadata: {name: g}
        spec: {baseUrl: "https://y"}
        """).environment(Map.of());
    assertThat(problems(wrong))
        .containsExactlyInAnyOrder(
            "a.yaml:5: HTTP endpoint \"a\": the URL of an HTTP endpoint begins with http:// or https:// and a host",
            "a.yaml:11: the HTTP endpoint \"b\" has no spec.baseUrl",
            "a.yaml:11: \"baseURL\" is not a field of the spec of an HTTP endpoint; did you mean \"baseUrl\"?",
            "a.yaml:19: HTTP endpoint \"c\": the header \"X Y\": the header name of 3 letters is none that HTTP carries: it has letters, digits and !#$%&'*+-.^_`|~",
            "a.yaml:27: HTTP endpoint \"d\": \"X-Key\": the variable \"NOT_THERE\" is not set",
            "a.yaml:29: HTTP endpoint \"e\": clientTLS: a certificate and its privateKey come together, or not at all",
            "a.yaml:37: HTTP endpoint \"f\": clientTLS: \"rootCA\" is no certificate in PEM text",
            "a.yaml:45: HTTP endpoint \"f\": there is an HTTP endpoint of that name at a.yaml:37 already",
            "a.yaml:50: an HTTP endpoint has apiVersion: dapr.io/v1alpha1 and kind: HTTPEndpoint, this has \"dapr.io/v1alpha1\" and \"httpEndpoint\"");
  }

  @Test
  void everythingThatIsWrongWithOneDocumentIsReportedWithItsLine() throws IOException {
    var wrong = files("""
        apiVersion: dapr.io/v1alpha1
        kind: HTTPEndpoint
        metadata: {name: a.b}
        spec:
          baseUrl: ftp://x
          headers:
          - {name: "X Y", value: z}
          - {name: X-Fine, value: z}
          - {name: X-Line, value: "a\\nb"}
          - {name: X-Key, envRef: NOT_THERE}
          clientTLS:
            rootCA: {value: no pem}
        """).environment(Map.of());
    assertThat(problems(wrong))
        .containsExactlyInAnyOrder(
            "a.yaml:1: HTTP endpoint \"a.b\": the name of an HTTP endpoint is an app id, without dots and slashes, not \"a.b\"",
            "a.yaml:5: HTTP endpoint \"a.b\": the URL of an HTTP endpoint begins with http:// or https:// and a host",
            "a.yaml:7: HTTP endpoint \"a.b\": the header \"X Y\": the header name of 3 letters is none that HTTP carries: it has letters, digits and !#$%&'*+-.^_`|~",
            "a.yaml:9: HTTP endpoint \"a.b\": the header \"X-Line\": the value of a header has a control character in it, which no header carries",
            "a.yaml:10: HTTP endpoint \"a.b\": \"X-Key\": the variable \"NOT_THERE\" is not set",
            "a.yaml:1: HTTP endpoint \"a.b\": clientTLS: \"rootCA\" is no certificate in PEM text");
  }

  @Test
  void aUrlIsATargetAndRedirectsAreAnswers() throws IOException {
    try (var server = RawServer.answering(
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
        var runtime = builder().start();
        var answer =
            runtime.app(url(server) + "/base").exchange(InvocationRequest.get("../../m"))) {
      assertThat(answer.status()).isEqualTo(302);
      assertThat(server.heads.poll()).startsWith("GET /base/m HTTP/1.1\r\n");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "a/../b, /base/b",
    "../../etc, /base/etc",
    "a%2Fb, /base/a%252Fb",
    "a%23b, /base/a%2523b",
    "ü, /base/%C3%BC",
    "'a b', /base/a%20b",
  })
  void noMethodLeavesTheBase(String method, String expected) throws IOException {
    try (var server = RawServer.answering(OK);
        var runtime =
            builder().endpoint(HttpEndpoint.at("x", url(server) + "/base")).start()) {
      runtime.app("x").exchange(InvocationRequest.get(method)).close();
      assertThat(server.heads.poll()).startsWith("GET " + expected + " HTTP/1.1\r\n");
    }
  }

  @Test
  void streamsPassThrough() throws IOException {
    try (var server = new RawServer(connection -> {
          var head = connection.head();
          assertThat(head).contains("Transfer-Encoding: chunked");
          while (!connection.body(1).isEmpty()) {
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
            return;
          }
        });
        var runtime = builder().endpoint(HttpEndpoint.at("x", url(server))).start();
        var answer = runtime
            .app("x")
            .exchange(new InvocationRequest(
                "POST",
                "m",
                "",
                Map.of(),
                "",
                Body.of(new ByteArrayInputStream("body".getBytes(StandardCharsets.UTF_8)), -1)))) {
      assertThat(new String(answer.body().readAllBytes(), StandardCharsets.UTF_8))
          .isEqualTo("hello");
    }
  }

  @Test
  void theDeadlineHolds() throws IOException {
    try (var server = new RawServer(
            connection -> connection.in.transferTo(java.io.OutputStream.nullOutputStream()));
        var runtime = builder().endpoint(HttpEndpoint.at("x", url(server))).start()) {
      assertThatExceptionOfType(CallTimeoutException.class)
          .isThrownBy(() -> runtime
              .app("x")
              .send("m", null, InvokeOptions.defaults().timeout(Duration.ofMillis(50))))
          .withMessageContaining("the HTTP endpoint at 127.0.0.1:" + server.port());
    }
  }

  @Test
  void failuresOfTheWayAreNotTriedAgainUnasked() throws IOException {
    int port = Ports.free();
    try (var runtime = builder().start()) {
      long begun = runtime.time().nanos();
      var failure = catchThrowableOfType(
          InvocationException.class,
          () -> runtime.app("http://127.0.0.1:" + port).send("m", null));
      assertThat(failure.reason()).isEqualTo(Reason.NOT_LISTENING);
      assertThat(failure)
          .hasMessageStartingWith("the HTTP endpoint at 127.0.0.1:" + port + " does not listen");
      assertThat(Duration.ofNanos(runtime.time().nanos() - begun))
          .as("no pause of a second has been made")
          .isLessThan(Duration.ofSeconds(1));
    }
  }

  @Test
  void policiesFindItByItsNameAndKeepOneBreakerForAllOfIt() throws IOException {
    try (var server = RawServer.answering("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
        var runtime = files("""
            apiVersion: dapr.io/v1alpha1
            kind: Resiliency
            metadata: {name: r}
            spec:
              policies:
                retries:
                  twice: {policy: constant, duration: 1ms, maxRetries: 2, matching: {httpStatusCodes: "503"}}
                circuitBreakers:
                  cb: {timeout: 1h}
              targets:
                apps:
                  payments: {retry: twice, circuitBreaker: cb}
            ---
            apiVersion: dapr.io/v1alpha1
            kind: HTTPEndpoint
            metadata: {name: payments}
            spec: {baseUrl: "%s"}
            """.formatted(url(server))).start()) {
      var one = catchThrowableOfType(
          InvocationException.class, () -> runtime.app("payments").send("one", null));
      assertThat(one.statusCode()).isEqualTo(503);
      assertThat(server.heads).hasSize(3);
      assertThat(catchThrowableOfType(
              InvocationException.class, () -> runtime.app("payments").send("two", null)))
          .isNotNull();
      assertThat(runtime.describe().toString())
          .as("six failures of two methods have opened it")
          .contains("circuit breaker cb of app \"payments\" (payments:%s) is open"
              .formatted(url(server)));
    }
  }

  private static String pem(String what, byte[] der) {
    return "-----BEGIN %1$s-----\n%2$s\n-----END %1$s-----\n"
        .formatted(what, Base64.getMimeEncoder().encodeToString(der));
  }

  @Test
  void certificatesAreVerifiedHereTooAndItsOwnRootIsTrusted() throws Exception {
    var file = JettyApp.keyStore(folder);
    var store = KeyStore.getInstance(file.toFile(), "changeit".toCharArray());
    var certificate = pem("CERTIFICATE", store.getCertificate("app").getEncoded());
    var key = pem("PRIVATE KEY", store.getKey("app", "changeit".toCharArray()).getEncoded());
    try (var server = JettyApp.tls(file)) {
      var url = "https://localhost:" + server.port();
      try (var runtime = builder()
          .endpoint(HttpEndpoint.at("trusted", url)
              .clientTls(new HttpEndpoint.ClientTls(certificate, certificate, key)))
          .endpoint(HttpEndpoint.at("strange", url))
          .endpoint(HttpEndpoint.at("other", "https://127.0.0.1:" + server.port())
              .clientTls(new HttpEndpoint.ClientTls(certificate, "", "")))
          .start()) {
        assertThat(new String(
                runtime
                    .app("trusted")
                    .exchange(InvocationRequest.get("m"))
                    .body()
                    .readAllBytes(),
                StandardCharsets.UTF_8))
            .isEqualTo("HTTP/2.0 GET /m");
        for (var target : List.of("strange", "other", url)) {
          assertThat(catchThrowableOfType(
                  InvocationException.class, () -> runtime.app(target).send("m", null)))
              .as(target)
              .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.GARBAGE))
              .hasMessageContaining("does not speak TLS that is accepted here");
        }
      }
    }
  }

  @Test
  void twoOfOneNameInCodeAreAProblem() {
    assertThat(problems(builder()
            .endpoint(HttpEndpoint.at("x", "http://a"))
            .endpoint(HttpEndpoint.at("x", "http://b"))
            .endpoint(HttpEndpoint.at("y", "http://b")
                .clientTls(new HttpEndpoint.ClientTls("", "", "")))))
        .containsExactly(
            "HTTP endpoint \"x\": there is an HTTP endpoint of that name already",
            "HTTP endpoint \"y\": clientTLS is for https, and the URL begins with http");
  }
}
