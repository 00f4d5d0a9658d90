// SPDX-License-Identifier: Apache-2.0
package dev.pillion.polyglot;

import dev.pillion.appchannel.AppChannel;
import dev.pillion.appchannel.AppOptions;
import dev.pillion.appchannel.AppState;
import dev.pillion.grpc.GrpcApp;
import dev.pillion.grpc.GrpcFacade;
import dev.pillion.http.HttpApp;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testservers.Ports;
import java.io.File;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Programs that are called, each beside a runtime of its own, and a runtime with methods of Java.
 * As a program of its own it prints {@code ID KIND ADDRESS} of each, then {@code ready}, and ends
 * when its input does.
 */
final class Callees implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final File log;
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private final Map<String, String> kinds = new LinkedHashMap<>();
  private final Map<String, StaticPeers> peers = new LinkedHashMap<>();
  private final Map<String, AppChannel> waiting = new LinkedHashMap<>();

  /** @param joined is given each runtime's builder, to join them to whoever calls */
  Callees(File log, List<List<String>> apps, Consumer<EmbeddedRuntime.Builder> joined)
      throws IOException, InterruptedException {
    this.log = log;
    boolean whole = false;
    try {
      methods(joined);
      for (var words : apps) {
        begin(words, joined);
      }
      await();
      whole = true;
    } finally {
      if (!whole) {
        close();
      }
    }
  }

  static EmbeddedRuntime.Builder runtime(String appId) {
    return EmbeddedRuntime.builder(appId).environment(Map.of()).drainTimeout(Duration.ofSeconds(1));
  }

  /** What their errors are like, by their ids. */
  Map<String, String> kinds() {
    return kinds;
  }

  private void methods(Consumer<EmbeddedRuntime.Builder> joined) {
    var builder = runtime("java")
        .method(
            "echo",
            (request, invocation) -> InvocationResponse.of(
                200, Map.of(), request.contentType(), request.body().bytes()))
        .receive("fail", byte[].class, body -> {
          throw new IllegalStateException("no order 42");
        });
    joined.accept(builder);
    var address = new StaticPeers(Map.of());
    peers.put("java", address);
    opened.push(builder.with(address).start());
    kinds.put("java", "java");
  }

  private void begin(List<String> words, Consumer<EmbeddedRuntime.Builder> joined)
      throws IOException {
    var id = words.get(1);
    int port = Ports.free();
    var own = GrpcFacade.onPort(0);
    var builder = runtime(id).with(own);
    var options = AppOptions.onPort(port);
    joined.accept(builder);
    // Before the program: what peers pass on to it comes by this way.
    var address = new StaticPeers(Map.of());
    peers.put(id, address);
    builder.with(address);
    if (words.get(3).equals("grpc")) {
      var app = GrpcApp.at(options);
      builder.with(app);
      waiting.put(id, app.channel());
    } else {
      var app = HttpApp.at(options);
      builder.with(app);
      waiting.put(id, app);
    }
    opened.push(builder.start());
    kinds.put(id, words.get(2));
    start(words.subList(4, words.size()), port, own);
  }

  private void start(List<String> words, int port, GrpcFacade own) throws IOException {
    var command = new ArrayList<>(words);
    command.add(Integer.toString(port));
    command.add(Integer.toString(own.port()));
    var builder = new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log));
    builder.environment().put("APP_PORT", Integer.toString(port));
    builder.environment().put("DAPR_GRPC_PORT", Integer.toString(own.port()));
    var program = builder.start();
    opened.push(() -> program.destroyForcibly().waitFor());
  }

  private void await() throws InterruptedException {
    for (var one : waiting.entrySet()) {
      var reached = new CountDownLatch(1);
      try (var listening = one.getValue().onState(state -> {
        if (state == AppState.HEALTHY) {
          reached.countDown();
        }
      })) {
        if (!reached.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
          throw new IllegalStateException("the program " + one.getKey() + " does not listen");
        }
      }
    }
  }

  /** The file for the programs' output, then the programs. */
  public static void main(String[] arguments) throws Exception {
    var answers = System.out;
    System.setOut(System.err);
    var apps = InvocationPeers.parts(List.of(arguments).subList(1, arguments.length));
    try (var callees = new Callees(new File(arguments[0]), apps, builder -> {})) {
      callees.peers.forEach(
          (id, peer) -> answers.println(id + " " + callees.kinds.get(id) + " " + peer.address()));
      answers.println("ready");
      while (System.in.read() >= 0) {
        // Nothing is said but the end.
      }
    }
    System.exit(0);
  }

  @Override
  public void close() {
    IllegalStateException failure = null;
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (Exception e) {
        failure = new IllegalStateException("the callees did not close cleanly", e);
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
