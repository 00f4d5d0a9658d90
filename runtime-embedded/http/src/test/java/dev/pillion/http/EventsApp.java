// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;

/** A program that answers {@code GET /dapr/subscribe} and takes events, as a test says. */
final class EventsApp implements AutoCloseable {
  /** What it was sent. */
  record Seen(String method, String path, Map<String, List<String>> headers, String body) {
    String header(String name) {
      return headers.containsKey(name) ? String.join(",", headers.get(name)) : "";
    }
  }

  /** What it answers. */
  record Answer(int status, String body) {}

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  final List<Seen> lists = new CopyOnWriteArrayList<>();
  final List<Seen> events = new CopyOnWriteArrayList<>();
  volatile Answer list = new Answer(404, "");
  volatile Function<Seen, Answer> handler = seen -> new Answer(200, "");

  private EventsApp(int port) throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  static EventsApp start() throws IOException {
    return new EventsApp(0);
  }

  static EventsApp start(int port) throws IOException {
    return new EventsApp(port);
  }

  int port() {
    return server.getAddress().getPort();
  }

  EventsApp asksFor(String json) {
    list = new Answer(200, json);
    return this;
  }

  private void handle(HttpExchange exchange) throws IOException {
    var headers = new TreeMap<String, List<String>>(exchange.getRequestHeaders());
    var seen = new Seen(
        exchange.getRequestMethod(),
        exchange.getRequestURI().toString(),
        headers,
        new String(exchange.getRequestBody().readAllBytes(), UTF_8));
    Answer answer;
    if (seen.path().equals("/dapr/subscribe")) {
      lists.add(seen);
      answer = list;
    } else {
      events.add(seen);
      answer = handler.apply(seen);
    }
    byte[] body = answer.body().getBytes(UTF_8);
    exchange.sendResponseHeaders(answer.status(), body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
