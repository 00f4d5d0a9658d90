// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.pillion.CallTimeoutException;
import dev.pillion.appchannel.AppChannel;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Scanner;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** HTTP/2 without TLS, and TLS with both versions. */
class HttpProtocolsTest {
  private static Path keyStore;

  @BeforeAll
  static void makeACertificate(@TempDir Path folder) throws Exception {
    keyStore = JettyApp.keyStore(folder);
  }

  private static SSLContext trusting() throws GeneralSecurityException, IOException {
    var store = KeyStore.getInstance("PKCS12");
    try (var in = Files.newInputStream(keyStore)) {
      store.load(in, "changeit".toCharArray());
    }
    var trust = TrustManagerFactory.getInstance("PKIX");
    var certificates = KeyStore.getInstance("PKCS12");
    certificates.load(null, null);
    certificates.setCertificateEntry("app", store.getCertificate("app"));
    trust.init(certificates);
    var keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(store, "changeit".toCharArray());
    var context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }

  private static Reason reason(AppChannel channel) {
    try (var asking = new Asking(channel)) {
      return catchThrowableOfType(InvocationException.class, () -> asking.text(Asking.get("m")))
          .reason();
    }
  }

  @Test
  void h2cIsSpokenFromTheFirstByteOn() throws IOException {
    try (var app = JettyApp.h2c();
        var asking = new Asking(HttpApp.h2c(Asking.options(app.port()).token("t0")))) {
      var request = Asking.request(
          "PUT",
          "a b",
          "x=1",
          Map.of("X-Trace", List.of("t1"), ":path", List.of("/y")),
          Body.EMPTY);
      try (var answer = asking.ask(request)) {
        assertThat(answer.body().readAllBytes())
            .isEqualTo("HTTP/2.0 PUT /a%20b?x=1".getBytes(StandardCharsets.UTF_8));
        assertThat(answer.headers().get("X-Seen").get(0).split(" "))
            .containsExactlyInAnyOrder("x-trace", "dapr-path", "dapr-api-token");
      }
    }
  }

  @Test
  void bodiesOfBothKindsTravelOverH2c() throws IOException {
    var bytes = "b".repeat(200_000).getBytes(StandardCharsets.UTF_8);
    try (var app = JettyApp.h2c();
        var asking = new Asking(HttpApp.h2c(Asking.options(app.port())))) {
      for (var body : List.of(
          Body.of(bytes),
          Body.of(new ByteArrayInputStream(bytes), bytes.length),
          Body.of(new ByteArrayInputStream(bytes), -1))) {
        assertThat(asking.text(Asking.request("POST", "echo", "", Map.of(), body)))
            .hasSize(bytes.length);
      }
    }
  }

  @Test
  void aProgramMayThinkLongerThanIdleConnectionsLive() throws IOException {
    try (var app = JettyApp.h2c();
        var asking = new Asking(HttpApp.h2c(Asking.options(app.port())))) {
      assertThatThrownBy(() -> asking.ask(Asking.get("wait"), Duration.ofMillis(300)))
          .isInstanceOf(CallTimeoutException.class);
      asking.runtime.time().schedule(Duration.ofMillis(4500), app::open);
      assertThat(asking.text(Asking.get("wait"))).isEqualTo("HTTP/2.0 GET /wait");
    }
  }

  /** Servers keep the limit that they are told; this one goes on and on. */
  @Test
  void headersOfH2cHaveALimit() throws IOException {
    try (var app = new RawServer(connection -> {
          connection.in.readNBytes(24);
          frame(connection.out, 4, new byte[0], 0);
          while (true) {
            var head = connection.in.readNBytes(9);
            connection.in.readNBytes(
                (head[0] & 0xFF) << 16 | (head[1] & 0xFF) << 8 | head[2] & 0xFF);
            if (head[3] == 1) {
              break;
            }
          }
          frame(connection.out, 1, new byte[] {(byte) 0x88}, 1);
          // A literal field, without index: a name of 1 letter, a value of 100.
          var field = new byte[104];
          Arrays.fill(field, (byte) 'x');
          field[0] = 0;
          field[1] = 1;
          field[3] = 100;
          while (true) {
            frame(connection.out, 9, field, 1);
          }
        });
        var asking = new Asking(HttpApp.h2c(Asking.options(app.port()).maxHeaderSize(8192)))) {
      var failure =
          catchThrowableOfType(InvocationException.class, () -> asking.text(Asking.get("m")));
      assertThat(failure.reason()).as(failure.toString()).isIn(Reason.TOO_LARGE, Reason.GARBAGE);
    }
  }

