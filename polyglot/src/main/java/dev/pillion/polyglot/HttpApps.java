// SPDX-License-Identifier: Apache-2.0
package dev.pillion.polyglot;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.pillion.CallTimeoutException;
import dev.pillion.appchannel.AppChannel;
import dev.pillion.appchannel.AppOptions;
import dev.pillion.appchannel.AppOptions.HealthCheck;
import dev.pillion.appchannel.AppState;
import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.grpc.GrpcFacade;
import dev.pillion.http.HttpApp;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testservers.Ports;
import java.io.File;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Calls a program that uses the app server of a Dapr SDK over HTTP: it starts after the runtime, is
 * asked, hangs, is killed, and starts again. The arguments are the file for its output, then its
 * command line; the last line printed is {@code N passed, N failed}.
 */
public final class HttpApps implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final HealthCheck OFTEN =
      new HealthCheck("/healthz", Duration.ofMillis(200), Duration.ofMillis(200), 2);

  private final File log;
  private final List<String> command;
  private final int port;
  private final AppChannel channel;
  private final GrpcFacade facade = GrpcFacade.onPort(0);
  private final EmbeddedRuntime runtime;
  private @Nullable Process program;
  private int passed;
  private int failed;

  private HttpApps(File log, List<String> command) throws IOException {
    this.log = log;
    this.command = command;
    this.port = Ports.free();
    channel = HttpApp.at(AppOptions.onPort(port).healthCheck(OFTEN));
    runtime = EmbeddedRuntime.builder("httpapps")
        .environment(Map.of())
        .with(channel)
        .with(facade)
        .start();
  }

  /** Runs all checks; the exit status is 1 when one failed. */
  public static void main(String[] arguments) throws Exception {
    int failures;
    var words = List.of(arguments);
    try (var apps = new HttpApps(new File(words.get(0)), words.subList(1, words.size()))) {
      apps.checkAll();
      System.out.println(apps.passed + " passed, " + apps.failed + " failed");
      failures = apps.failed;
    }
    System.exit(failures == 0 ? 0 : 1);
  }

  private void checkAll() {
    check("is waited for", () -> require(channel.state() == AppState.WAITING, channel.state()));
    check("becomes healthy", () -> start());
    check("answers", this::answers);
    check("answers that it has no such method", () -> {
      try (var answer = ask("nowhere", PATIENCE)) {
        require(answer.status() == 404, answer.status());
      }
    });
    check("hangs until the deadline", () -> {
      try (var answer = ask("hang", Duration.ofMillis(500))) {
        require(false, answer.status());
      } catch (CallTimeoutException e) {
        require(e.getMessage() != null, e);
      }
    });
    check("serves others meanwhile", this::answers);
    check("is killed", this::killed);
    check("starts again", () -> start());
    check("answers again", this::answers);
  }

  private interface Body {
    void run() throws Exception;
  }

  private void check(String what, Body body) {
    try {
      body.run();
      passed++;
    } catch (Exception | AssertionError e) {
      failed++;
      System.out.println("failed: " + what + ": " + e);
    }
  }

  private static void require(boolean holds, Object found) {
    if (!holds) {
      throw new AssertionError("found " + found);
    }
  }

  private void start() throws IOException, InterruptedException {
    var builder = new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log));
    builder.environment().put("APP_PORT", Integer.toString(port));
    builder.environment().put("DAPR_GRPC_PORT", Integer.toString(facade.port()));
    program = builder.start();
    becomes(AppState.HEALTHY);
  }

  private void becomes(AppState state) throws InterruptedException {
    var reached = new CountDownLatch(1);
    try (var listening = channel.onState(now -> {
      if (now == state) {
        reached.countDown();
      }
    })) {
      require(reached.await(PATIENCE.toSeconds(), TimeUnit.SECONDS), channel.state());
    }
  }

  private void killed() throws InterruptedException {
    if (program != null) {
      program.destroyForcibly().waitFor();
    }
    becomes(AppState.UNHEALTHY);
    try (var answer = ask("echo", PATIENCE)) {
      require(false, answer.status());
    } catch (InvocationException e) {
      require(e.reason() == InvocationException.Reason.UNHEALTHY, e);
    }
  }

  private void answers() throws IOException {
    try (var answer = ask("echo", PATIENCE)) {
      require(answer.status() == 200, answer.status());
      var body = new String(answer.body().readAllBytes(), UTF_8);
      require(body.equals("{\"n\":1}"), body);
    }
  }

  private InvocationResponse ask(String method, Duration timeout) {
    return channel.invoke(
        InvocationRequest.post(method, "application/json", "{\"n\":1}".getBytes(UTF_8)),
        CallContext.of(Deadline.after(timeout, runtime.time()), Map.of()));
  }

  @Override
  public void close() throws InterruptedException {
    if (program != null) {
      program.destroyForcibly().waitFor();
    }
    runtime.close();
  }
}
