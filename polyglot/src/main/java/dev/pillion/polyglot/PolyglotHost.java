// SPDX-License-Identifier: Apache-2.0
package dev.pillion.polyglot;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.pillion.grpc.GrpcFacade;
import dev.pillion.runtime.EmbeddedRuntime;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Runtimes with a facade each, for SDKs to be run against.
 *
 * <p>The program prints one line of JSON, a {@link Description}, when all of it can be used, obeys
 * the commands it reads, and ends when its input does. The commands are the runtime's own part in
 * the {@link Crossing}: {@code leave FIXTURES}, {@code relay PREVIOUS}, {@code take FIXTURES
 * PEERS}.
 */
public final class PolyglotHost implements AutoCloseable {
  /** What the facade with a token asks for. */
  static final String TOKEN = "polyglot-token";

  /** A store without transactions, beside the others. */
  static final String PLAIN_STORE = "plain";

  private static final List<String> LANGUAGES = List.of("go", "java", "js");

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private final Description description;
  private final EmbeddedRuntime runtime;

  private PolyglotHost() {
    try {
      var stores = new Stores();
      opened.push(stores);
      var facade = GrpcFacade.onPort(0);
      var builder = EmbeddedRuntime.builder("polyglot")
          .environment(Map.of())
          .component(PLAIN_STORE, new PlainStateStore())
          .with(facade);
      stores.addTo(builder);
      runtime = open(builder);
      var guarded = GrpcFacade.onPort(0).token(TOKEN);
      open(memory("guarded").with(guarded));
      var bare = GrpcFacade.onPort(0);
      open(EmbeddedRuntime.builder("bare").environment(Map.of()).with(bare));
      var mortal = new TreeMap<String, Integer>();
      for (String language : LANGUAGES) {
        var one = GrpcFacade.onPort(0);
        open(memory("mortal-" + language).with(one));
        mortal.put(language, one.port());
      }
      description = new Description(
          facade.port(), stores.names(), guarded.port(), TOKEN, bare.port(), mortal);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private static EmbeddedRuntime.Builder memory(String appId) {
    return Stores.addMemory(EmbeddedRuntime.builder(appId).environment(Map.of()));
  }

  private EmbeddedRuntime open(EmbeddedRuntime.Builder builder) {
    var started = builder.start();
    opened.push(started);
    return started;
  }

  /** Starts everything. */
  public static PolyglotHost start() {
    return new PolyglotHost();
  }

  /** Where everything is. */
  public Description description() {
    return description;
  }

  /** The runtime behind the first facade. */
  public EmbeddedRuntime runtime() {
    return runtime;
  }

  @Override
  public void close() {
    @Nullable RuntimeException first = null;
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (Exception e) {
        first =
            first == null ? new IllegalStateException("the host did not close cleanly", e) : first;
      }
    }
    if (first != null) {
      throw first;
    }
  }

  /**
   * What a test has to know.
   *
   * @param port of the facade with all stores and the store "plain", which has no transactions
   * @param stores the names of the stores; "plain" is none of them
   * @param tokenPort of a facade that asks for {@code token}
   * @param barePort of a facade over a runtime without any component
   * @param shutdownPorts of facades that a test may shut down, by language
   */
  public record Description(
      int port,
      List<String> stores,
      int tokenPort,
      String token,
      int barePort,
      Map<String, Integer> shutdownPorts) {}

  /** Runs until standard input ends. */
  public static void main(String[] args) throws IOException {
    var input = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    var answers = System.out;
    // Whoever reads the answers would take for one what a server that starts prints beside them.
    System.setOut(System.err);
    try (var host = start()) {
      var peer = new RuntimePeer(host.runtime());
      answers.println(JsonMapper.builder().build().writeValueAsString(host.description()));
      for (var line = input.readLine(); line != null; line = input.readLine()) {
        answers.println(obey(peer, host.description().stores(), line.split(" ", -1)));
      }
    }
  }

  /** One command of the crossing, answered in one line. */
  static String obey(Peer peer, List<String> stores, String[] words) throws IOException {
    return switch (words[0]) {
      case "leave" ->
        new Crossing(peer, stores).leave(Fixture.all(Path.of(words[1]))).toString();
      case "relay" -> new Crossing(peer, stores).relay(words[1]).toString();
      case "take" ->
        new Crossing(peer, stores)
            .take(Fixture.all(Path.of(words[1])), List.of(words[2].split(",", -1)))
            .toString();
      default -> throw new IllegalArgumentException("no such command: " + words[0]);
    };
  }
}
