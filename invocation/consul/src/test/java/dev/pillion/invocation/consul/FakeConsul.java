// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.consul;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A Consul agent, as far as it is asked: services, whether they pass, blocking queries. Answers as
 * one of version 1.16 does, but that a check passes at once.
 */
final class FakeConsul implements AutoCloseable {
  private final HttpServer server;
  private final ExecutorService executor = Executors.newCachedThreadPool(task -> {
    var thread = new Thread(task, "fake-consul");
    thread.setDaemon(true);
    return thread;
  });
  private final Map<String, ObjectNode> services = new LinkedHashMap<>();
  private final Map<String, Boolean> failing = new LinkedHashMap<>();
  private long index = 10;
  private boolean out;
  private boolean leaderless;

  /** Requests, each its method, path and query. */
  final List<String> requests = new CopyOnWriteArrayList<>();

  final List<String> tokens = new CopyOnWriteArrayList<>();
  volatile String requiredToken = "";

  FakeConsul() {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.createContext("/", this::handle);
    server.setExecutor(executor);
    server.start();
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  String address() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  synchronized void put(String json) throws IOException {
    var service = (ObjectNode) Options.JSON.readTree(json);
    // As Go reads it: whatever the case of its letters.
    var id = new StringBuilder();
    service
        .properties()
        .forEach(entry ->
            id.append(entry.getKey().equalsIgnoreCase("id") ? entry.getValue().asText() : ""));
    services.put(id.toString(), service);
    changed();
  }

  synchronized void fail(String id) {
    failing.put(id, true);
    changed();
  }

  synchronized void forget(String id) {
    services.remove(id);
    failing.remove(id);
    changed();
  }

  synchronized void out(boolean isOut) {
    out = isOut;
    notifyAll();
  }

  /** As while its servers elect one. */
  synchronized void leaderless(boolean isLeaderless) {
    leaderless = isLeaderless;
    notifyAll();
  }

  synchronized ObjectNode service(String id) {
    return services.get(id);
  }

  private void changed() {
    index++;
    notifyAll();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      var uri = exchange.getRequestURI();
      requests.add(exchange.getRequestMethod() + " " + uri);
      var body = exchange.getRequestBody().readAllBytes();
      var token = exchange.getRequestHeaders().getFirst("X-Consul-Token");
      tokens.add(token == null ? "" : token);
      if (!requiredToken.isEmpty() && !requiredToken.equals(token)) {
        answer(
            exchange, 403, token == null ? "Permission denied: anonymous token" : "ACL not found");
        return;
      }
      respond(exchange, uri, body);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void respond(HttpExchange exchange, URI uri, byte[] body)
      throws IOException, InterruptedException {
    var path = uri.getPath();
    var last = path.substring(path.lastIndexOf('/') + 1);
    if (out) {
      answer(exchange, 500, "rpc error making call: EOF");
    } else if (path.equals("/v1/status/leader")) {
      answer(exchange, 200, leaderless ? "\"\"" : "\"127.0.0.1:8300\"");
    } else if (path.equals("/v1/agent/service/register")) {
      register(exchange, new String(body, StandardCharsets.UTF_8));
    } else if (path.startsWith("/v1/agent/service/deregister/")) {
      boolean known = services.containsKey(last);
      forget(last);
      answer(exchange, known ? 200 : 404, known ? "" : "Unknown service ID \"" + last + "\".");
    } else if (path.startsWith("/v1/agent/service/")) {
      boolean known = services.containsKey(last);
      answer(exchange, known ? 200 : 404, known ? "{}" : "unknown service ID: " + last);
    } else if (leaderless) {
      answer(exchange, 500, "No cluster leader");
    } else {
      long deadline = System.nanoTime() + 10_000_000_000L;
      var asked = parameter(uri, "index");
      while (asked.equals(Long.toString(index)) && !out && System.nanoTime() < deadline) {
        wait(500);
      }
      exchange.getResponseHeaders().add("X-Consul-Index", Long.toString(index));
      answer(exchange, out ? 500 : 200, healthy(last).toString());
    }
  }

  /** A check says how it is made, be it in whatever letters. */
  private void register(HttpExchange exchange, String service) throws IOException {
    for (var check : Options.JSON.readTree(service.toLowerCase(Locale.ROOT)).path("checks")) {
      if (!check.has("ttl") && !check.has("tcp") && !check.has("http")) {
        answer(exchange, 400, "Invalid check: TTL must be > 0 for TTL checks");
        return;
      }
    }
    put(service);
    answer(exchange, 200, "");
  }

  private JsonNode healthy(String name) {
    var list = Options.JSON.createArrayNode();
    services.forEach((id, service) -> {
      if (service.path("Name").asText().equals(name) && !failing.containsKey(id)) {
        var entry = list.addObject();
        entry.putObject("Node").put("Address", "10.0.0.99");
        var listed = service.deepCopy();
        listed.set("Service", listed.remove("Name"));
        entry.set("Service", listed);
      }
    });
    return list;
  }

  private static String parameter(URI uri, String name) {
    for (var part : String.valueOf(uri.getRawQuery()).split("&")) {
      if (part.startsWith(name + "=")) {
        return URLDecoder.decode(part.substring(name.length() + 1), StandardCharsets.UTF_8);
      }
    }
    return "";
  }

  private static void answer(HttpExchange exchange, int status, String body) throws IOException {
    var bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  @Override
  public void close() {
    server.stop(0);
    executor.shutdownNow();
  }
}
