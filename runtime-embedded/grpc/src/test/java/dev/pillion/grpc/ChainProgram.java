// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.pillion.call.CallContext;
import dev.pillion.invocation.Invocation;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.engine.StaticNameResolver;
import dev.pillion.invocation.grpc.GrpcPeers;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testservers.Ports;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** An app in a JVM of its own, whose methods ask the next app, the last in the chain excepted. */
final class ChainProgram implements AutoCloseable {
  final String address;
  private final Process process;
  private final BufferedReader output;

  private ChainProgram(String address, Process process) {
    this.address = address;
    this.process = process;
    this.output = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
  }

  /** @param next app id and address of the app that it asks; none for the last */
  static ChainProgram start(String appId, String... next) throws IOException {
    var port = String.valueOf(Ports.free());
    var command = new ArrayList<>(List.of(
        System.getProperty("java.home") + "/bin/java",
        "-cp",
        System.getProperty("java.class.path"),
        ChainProgram.class.getName(),
        appId,
        port));
    command.addAll(List.of(next));
    var program = new ChainProgram(
        "127.0.0.1:" + port,
        new ProcessBuilder(command)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start());
    program.said("ready");
    return program;
  }

  /** Waits until it says so; fails when it says something else, or ends. */
  void said(String what) throws IOException {
    for (var line = output.readLine(); line != null; line = output.readLine()) {
      if (line.startsWith("said ")) {
        if (line.substring(5).equals(what)) {
          return;
        }
        throw new AssertionError("it said \"%s\", not \"%s\"".formatted(line, what));
      }
    }
    throw new AssertionError("it ended before it said " + what);
  }

  @Override
  public void close() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  public static void main(String[] arguments) throws IOException {
    var appId = arguments[0];
    boolean last = arguments.length == 2;
    var names = last
        ? StaticNameResolver.of("nobody", "127.0.0.1:1")
        : StaticNameResolver.of(arguments[2], arguments[3]);
    var runtime = EmbeddedRuntime.builder(appId)
        .component("names", names)
        .peers(GrpcPeers.onPort(Integer.parseInt(arguments[1])))
        .start();
    runtime.method("tell", (request, invocation) -> {
      var own = told(appId, request, invocation.context());
      return text(last ? own : own + "\n" + asked(runtime, arguments[2], "tell", invocation));
    });
    runtime.method("wait", (request, invocation) -> {
      try {
        if (last) {
          System.out.println("said waiting");
          new CountDownLatch(1).await();
        }
        return text(asked(runtime, arguments[2], "wait", invocation));
      } catch (Exception e) {
        System.out.println("said ended");
        throw e;
      }
    });
    System.out.println("said ready");
    while (System.in.read() >= 0) {
      // Until whoever started it has gone.
    }
    System.exit(0);
  }

  /** What the app sees of the call. */
  private static String told(String appId, InvocationRequest request, CallContext context) {
    return "%s %d %s %s"
        .formatted(
            appId,
            TimeUnit.NANOSECONDS.toMillis(context.deadline().remainingNanos()),
            request.headers().getOrDefault("dapr-caller-app-id", List.of()),
            new TreeMap<>(context.headers()));
  }

  private static String asked(
      EmbeddedRuntime runtime, String next, String method, Invocation invocation)
      throws IOException {
    try (var answer = runtime
        .app(next)
        .exchange(InvocationRequest.post(method, "", new byte[0]), invocation.context())) {
      return new String(answer.body().readAllBytes(), UTF_8);
    }
  }

  private static InvocationResponse text(String text) {
    return InvocationResponse.of(200, Map.of(), "text/plain", text.getBytes(UTF_8));
  }
}
