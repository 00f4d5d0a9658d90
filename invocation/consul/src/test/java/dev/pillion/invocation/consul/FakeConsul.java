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
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A Consul agent, as far as it is asked: services, whether they pass, blocking queries. */
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
        answer(exchange, 403, "Permission denied");
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
      answer(exchange, 500, "No cluster leader");
    } else if (path.equals("/v1/status/leader")) {
      answer(exchange, 200, "\"127.0.0.1:8300\"");
    } else if (path.equals("/v1/agent/service/register")) {
      put(new String(body, StandardCharsets.UTF_8));
      answer(exchange, 200, "");
    } else if (path.startsWith("/v1/agent/service/deregister/")) {
      boolean known = services.containsKey(last);
      forget(last);
      answer(exchange, known ? 200 : 404, "");
    } else if (path.startsWith("/v1/agent/service/")) {
      answer(exchange, services.containsKey(last) ? 200 : 404, "{}");
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

  private JsonNode healthy(String name) {
    var list = Options.JSON.createArrayNode();
    services.forEach((id, service) -> {
      if (service.path("Name").asText().equals(name) && !failing.containsKey(id)) {
        var entry = list.addObject();
        entry.putObject("Node").put("Address", "10.0.0.99");
        entry.set("Service", service);
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
