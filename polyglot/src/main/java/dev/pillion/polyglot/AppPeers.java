// SPDX-License-Identifier: Apache-2.0
package dev.pillion.polyglot;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pillion.CallTimeoutException;
import dev.pillion.appchannel.AppOptions;
import dev.pillion.appchannel.AppOptions.HealthCheck;
import dev.pillion.appchannel.AppState;
import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.grpc.GrpcApp;
import dev.pillion.grpc.GrpcFacade;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testservers.Ports;
import java.io.File;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Takes a program that is an SDK's app server through its life beside a runtime: {@code AppPeers
 * LOG ABILITIES COMMAND…}, to which port and facade port are added. The last line is "N passed, N
 * failed". Abilities, with commas between, are what an SDK's handlers can do or see: {@code bytes}
 * (else answers are JSON), {@code verb}, {@code metadata}, {@code messages} of errors,
 * {@code sickness} of health checks.
 */
public final class AppPeers {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String TOKEN = "polyglot-app-token";
  private static final String PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  private static final ObjectMapper JSON = new ObjectMapper();

  private final File log;
  private final Set<String> abilities;
  private final List<String> command;
  private final int port;

  /** One SDK's app server asks for a sidecar before it listens. */
  private final GrpcFacade facade = GrpcFacade.onPort(0);

  private final GrpcApp app;
  private int passed;
  private int failed;
  private @Nullable Process program;

  private interface Step {
    void run() throws Exception;
  }

  private AppPeers(File log, Set<String> abilities, List<String> command) {
    this.log = log;
    this.abilities = abilities;
    this.command = command;
    this.port = Ports.free();
    this.app = GrpcApp.at(options());
  }

  private AppOptions options() {
    return AppOptions.onPort(port)
        .token(TOKEN)
        .healthCheck(new HealthCheck("/", Duration.ofMillis(200), Duration.ofMillis(200), 3));
  }

  /** Runs all of it. */
  public static void main(String[] words) throws Exception {
    var abilities = Set.of(words[1].split(","));
    var command = List.of(words).subList(2, words.length);
    System.exit(new AppPeers(new File(words[0]), abilities, command).run() ? 0 : 1);
  }

  private boolean run() throws Exception {
    try (var runtime =
        EmbeddedRuntime.builder("polyglot").with(facade).with(app).start()) {
      step("the runtime starts before its program", this::startsBefore);
      step("a body comes back as it was sent", () -> echo("{\"n\":1} ö"));
      step("a body of a megabyte comes back", () -> echo("x".repeat(1 << 20)));
      step("verb, query, headers and trace arrive", this::headers);
      step("an error is an answer", this::error);
      step("a slow answer is waited for", () -> same("slow", text("slow", runtime)));
      step("a call that hangs ends at its deadline", () -> hang(runtime));
      if (abilities.contains("sickness")) {
        step("a program that says it is sick is left alone until it is well", this::sick);
      }
      step("a program that is halted is unhealthy until it goes on", this::halted);
      step("a program that is killed at work has closed the connection", () -> killed(runtime));
      step("a program comes back to the same runtime", this::comesBack);
      step("a program is killed and started five times", this::restarts);
      step("a runtime starts after its program", this::startsAfter);
    } finally {
      end();
    }
    System.out.println(passed + " passed, " + failed + " failed");
    return failed == 0;
  }

  private void step(String name, Step step) {
    try {
      step.run();
      passed++;
      System.out.println("ok: " + name);
    } catch (Exception | AssertionError e) {
      failed++;
      System.out.println("not ok: " + name);
      e.printStackTrace(System.out);
    }
  }

