// SPDX-License-Identifier: Apache-2.0
package dev.pillion.polyglot;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import dev.pillion.grpc.GrpcFacade;
import dev.pillion.invocation.InProcessNetwork;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvokeOptions;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.runtime.EmbeddedRuntime;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Lets programs with Dapr's SDKs call each other, and methods of Java, through runtimes: each
 * callee is beside a runtime of its own, the callers use the facade of another. The arguments are
 * the file for the programs' output, {@code one} or {@code two} for the number of processes in
 * which the runtimes are, and then, with {@code --} between them,
 *
 * <ul>
 *   <li>{@code app ID KIND PROTOCOL COMMAND…} for a callee; the kind is what its errors are like:
 *       over HTTP {@code http}, or {@code absent} where a failing handler ends the program; over
 *       gRPC {@code codes}, {@code texts}, {@code bare}
 *   <li>{@code caller NAME COMMAND…} for a caller, which gets the callees as INVOKE_TARGETS
 * </ul>
 *
 * <p>The last line printed is {@code N passed, N failed}.
 */
public final class InvocationPeers implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** The program that also serves polyglot.v1.Shop. */
  private static final String SHOP = "go-grpc";

  private final File log;
  private final InProcessNetwork network = InProcessNetwork.create();
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private final Map<String, String> targets = new LinkedHashMap<>();
  private final Map<String, PeerAddress> addresses = new ConcurrentHashMap<>();
  private final GrpcFacade facade = GrpcFacade.onPort(0);
  private final EmbeddedRuntime web;
  private final HttpServer health;
  private int passed;
  private int failed;

  private InvocationPeers(File log) throws IOException {
    this.log = log;
    // All that Python's client asks over HTTP.
    health = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    health.createContext("/v1.0/healthz/outbound", exchange -> {
      exchange.sendResponseHeaders(204, -1);
      exchange.close();
    });
    health.start();
    web = Callees.runtime("web")
        .network(network)
        .with(new StaticPeers(addresses))
        .with(facade)
        .start();
    opened.push(web);
  }

  /** Starts the callees in this process, where they are found in the network. */
  private void here(List<List<String>> apps) throws IOException, InterruptedException {
    var callees = new Callees(log, apps, builder -> builder.network(network));
    opened.push(callees);
    targets.putAll(callees.kinds());
  }

  /** Starts the callees in another process, where they are reached at their peer ports. */
  private void elsewhere(List<String> words) throws IOException {
    var command = new ArrayList<>(List.of(
        System.getProperty("java.home") + "/bin/java",
        "-cp",
        System.getProperty("java.class.path"),
        Callees.class.getName(),
        log.getPath()));
    command.addAll(words);
    var process = new ProcessBuilder(command)
        .redirectError(ProcessBuilder.Redirect.appendTo(log))
        .start();
    opened.push(() -> {
      process.getOutputStream().close();
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    });
    var output = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
    for (var line = output.readLine(); !"ready".equals(line); line = output.readLine()) {
      if (line == null) {
        throw new IllegalStateException("the callees did not start");
      }
      var told = line.split(" ", -1);
      targets.put(told[0], told[1]);
      addresses.put(told[0], PeerAddress.parse(told[2]));
    }
  }

  /** Runs all checks; the exit status is 1 when one failed. */
  public static void main(String[] arguments) throws Exception {
    int failures;
    try (var peers = new InvocationPeers(new File(arguments[0]))) {
      var apps = new ArrayList<List<String>>();
      var callers = new ArrayList<List<String>>();
      for (var words : parts(List.of(arguments).subList(2, arguments.length))) {
        (words.get(0).equals("app") ? apps : callers).add(words);
      }
      if (arguments[1].equals("one")) {
        peers.here(apps);
      } else {
        peers.elsewhere(apps.stream()
            .flatMap(words -> Stream.concat(words.stream(), Stream.of("--")))
            .toList());
      }
      peers.callByRuntime();
      for (var words : callers) {
        peers.callBy(words.get(1), words.subList(2, words.size()));
      }
      System.out.println(peers.passed + " passed, " + peers.failed + " failed");
      failures = peers.failed;
    }
    System.exit(failures == 0 ? 0 : 1);
  }

  static List<List<String>> parts(List<String> words) {
    var parts = new ArrayList<List<String>>();
    var part = new ArrayList<String>();
    for (var word : words) {
      if (word.equals("--")) {
        parts.add(List.copyOf(part));
        part.clear();
      } else {
        part.add(word);
      }
    }
    if (!part.isEmpty()) {
      parts.add(List.copyOf(part));
    }
    return parts;
  }

  private Process start(List<String> command, Map<String, String> more) throws IOException {
    var builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.appendTo(log));
    var environment = builder.environment();
    environment.putAll(more);
    environment.put("DAPR_GRPC_PORT", Integer.toString(facade.port()));
    environment.put("DAPR_GRPC_ENDPOINT", "127.0.0.1:" + facade.port());
    environment.put(
        "DAPR_HTTP_ENDPOINT", "http://127.0.0.1:" + health.getAddress().getPort());
    environment.put("DAPR_API_METHOD_INVOCATION_PROTOCOL", "grpc");
    var program = builder.start();
    opened.push(() -> program.destroyForcibly().waitFor());
    return program;
  }

  private void callByRuntime() {
    var json = new ObjectMapper();
    int before = passed;
    targets.forEach((id, kind) -> {
      check(id + " answers", () -> {
        var sent = json.readTree("{\"n\":1,\"text\":\"grüße\"}");
        var answer = json.readTree(web.app(id)
            .exchange(InvocationRequest.post(
                "echo", "application/json", sent.toString().getBytes(UTF_8)))
            .body());
        require(sent.equals(answer.isTextual() ? json.readTree(answer.asText()) : answer), answer);
      });
      check(id + " fails", () -> {
        var status = statusOf(id, kind.equals("absent") ? "nowhere" : "fail");
        var expected =
            switch (kind) {
              case "absent" -> 404;
              case "http", "java" -> 500;
              case "bare" -> 13;
              default -> 2;
            };
        require(status == expected, status);
      });
    });
    System.out.println("runtime: " + (passed - before) + " passed");
  }

  private int statusOf(String id, String method) {
    try {
      web.app(id).send(method, null, InvokeOptions.defaults());
      return 0;
    } catch (InvocationException e) {
      return e.statusCode();
    }
  }

  private void callBy(String name, List<String> command) throws IOException, InterruptedException {
    var all = new ArrayList<String>();
    targets.forEach((id, kind) -> all.add(id + ":" + kind));
    var shop = targets.containsKey(SHOP) ? SHOP : "";
    var program =
        start(command, Map.of("INVOKE_TARGETS", String.join(",", all), "INVOKE_SHOP", shop));
    var last = "";
    try (var output = new BufferedReader(new InputStreamReader(program.getInputStream(), UTF_8))) {
      for (var line = output.readLine(); line != null; line = output.readLine()) {
        System.out.println(name + ": " + line);
        last = line;
      }
    }
    require(program.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS), name + " does not end");
    var words = last.split(" ", -1);
    if (last.matches("\\d+ passed, \\d+ failed") && !words[0].equals("0")) {
      passed += Integer.parseInt(words[0]);
      failed += Integer.parseInt(words[2]);
    } else {
      failed++;
    }
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
      System.out.println("failed: runtime: " + what + ": " + e);
    }
  }

  private static void require(boolean holds, @Nullable Object found) {
    if (!holds) {
      throw new AssertionError("found " + found);
    }
  }

  @Override
  public void close() throws Exception {
    while (!opened.isEmpty()) {
      opened.pop().close();
    }
    health.stop(0);
  }
}
