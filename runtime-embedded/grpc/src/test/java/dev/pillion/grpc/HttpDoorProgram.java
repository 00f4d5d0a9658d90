// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.pillion.TypeRef;
import dev.pillion.pubsub.CloudEvent;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.runtime.JsonSerializer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A program that answers {@code GET /dapr/subscribe} and takes events by POST. */
final class HttpDoorProgram implements AutoCloseable {
  private static final String ROUTE = "/events/";

  private final JsonSerializer json = new JsonSerializer();
  private final AppHandlers handlers;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final HttpServer server;

  HttpDoorProgram(AppHandlers handlers) throws IOException {
    this.handlers = handlers;
    this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/dapr/subscribe", exchange -> answer(exchange, 200, list()));
    server.createContext(
        "/healthz", exchange -> answer(exchange, handlers.isWell() ? 200 : 503, Map.of()));
    server.createContext(ROUTE, this::event);
    server.start();
  }

  int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  private List<Map<String, Object>> list() {
    var all = new ArrayList<Map<String, Object>>();
    for (var one : handlers.all()) {
      var entry = new HashMap<String, Object>(Map.of(
          "pubsubname",
          "bus",
          "topic",
          one.topic(),
          "route",
          ROUTE + one.topic(),
          "metadata",
          one.options().metadata()));
      var dead = one.options().deadLetterTopic();
      if (dead != null) {
        entry.put("deadLetterTopic", dead);
      }
      all.add(entry);
    }
    return all;
  }

  private void event(HttpExchange exchange) throws IOException {
    var topic = exchange.getRequestURI().getPath().substring(ROUTE.length());
    int status = 200;
    String word;
    try {
      var result = handlers.handle(topic, event(exchange.getRequestBody().readAllBytes()));
      // A word that no version of Dapr knows.
      word = result == null ? "NONE" : result.name();
    } catch (Exception | StackOverflowError e) {
      status = 500;
      word = DeliveryResult.RETRY.name();
    }
    answer(exchange, status, Map.of("status", word));
  }

  private CloudEvent<byte[]> event(byte[] body) {
    Map<String, Object> attributes =
        new HashMap<>(Objects.requireNonNull(json.deserialize(body, new TypeRef<>() {})));
    var data = attributes.remove("data");
    var base64 = attributes.remove("data_base64");
    return new CloudEvent<>(
        attributes,
        base64 == null ? json.serialize(data) : Base64.getDecoder().decode((String) base64));
  }

  private void answer(HttpExchange exchange, int status, Object what) throws IOException {
    byte[] body = json.serialize(what);
    try (exchange) {
      exchange.getResponseHeaders().set("Content-Type", "application/json");
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
  }
}
