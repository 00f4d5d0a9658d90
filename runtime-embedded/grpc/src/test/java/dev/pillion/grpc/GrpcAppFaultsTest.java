// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
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
import dev.pillion.testkit.CapturedLog;
import dev.pillion.wire.common.v1.InvokeResponse;
import dev.pillion.wire.runtime.v1.AppCallbackGrpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Programs that are late, leave, return, hang, or are something else altogether. */
@Timeout(60)
class GrpcAppFaultsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final java.util.logging.Logger GRPC =
      java.util.logging.Logger.getLogger("io.grpc.internal.AbstractClientStream");

  private GrpcApp app = GrpcApp.onPort(1);
  private @Nullable EmbeddedRuntime runtime;

  private void runtimeWith(AppOptions options) {
    app = GrpcApp.at(options);
    runtime =
        EmbeddedRuntime.builder("checkout").environment(Map.of()).with(app).start();
  }

  private static AppOptions probed(int port) {
    return AppOptions.onPort(port)
        .healthCheck(new HealthCheck("/", Duration.ofMillis(50), Duration.ofMillis(50), 2));
  }

  @AfterEach
  void end() {
    if (runtime != null) {
      runtime.close();
    }
  }

  private int invoke(Duration timeout) {
    var time = Objects.requireNonNull(runtime).time();
    var context = CallContext.of(Deadline.after(timeout, time), Map.of());
    try (var answer =
        app.channel().invoke(InvocationRequest.post("orders", "", new byte[0]), context)) {
      return answer.status();
    }
  }

  private void awaitState(AppState state) {
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(app.channel().state())
        .isEqualTo(state));
  }

  private InvocationException failure(Reason reason) {
    try {
      invoke(PATIENCE);
    } catch (InvocationException e) {
      assertThat(e.reason()).as(e.toString() + ", " + e.getCause()).isEqualTo(reason);
      return e;
    }
    throw new AssertionError("the call did not fail");
  }

  @Test
  void aProgramMayStartAfterTheRuntime() throws Exception {
    try (var program = CallbackProgram.stopped()) {
      runtimeWith(AppOptions.onPort(program.port));
      assertThat(app.channel().state()).isEqualTo(AppState.WAITING);
      assertThat(failure(Reason.NOT_LISTENING))
          .hasMessage(
              "nothing listens at 127.0.0.1:%d, where the app should be".formatted(program.port));
      program.start();
      awaitState(AppState.HEALTHY);
      assertThat(invoke(PATIENCE)).isZero();
    }
  }

  @Test
  void aProgramIsFoundByACallBeforeItIsFoundByLooking() throws Exception {
    try (var program = CallbackProgram.stopped()) {
      runtimeWith(AppOptions.onPort(program.port));
      for (int i = 0; i < 5; i++) {
        failure(Reason.NOT_LISTENING);
      }
      program.start();
      assertThat(invoke(PATIENCE)).isZero();
    }
  }

  @Test
  void aProgramMayBeKilledAndComeBackManyTimes() throws Exception {
    try (var program = CallbackProgram.started()) {
      runtimeWith(AppOptions.onPort(program.port));
      for (int i = 0; i < 5; i++) {
        assertThat(invoke(PATIENCE)).isZero();
        program.kill();
        await().atMost(PATIENCE).untilAsserted(() -> failure(Reason.NOT_LISTENING));
        program.start();
        assertThat(invoke(PATIENCE)).isZero();
      }
    }
  }

  @Test
  void aProgramThatIsKilledWhileItWorksHasClosedTheConnection() throws Exception {
    var entered = new CountDownLatch(1);
    var gate = new CountDownLatch(1);
    try (var program = CallbackProgram.started()) {
      program.handler = request -> {
        entered.countDown();
        Gates.await(gate);
        return CallbackProgram.answer("late");
      };
      runtimeWith(AppOptions.onPort(program.port));
      var call = CompletableFuture.supplyAsync(() -> invoke(PATIENCE));
      Gates.await(entered);
      program.kill();
      assertThatThrownBy(() -> call.get(30, TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class)
          .cause()
          .isInstanceOfSatisfying(InvocationException.class, failure -> {
            assertThat(failure.reason()).isEqualTo(Reason.CLOSED);
            assertThat(failure.statusCode()).isEqualTo(14);
          })
          .hasMessage("the app at 127.0.0.1:%d ended the connection before it answered OnInvoke"
              .formatted(program.port));
    } finally {
      gate.countDown();
    }
  }

  /** What gRPC says when the connection ends while a request is written to it. */
  @Test
  void aConnectionThatEndsWhileItIsWrittenToHasBeenClosed() {
    var failures = new AppFailures(AppOptions.onPort(3000));
    for (var cause : List.of(
        new ClosedChannelException(), new RuntimeException(new IOException("Broken pipe")))) {
      var failure = Status.UNKNOWN.withDescription("channel closed").withCause(cause);
      assertThat(failures.of(AppCallbackGrpc.getOnInvokeMethod(), failure.asRuntimeException()))
          .isInstanceOfSatisfying(InvocationException.class, closed -> {
            assertThat(closed.reason()).isEqualTo(Reason.CLOSED);
            assertThat(closed.statusCode()).isEqualTo(14);
          })
          .hasMessage("the app at 127.0.0.1:3000 ended the connection before it answered OnInvoke");
    }
    var unknown = Status.UNKNOWN.withDescription("HTTP status code 200, text/html");
    assertThat(failures.of(AppCallbackGrpc.getOnInvokeMethod(), unknown.asRuntimeException()))
        .isInstanceOfSatisfying(InvocationException.class, garbage -> assertThat(garbage.reason())
            .isEqualTo(Reason.GARBAGE));
  }

  @Test
  void aHostThatNobodyKnowsIsNamed() {
    runtimeWith(AppOptions.onPort(3000).host("no-such-host.invalid"));
    assertThat(failure(Reason.NOT_LISTENING))
        .hasMessage(
            "the app at no-such-host.invalid:3000 can't be reached: the name \"no-such-host.invalid\" can't be resolved");
  }

  @Test
  void anAppServesOneRuntimeAlsoWhenThatIsClosed() {
    runtimeWith(AppOptions.onPort(3000));
    Objects.requireNonNull(runtime).close();
    var second = EmbeddedRuntime.builder("billing").environment(Map.of()).with(app);
    assertThatThrownBy(second::start)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "the channel to the app at 127.0.0.1:3000 serves one runtime, and has had it; make another one");
  }

  @Test
  void aProgramThatHangsIsGivenUpAtTheDeadlineAndServesOthersMeanwhile() throws Exception {
    var gate = new CountDownLatch(1);
    try (var program = CallbackProgram.started()) {
      program.handler = request -> {
        if (request.getMethod().equals("orders")) {
          Gates.await(gate);
        }
        return CallbackProgram.answer("done");
      };
      runtimeWith(AppOptions.onPort(program.port));
      assertThatThrownBy(() -> invoke(Duration.ofMillis(300)))
          .isInstanceOf(CallTimeoutException.class)
          .hasMessage(
              "the app at 127.0.0.1:%d did not answer OnInvoke before the deadline of the call"
                  .formatted(program.port));
      try (var answer = app.channel()
          .invoke(InvocationRequest.post("other", "", new byte[0]), CallContext.EMPTY)) {
        assertThat(answer.status()).isZero();
      }
    } finally {
      gate.countDown();
    }
  }

  @Test
  void probesFollowTheProgramThroughSicknessDeathAndReturn() throws Exception {
    try (var program = CallbackProgram.started()) {
      runtimeWith(probed(program.port));
      awaitState(AppState.HEALTHY);
      program.healthy = false;
      awaitState(AppState.UNHEALTHY);
      assertThat(failure(Reason.UNHEALTHY)).hasMessageContaining("has failed 2 probes in a row");
      program.healthy = true;
      awaitState(AppState.HEALTHY);
      program.kill();
      awaitState(AppState.UNHEALTHY);
      program.start();
      awaitState(AppState.HEALTHY);
      assertThat(invoke(PATIENCE)).isZero();
    }
  }

  @Test
  void aProgramWithoutAHealthCheckCountsAsUnhealthyAndTheLogSaysWhyOnce() throws Exception {
    try (var log = new CapturedLog(GrpcApp.class.getPackageName());
        var program = CallbackProgram.started()) {
      program.servesHealthCheck = false;
      runtimeWith(probed(program.port));
      awaitState(AppState.UNHEALTHY);
      assertThat(log.warnings())
          .singleElement()
          .asString()
          .startsWith("the app at 127.0.0.1:%d does not serve AppCallbackHealthCheck"
              .formatted(program.port));
    }
  }

  @Test
  void aPortThatTakesConnectionsAndSaysNothingIsGivenUpAtTheDeadline() throws Exception {
    try (var silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      runtimeWith(AppOptions.onPort(silent.getLocalPort()));
      assertThatThrownBy(() -> invoke(Duration.ofMillis(300)))
          .isInstanceOf(CallTimeoutException.class);
    }
  }

  /** What a port answers to whoever connects, before it closes the connection. */
  private interface Script {
    void run(Socket socket) throws Exception;
  }

  /** A port on which everyone who connects meets the script. */
  private static final class RawPort implements AutoCloseable {
    private final ServerSocket server;

    RawPort(Script script) throws IOException {
      server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
      var acceptor = new Thread(() -> accept(script), "raw-port");
      acceptor.setDaemon(true);
      acceptor.start();
    }

    private void accept(Script script) {
      while (!server.isClosed()) {
        try (var socket = server.accept()) {
          socket.setSoTimeout(10_000);
          script.run(socket);
        } catch (Exception e) {
          // The other side ends connections as it likes; the test looks at what it makes of ours.
        }
      }
    }

    int port() {
      return server.getLocalPort();
    }

    @Override
    public void close() throws IOException {
      server.close();
    }
  }

  private static void http1(Socket socket) throws Exception {
    // Only to those who ask: a look at the port says nothing.
    if (socket.getInputStream().read() >= 0) {
      socket
          .getOutputStream()
          .write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".getBytes(US_ASCII));
      socket.getInputStream().readAllBytes();
    }
  }

  @Test
  void aPortThatSpeaksSomethingElseIsSaidToSpeakNoGrpc() throws Exception {
    try (var garbage = new RawPort(GrpcAppFaultsTest::http1)) {
      runtimeWith(AppOptions.onPort(garbage.port()));
      assertThat(failure(Reason.GARBAGE))
          .hasMessage(
              "what answers OnInvoke at 127.0.0.1:%d does not speak gRPC; is that the app's gRPC port?"
                  .formatted(garbage.port()));
    }
  }

  @Test
  void aProgramThatSaysFineAndNothingElseHasAnsweredGarbage() throws Exception {
    var method = AppCallbackGrpc.getOnInvokeMethod().toBuilder()
        .setType(MethodDescriptor.MethodType.SERVER_STREAMING)
        .build();
    var mute = NettyServerBuilder.forAddress(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .addService(ServerServiceDefinition.builder(AppCallbackGrpc.SERVICE_NAME)
            .addMethod(
                method,
                ServerCalls.asyncServerStreamingCall((request, answer) -> answer.onCompleted()))
            .build())
        .build()
        .start();
    try {
      runtimeWith(AppOptions.onPort(mute.getPort()));
      assertThat(failure(Reason.GARBAGE)).hasMessageContaining("OnInvoke");
    } finally {
      mute.shutdownNow();
    }
  }

  @Test
  void aPortThatClosesEveryConnectionIsSaidToHaveClosedIt() throws Exception {
    try (var closing = new RawPort(socket -> socket.getInputStream().read())) {
      runtimeWith(AppOptions.onPort(closing.port()));
      failure(Reason.CLOSED);
    }
  }

  private static byte[] frame(int type, int flags, int stream, byte[] payload) {
    var frame = new ByteArrayOutputStream();
    for (int shift = 16; shift >= 0; shift -= 8) {
      frame.write(payload.length >> shift);
    }
    frame.write(type);
    frame.write(flags);
    for (int shift = 24; shift >= 0; shift -= 8) {
      frame.write(stream >> shift);
    }
    frame.writeBytes(payload);
    return frame.toByteArray();
  }

  /** A header block of one literal, of 16 KiB. */
  private static byte[] largeHeader() {
    var block = new ByteArrayOutputStream();
    block.write(0);
    block.write(1);
    block.write('x');
    block.writeBytes(new byte[] {0x7F, (byte) 0x81, 0x7F});
    for (int i = 0; i < 16_384 - 128; i++) {
      block.write('v');
    }
    var whole = new byte[16_384];
    System.arraycopy(block.toByteArray(), 0, whole, 0, Math.min(block.size(), whole.length));
    return whole;
  }

  @Test
  void headersWithoutEndAreBrokenOff() throws Exception {
    try (var endless = new RawPort(socket -> {
      if (socket.getInputStream().read() < 0) {
        return;
      }
      var out = socket.getOutputStream();
      out.write(frame(4, 0, 0, new byte[0]));
      out.write(frame(4, 1, 0, new byte[0]));
      // Whatever stream the client opens first is number 3, its settings are acknowledged by then.
      socket.getInputStream().readNBytes(60);
      out.write(frame(1, 0, 3, largeHeader()));
      while (true) {
        out.write(frame(9, 0, 3, largeHeader()));
        out.flush();
      }
    })) {
      runtimeWith(AppOptions.onPort(endless.port()));
      var failure = catchThrowableOfType(InvocationException.class, () -> invoke(PATIENCE));
      assertThat(failure.reason()).as("%s", failure.getCause()).isEqualTo(Reason.TOO_LARGE);
    }
  }

  @Test
  void headersAboveTheLimitAreRefusedAndTheNextCallIsServed() throws Exception {
    try (var program = CallbackProgram.started()) {
      program.handler = request -> {
        var trailers = new Metadata();
        trailers.put(
            Metadata.Key.of("x-large", Metadata.ASCII_STRING_MARSHALLER), "v".repeat(20_000));
        throw Status.ABORTED.asRuntimeException(trailers);
      };
      runtimeWith(AppOptions.onPort(program.port).maxHeaderSize(8_192));
      assertThat(failure(Reason.TOO_LARGE))
          .hasMessageContaining("its maximum header size of 8192 (set by maxHeaderSize)");
      program.handler = request -> CallbackProgram.answer("done");
      assertThat(invoke(PATIENCE)).isZero();
    }
  }

  @Test
  void anAnswerAboveTheLimitIsRefusedAndTheNextCallIsServed() throws Exception {
    try (var program = CallbackProgram.started()) {
      program.handler = request -> InvokeResponse.newBuilder()
          .setData(Any.newBuilder().setValue(ByteString.copyFrom(new byte[200_000])))
          .build();
      runtimeWith(AppOptions.onPort(program.port).maxBodySize(100_000));
      var lines = linesOfGrpc();
      assertThat(failure(Reason.TOO_LARGE))
          .hasMessageContaining(
              "more than its maximum body size of 100000 bytes (set by maxBodySize)");
      program.handler = request -> CallbackProgram.answer("done");
      assertThat(invoke(PATIENCE)).isZero();
      assertThat(lines).isEmpty();
    }
  }

  /** What gRPC logs of streams from now on. */
  private static Queue<String> linesOfGrpc() {
    var lines = new ConcurrentLinkedQueue<String>();
    GRPC.addHandler(new Handler() {
      @Override
      public void publish(LogRecord line) {
        lines.add(line.getMessage());
      }

      @Override
      public void flush() {}

      @Override
      public void close() {}
    });
    return lines;
  }

  @Test
  void aRequestAboveTheLimitIsNotSent() throws Exception {
    try (var program = CallbackProgram.started()) {
      runtimeWith(AppOptions.onPort(program.port).maxBodySize(100_000));
      assertThatThrownBy(() -> app.channel()
              .invoke(InvocationRequest.post("orders", "", new byte[100_000]), CallContext.EMPTY))
          .isInstanceOfSatisfying(InvocationException.class, failure -> assertThat(failure.reason())
              .isEqualTo(Reason.TOO_LARGE))
          .hasMessageContaining("bytes with its envelope");
      assertThat(program.requests).isEmpty();
    }
  }

  @Test
  void closingTheRuntimeCutsWhatHangs() throws Exception {
    var entered = new CountDownLatch(1);
    var gate = new CountDownLatch(1);
    try (var program = CallbackProgram.started()) {
      program.handler = request -> {
        entered.countDown();
        Gates.await(gate);
        return CallbackProgram.answer("late");
      };
      app = GrpcApp.onPort(program.port);
      runtime = EmbeddedRuntime.builder("checkout")
          .environment(Map.of())
          .drainTimeout(Duration.ofMillis(100))
          .with(app)
          .start();
      var call = CompletableFuture.supplyAsync(() -> invoke(PATIENCE));
      Gates.await(entered);
      runtime.close();
      assertThatThrownBy(() -> call.get(30, TimeUnit.SECONDS))
          .cause()
          .isInstanceOf(InvocationException.class)
          .hasMessageContaining("the runtime was closed while the app");
    } finally {
      gate.countDown();
    }
  }
}