  private static void frame(OutputStream out, int type, byte[] payload, int stream)
      throws IOException {
    out.write(new byte[] {0, 0, (byte) payload.length, (byte) type, 0, 0, 0, 0, (byte) stream});
    out.write(payload);
    out.flush();
  }

  @Test
  void aProgramThatSpeaksTheOtherVersionAnswersGarbage() throws IOException {
    try (var app = JettyApp.h2c();
        var old = RawServer.answering("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")) {
      assertThat(reason(HttpApp.onPort(app.port()))).isEqualTo(Reason.GARBAGE);
      assertThat(reason(HttpApp.h2c(Asking.options(old.port())))).isEqualTo(Reason.GARBAGE);
    }
  }

  @Test
  void httpsIsHttp2WhereTheProgramLikesIt() throws IOException {
    try (var app = JettyApp.tls(keyStore);
        var asking = new Asking(HttpApp.https(Asking.options(app.port())))) {
      assertThat(asking.text(Asking.get("m"))).isEqualTo("HTTP/2.0 GET /m");
    }
  }

  @Test
  void httpsIsHttp1WhereTheProgramKnowsNoOther() throws Exception {
    var app = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    app.setHttpsConfigurator(new HttpsConfigurator(trusting()));
    app.createContext("/", exchange -> {
      exchange.sendResponseHeaders(200, 0);
      exchange.getResponseBody().write(exchange.getProtocol().getBytes(StandardCharsets.UTF_8));
      exchange.close();
    });
    app.start();
    try (var asking = new Asking(HttpApp.https(Asking.options(app.getAddress().getPort())))) {
      assertThat(asking.text(Asking.get("m"))).isEqualTo("HTTP/1.1");
    } finally {
      app.stop(0);
    }
  }

  /** Node and uvicorn close after 5 s, and a call on its way then would be lost. */
  @Test
  void anIdleConnectionOfHttp1IsClosedBeforeProgramsDoSoOverTlsToo() throws Exception {
    try (var socket = trusting()
            .getServerSocketFactory()
            .createServerSocket(0, 9, InetAddress.getLoopbackAddress());
        var asking = new Asking(HttpApp.https(Asking.options(socket.getLocalPort())))) {
      var afterwards = CompletableFuture.supplyAsync(() -> nextByteAfterAnAnswer(socket));
      assertThat(asking.text(Asking.get("m"))).isEqualTo("ok");
      assertThat(afterwards.get(30, TimeUnit.SECONDS)).as("the end").isEqualTo(-1);
    }
  }

  private static int nextByteAfterAnAnswer(ServerSocket socket) {
    while (true) {
      try (var connection = socket.accept()) {
        var head = new Scanner(connection.getInputStream(), StandardCharsets.UTF_8);
        // The first who connects only looks whether anybody listens.
        if (head.hasNextLine()) {
          while (!head.nextLine().isEmpty()) {
            // The rest of the head.
          }
          connection
              .getOutputStream()
              .write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                  .getBytes(StandardCharsets.UTF_8));
          connection.setSoTimeout(8_000);
          return connection.getInputStream().read();
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Test
  void aCertificateIsVerifiedWhereAContextIsGiven() throws Exception {
    try (var app = JettyApp.tls(keyStore)) {
      var options = Asking.options(app.port());
      try (var asking = new Asking(HttpApp.https(options.host("localhost"), trusting()))) {
        assertThat(asking.text(Asking.get("m"))).isEqualTo("HTTP/2.0 GET /m");
      }
      assertThat(reason(HttpApp.https(options.host("localhost"), SSLContext.getDefault())))
          .as("nobody trusts it")
          .isEqualTo(Reason.GARBAGE);
      assertThat(reason(HttpApp.https(options, trusting())))
          .as("it is for another name")
          .isEqualTo(Reason.GARBAGE);
    }
  }

  @Test
  void aProgramWithoutTlsIsNotAskedInClear() throws IOException {
    try (var app = new RawServer(connection -> {
      connection.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
      connection.head();
    })) {
      assertThat(reason(HttpApp.https(Asking.options(app.port())))).isEqualTo(Reason.GARBAGE);
      assertThat(app.heads).isEmpty();
    }
  }
}
