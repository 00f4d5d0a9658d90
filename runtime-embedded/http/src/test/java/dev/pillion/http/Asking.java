// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import dev.pillion.appchannel.AppChannel;
import dev.pillion.appchannel.AppOptions;
import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.runtime.EmbeddedRuntime;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** A runtime with a channel, and the few words in which tests ask. */
final class Asking implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofSeconds(30);

  final AppChannel channel;
  final EmbeddedRuntime runtime;

  Asking(AppChannel channel) {
    this.channel = channel;
    this.runtime = EmbeddedRuntime.builder("orders")
        .with(channel)
        .drainTimeout(Duration.ofMillis(100))
        .start();
  }

  static Asking port(int port) {
    return new Asking(HttpApp.onPort(port));
  }

  static AppOptions options(int port) {
    return AppOptions.onPort(port);
  }

  static InvocationRequest request(
      String verb, String method, String query, Map<String, List<String>> headers, Body body) {
    return new InvocationRequest(verb, method, query, headers, "", body);
  }

  static InvocationRequest get(String method) {
    return request("GET", method, "", Map.of(), Body.EMPTY);
  }

  InvocationResponse ask(InvocationRequest request) {
    return ask(request, PATIENCE);
  }

  InvocationResponse ask(InvocationRequest request, Duration timeout) {
    return channel.invoke(
        request, CallContext.of(Deadline.after(timeout, runtime.time()), Map.of()));
  }

  String text(InvocationRequest request) throws IOException {
    try (var answer = ask(request)) {
      return new String(answer.body().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Override
  public void close() {
    runtime.close();
  }
}
