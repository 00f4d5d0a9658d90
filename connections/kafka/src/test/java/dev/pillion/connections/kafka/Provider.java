// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.kafka;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import javax.net.ssl.SSLContext;

/** An identity provider on a free port that answers as a test says, and keeps what it was asked. */
final class Provider implements AutoCloseable {
  /** What a client sent: its Authorization header, or "", and the fields of its form. */
  record Request(String authorization, Map<String, String> form) {}

  record Reply(int status, String body) {}

  final List<Request> requests = new CopyOnWriteArrayList<>();
  private final HttpServer server;
  private final String scheme;

  Provider(Optional<SSLContext> tls, Function<Request, Reply> answer) throws IOException {
    var address = new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0);
    scheme = tls.isPresent() ? "https" : "http";
    if (tls.isPresent()) {
      var https = HttpsServer.create(address, 0);
      https.setHttpsConfigurator(new HttpsConfigurator(tls.get()));
      server = https;
    } else {
      server = HttpServer.create(address, 0);
    }
    server.createContext("/token", exchange -> answer(exchange, answer));
    server.start();
  }

  String url() {
    return url("127.0.0.1");
  }

  String url(String host) {
    return scheme + "://" + host + ":" + server.getAddress().getPort() + "/token";
  }

  private void answer(HttpExchange exchange, Function<Request, Reply> answer) throws IOException {
    var body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    var form = new HashMap<String, String>();
    for (String field : body.split("&")) {
      var parts = field.split("=", 2);
      form.put(decoded(parts[0]), decoded(parts[1]));
    }
    var authorization = exchange.getRequestHeaders().getFirst("Authorization");
    var request = new Request(authorization == null ? "" : authorization, form);
    requests.add(request);
    var reply = answer.apply(request);
    var bytes = reply.body().getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(reply.status(), bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
