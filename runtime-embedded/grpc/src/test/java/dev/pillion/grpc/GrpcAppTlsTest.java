// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.pillion.CallTimeoutException;
import dev.pillion.appchannel.AppOptions;
import dev.pillion.appchannel.AppOptions.HealthCheck;
import dev.pillion.appchannel.AppState;
import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testservers.Ports;
import io.grpc.netty.shaded.io.netty.handler.ssl.ClientAuth;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Programs that speak gRPC over TLS, and those that were meant to. */
@Timeout(60)
class GrpcAppTlsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static Certificate certificate;

  @BeforeAll
  static void makeACertificate(@TempDir Path folder) throws Exception {
    certificate = new Certificate(folder);
  }

  private static CallbackProgram program() throws Exception {
    return CallbackProgram.started(certificate.ofProgram().build());
  }

  private static EmbeddedRuntime runtime(GrpcApp app) {
    return EmbeddedRuntime.builder("checkout").environment(Map.of()).with(app).start();
  }

  private static int invoke(EmbeddedRuntime runtime, GrpcApp app, Duration timeout) {
    var context = CallContext.of(Deadline.after(timeout, runtime.time()), Map.of());
    try (var answer =
        app.channel().invoke(InvocationRequest.post("orders", "", new byte[0]), context)) {
      return answer.status();
    }
  }

  private static int status(GrpcApp app) {
    try (var runtime = runtime(app)) {
      return invoke(runtime, app, PATIENCE);
    }
  }

  private static InvocationException failure(GrpcApp app) {
    try (var runtime = runtime(app)) {
      return catchThrowableOfType(InvocationException.class, () -> invoke(runtime, app, PATIENCE));
    }
  }

  private static void awaitState(GrpcApp app, AppState state) {
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(app.channel().state())
        .isEqualTo(state));
  }

  @Test
  void onThisMachineNoCertificateIsVerified() throws Exception {
    try (var program = program()) {
      var app = GrpcApp.grpcs(AppOptions.onPort(program.port));
      try (var runtime = runtime(app)) {
        assertThat(invoke(runtime, app, PATIENCE)).isZero();
        assertThat(runtime.describe().toString()).contains("app grpcs://127.0.0.1:" + program.port);
      }
      assertThat(program.requests).hasSize(1);
      assertThat(program.sessions.get(0).getProtocol()).startsWith("TLSv1.");
    }
  }

  /** On Linux that address is this machine's, which its text does not say. */
  @Test
  void elsewhereItIsVerifiedByTheJvm() throws Exception {
    try (var program = program()) {
      var app = GrpcApp.grpcs(AppOptions.onPort(program.port).host("0.0.0.0"));
      assertThat(failure(app))
          .hasMessageStartingWith("the app at 0.0.0.0:%d does not speak TLS that is accepted here: "
              .formatted(program.port))
          .extracting(InvocationException::reason)
          .isEqualTo(Reason.GARBAGE);
      assertThat(program.requests).isEmpty();
    }
  }

  @Test
  void itIsVerifiedWhereAContextIsGiven() throws Exception {
    try (var program = program()) {
      var options = AppOptions.onPort(program.port);
      assertThat(status(GrpcApp.grpcs(options.host("localhost"), certificate.ofCaller())))
          .isZero();
      assertThat(program.requests).hasSize(1);
      assertThat(failure(GrpcApp.grpcs(options.host("localhost"), SSLContext.getDefault())))
          .as("nobody trusts it")
          .extracting(InvocationException::reason)
          .isEqualTo(Reason.GARBAGE);
      assertThat(failure(GrpcApp.grpcs(options, certificate.ofCaller())))
          .as("it is for another name")
          .extracting(InvocationException::reason)
          .isEqualTo(Reason.GARBAGE);
      assertThat(program.requests).hasSize(1);
    }
  }

  @Test
  void aProgramThatAsksWhoCallsIsShown() throws Exception {
    var asking = certificate.ofProgram().clientAuth(ClientAuth.REQUIRE).build();
    try (var program = CallbackProgram.started(asking)) {
      var options = AppOptions.onPort(program.port).host("localhost");
      assertThat(status(GrpcApp.grpcs(options, certificate.ofCaller()))).isZero();
      assertThat(program.sessions.get(0).getPeerPrincipal().getName()).isEqualTo("CN=localhost");
      assertThat(failure(GrpcApp.grpcs(options, certificate.ofUnknownCaller())).reason())
          .isIn(Reason.GARBAGE, Reason.CLOSED);
      assertThat(program.requests).hasSize(1);
    }
  }

  @Test
  void aProgramMaySickenDieAndComeBack() throws Exception {
    try (var program = program()) {
      var app = GrpcApp.grpcs(AppOptions.onPort(program.port)
          .healthCheck(new HealthCheck("/", Duration.ofMillis(50), Duration.ofMillis(50), 2)));
      try (var runtime = runtime(app)) {
        awaitState(app, AppState.HEALTHY);
        assertThat(invoke(runtime, app, PATIENCE)).isZero();
        program.healthy = false;
        awaitState(app, AppState.UNHEALTHY);
        program.healthy = true;
        awaitState(app, AppState.HEALTHY);
        program.kill();
        awaitState(app, AppState.UNHEALTHY);
        program.start();
        awaitState(app, AppState.HEALTHY);
        assertThat(invoke(runtime, app, PATIENCE)).isZero();
      }
    }
  }

  @Test
  void aProgramThatIsNotThereIsSaidNotToListen() throws Exception {
    var app = GrpcApp.grpcs(AppOptions.onPort(Ports.free()));
    assertThat(failure(app).reason()).isEqualTo(Reason.NOT_LISTENING);
  }

  @Test
  void aProgramWithoutTlsIsSaidSo() throws Exception {
    try (var program = CallbackProgram.started()) {
      assertThat(failure(GrpcApp.grpcs(AppOptions.onPort(program.port))))
          .hasMessage(
              "the app at 127.0.0.1:%d does not speak TLS that is accepted here: it answers without; is its protocol grpcs, and its certificate valid for this host?"
                  .formatted(program.port))
          .extracting(InvocationException::reason)
          .isEqualTo(Reason.GARBAGE);
      assertThat(program.requests).isEmpty();
    }
  }

  @Test
  void aProgramWithTlsIsSaidToSpeakNoGrpcInClear() throws Exception {
    try (var program = program()) {
      assertThat(failure(GrpcApp.at(AppOptions.onPort(program.port))).reason())
          .isIn(Reason.GARBAGE, Reason.CLOSED);
      assertThat(program.requests).isEmpty();
    }
  }

  @Test
  void aProgramThatIsKilledWhileItWorksHasClosedTheConnection() throws Exception {
    var entered = new CountDownLatch(1);
    var gate = new CountDownLatch(1);
    try (var program = program()) {
      program.handler = request -> {
        entered.countDown();
        Gates.await(gate);
        return CallbackProgram.answer("late");
      };
      var app = GrpcApp.grpcs(AppOptions.onPort(program.port));
      try (var runtime = runtime(app)) {
        var call = CompletableFuture.supplyAsync(() -> invoke(runtime, app, PATIENCE));
        Gates.await(entered);
        program.kill();
        assertThatThrownBy(() -> call.get(30, TimeUnit.SECONDS))
            .cause()
            .isInstanceOfSatisfying(
                InvocationException.class,
                failure -> assertThat(failure.reason()).isEqualTo(Reason.CLOSED));
      }
    } finally {
      gate.countDown();
    }
  }

  @Test
  void aPortThatClosesInsteadOfShakingHandsHasClosedTheConnection() throws Exception {
    try (var port = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      var closing = new Thread(() -> closeAll(port), "closing");
      closing.setDaemon(true);
      closing.start();
      assertThat(failure(GrpcApp.grpcs(AppOptions.onPort(port.getLocalPort()))).reason())
          .isEqualTo(Reason.CLOSED);
    }
  }

  private static void closeAll(ServerSocket port) {
    while (!port.isClosed()) {
      try (var socket = port.accept()) {
        socket.getInputStream().readNBytes(5);
      } catch (IOException e) {
        // The test is over, or the other side was faster.
      }
    }
  }

  @Test
  void nothingIsSaidInClear() throws Exception {
    try (var port = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      var first = CompletableFuture.supplyAsync(() -> firstBytes(port));
      var app = GrpcApp.grpcs(AppOptions.onPort(port.getLocalPort()).token("apps-token"));
      try (var runtime = runtime(app)) {
        assertThatThrownBy(() -> invoke(runtime, app, Duration.ofMillis(500)))
            .as("a program that never shakes hands")
            .isInstanceOf(CallTimeoutException.class);
      }
      var bytes = first.get(30, TimeUnit.SECONDS);
      assertThat(bytes).startsWith(0x16, 0x03);
      assertThat(new String(bytes, StandardCharsets.ISO_8859_1))
          .doesNotContain("PRI * HTTP/2.0", "apps-token");
    }
  }

  /** What the first who says anything says until it goes: a look at the port says nothing. */
  private static byte[] firstBytes(ServerSocket port) {
    try {
      while (true) {
        try (var socket = port.accept()) {
          var bytes = socket.getInputStream().readAllBytes();
          if (bytes.length > 0) {
            return bytes;
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