  private void begin() throws IOException {
    var all = new ArrayList<>(command);
    all.add(Integer.toString(port));
    all.add(Integer.toString(facade.port()));
    var builder = new ProcessBuilder(all).redirectErrorStream(true);
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log));
    builder.environment().put("APP_API_TOKEN", TOKEN);
    program = builder.start();
  }

  private void end() throws InterruptedException {
    var running = program;
    if (running != null) {
      running.destroyForcibly().waitFor();
    }
  }

  private void startsBefore() throws Exception {
    same(AppState.WAITING, app.channel().state());
    begin();
    await(app, AppState.HEALTHY);
    echo("first");
  }

  private void echo(String body) throws Exception {
    echo(app, body);
  }

  private void echo(GrpcApp through, String body) throws Exception {
    var request = InvocationRequest.post("echo", "application/x-test", body.getBytes(UTF_8));
    try (var answer = through.channel().invoke(request, CallContext.EMPTY)) {
      same(0, answer.status());
      same(
          abilities.contains("bytes") ? "application/x-test" : "application/json",
          answer.contentType());
      require(body.equals(text(answer)), "the body is another one");
    }
  }

  private String text(InvocationResponse answer) throws IOException {
    var bytes = answer.body().readAllBytes();
    return abilities.contains("bytes")
        ? new String(bytes, UTF_8)
        : JSON.readValue(bytes, String.class);
  }

  private void headers() throws Exception {
    var request = new InvocationRequest(
        "PUT",
        "headers",
        "a=1",
        Map.of("X-Trace", List.of("t1"), "Accept", List.of("*/*")),
        "",
        Body.EMPTY);
    var context = CallContext.of(Deadline.none(), Map.of("traceparent", PARENT));
    try (var answer = app.channel().invoke(request, context)) {
      var expected = (abilities.contains("verb") ? "PUT a=1 " : "")
          + (abilities.contains("metadata") ? "t1 */* " + PARENT : "");
      same(expected.strip(), text(answer));
    }
  }

  private void error() {
    try (var answer =
        app.channel().invoke(InvocationRequest.post("fail", "", new byte[0]), CallContext.EMPTY)) {
      require(!answer.isSuccess(), "it is no error");
      require(
          !abilities.contains("messages") || answer.message().contains("no order 42"),
          "it says " + answer.message());
    }
  }

  private String text(String method, EmbeddedRuntime runtime) throws IOException {
    var context = CallContext.of(Deadline.after(PATIENCE, runtime.time()), Map.of());
    try (var answer =
        app.channel().invoke(InvocationRequest.post(method, "", new byte[0]), context)) {
      return text(answer);
    }
  }

  private void hang(EmbeddedRuntime runtime) throws Exception {
    var context = CallContext.of(Deadline.after(Duration.ofMillis(500), runtime.time()), Map.of());
    try (var answer =
        app.channel().invoke(InvocationRequest.post("hang", "", new byte[0]), context)) {
      throw new AssertionError("it answered " + answer.status());
    } catch (CallTimeoutException e) {
      echo("meanwhile");
    }
  }

  private void sick() throws Exception {
    app.channel()
        .invoke(InvocationRequest.post("sicken", "", new byte[0]), CallContext.EMPTY)
        .close();
    await(app, AppState.UNHEALTHY);
    await(app, AppState.HEALTHY);
    echo("well");
  }

  private void signal(String name) throws Exception {
    var running = Objects.requireNonNull(program, "no program runs");
    var kill = new ProcessBuilder("kill", "-" + name, Long.toString(running.pid()));
    same(0, kill.start().waitFor());
  }

  private void halted() throws Exception {
    signal("STOP");
    await(app, AppState.UNHEALTHY);
    same(Reason.UNHEALTHY, refusal());
    signal("CONT");
    await(app, AppState.HEALTHY);
    echo("on");
  }

  private Reason refusal() {
    try (var answer =
        app.channel().invoke(InvocationRequest.post("echo", "", new byte[0]), CallContext.EMPTY)) {
      throw new AssertionError("it answered " + answer.status());
    } catch (InvocationException e) {
      return e.reason();
    }
  }

  private void killed(EmbeddedRuntime runtime) throws Exception {
    var call = new FutureTask<>(() -> text("hang", runtime));
    runtime.threads().execute("polyglot", call);
    echo("beside it");
    end();
    try {
      throw new AssertionError("it answered " + call.get(60, TimeUnit.SECONDS));
    } catch (ExecutionException e) {
      require(
          e.getCause() instanceof InvocationException failure && failure.reason() == Reason.CLOSED,
          "it failed by " + e.getCause());
    }
    await(app, AppState.UNHEALTHY);
  }

  private void comesBack() throws Exception {
    begin();
    await(app, AppState.HEALTHY);
    echo("back");
  }

  private void restarts() throws Exception {
    for (int i = 0; i < 5; i++) {
      end();
      await(app, AppState.UNHEALTHY);
      comesBack();
    }
  }

  /** Another runtime's program is there already when this one starts. */
  private void startsAfter() throws Exception {
    var later = GrpcApp.at(options());
    try (var runtime = EmbeddedRuntime.builder("polyglot-later").with(later).start()) {
      await(later, AppState.HEALTHY);
      echo(later, runtime.appId());
    }
    echo("still there");
  }

  private static void await(GrpcApp app, AppState wanted) throws InterruptedException {
    var reached = new CountDownLatch(1);
    try (var registration = app.channel().onState(state -> {
      if (state == wanted) {
        reached.countDown();
      }
    })) {
      require(
          reached.await(PATIENCE.toSeconds(), TimeUnit.SECONDS),
          "the program is not " + wanted + " within " + PATIENCE);
    }
  }

  private static void same(Object expected, @Nullable Object actual) {
    require(expected.equals(actual), "expected " + expected + ", got " + actual);
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new AssertionError(otherwise);
    }
  }
}
