// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import dev.pillion.appchannel.AppOptions;
import dev.pillion.call.CallContext;
import dev.pillion.http.HttpApp;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.runtime.EmbeddedRuntime;
import java.net.URI;
import java.util.Locale;
import org.eclipse.jetty.client.BytesRequestContent;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.component.LifeCycle;

/** A call over the app channel beside the bare client that it uses: 1 KB there and back. */
final class AppChannelComparison {
  private static final double MAX_ADDED_MICROS = 20;

  private AppChannelComparison() {}

  static void run(Results results) throws Exception {
    http(results);
    GrpcAppComparison.run(results);
  }

  private static void http(Results results) throws Exception {
    var app = new Server();
    var connector = new ServerConnector(app);
    connector.setHost("127.0.0.1");
    app.addConnector(connector);
    app.setHandler(new Echo());
    var client = new HttpClient();
    LifeCycle.start(app);
    LifeCycle.start(client);
    var channel = HttpApp.at(AppOptions.onPort(connector.getLocalPort()));
    try (var ignored = EmbeddedRuntime.builder(Values.APP).with(channel).start()) {
      var request = InvocationRequest.post("echo", "application/octet-stream", Values.KILOBYTE);
      var uri = URI.create("http://127.0.0.1:" + connector.getLocalPort() + "/echo");
      for (int threads : new int[] {1, 8}) {
        var c = new PairedRounds(threads, 16, 600)
            .compare(
                (thread, count) -> {
                  try (var answer = channel.invoke(request, CallContext.EMPTY)) {
                    requireWhole(answer.body().readAllBytes());
                  }
                },
                (thread, count) -> requireWhole(client
                    .POST(uri)
                    .body(new BytesRequestContent(Values.KILOBYTE))
                    .send()
                    .getContent()));
        results.add(row("HTTP/1.1 echo of 1 KB", "bare client", threads, c));
      }
    } finally {
      LifeCycle.stop(client);
      LifeCycle.stop(app);
    }
  }

  static void requireWhole(byte[] answer) {
    if (answer.length != Values.KILOBYTE.length) {
      throw new IllegalStateException("the app answered " + answer.length + " bytes");
    }
  }

  static Row row(String what, String beside, int threads, PairedRounds.Comparison c) {
    double added = c.oursP50Micros() - c.theirsP50Micros();
    return new Row(
        "app channel",
        "%s, %d callers, p50".formatted(what, threads),
        Results.micros(c.oursP50Micros()),
        Results.micros(c.theirsP50Micros()) + " " + beside,
        String.format(Locale.ROOT, "%+.2f µs", added),
        "at most +20 µs",
        added <= MAX_ADDED_MICROS);
  }

  private static final class Echo extends Handler.Abstract.NonBlocking {
    @Override
    public boolean handle(Request request, Response response, Callback callback) {
      Content.copy(request, response, callback);
      return true;
    }
  }
}
