// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.pillion.appchannel.AppOptions;
import dev.pillion.http.HttpApp.Protocol;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.InputStreamResponseListener;
import org.eclipse.jetty.util.component.LifeCycle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads Jetty's classes while components are being opened: the first call costs the better part of
 * a second. One call is made to this process itself, by way of a loopback port that is open for as
 * long as that takes.
 */
final class WarmUp {
  private static final Logger log = LoggerFactory.getLogger(HttpApp.class);
  private static final int PATIENCE_MILLIS = 10_000;
  private static final byte[] ANSWER =
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".getBytes(US_ASCII);

  /** Classes are loaded once in a process, however many apps there are. */
  private static final AtomicBoolean BEGUN = new AtomicBoolean();

  private WarmUp() {}

  static void begin(AppOptions options) {
    if (BEGUN.compareAndSet(false, true)) {
      // No runtime exists yet whose thread it could be.
      var thread = Executors.defaultThreadFactory().newThread(() -> run(options));
      thread.setName("pillion/http-warm-up");
      thread.setDaemon(true);
      thread.start();
    }
  }

  private static void run(AppOptions options) {
    try {
      callOnce(options);
    } catch (IOException | ExecutionException | TimeoutException | RuntimeException e) {
      log.debug("HTTP could not be warmed up", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The body of the answer. */
  static byte[] callOnce(AppOptions options)
      throws IOException, ExecutionException, InterruptedException, TimeoutException {
    var client = JettyClient.start("pillion", options, Protocol.HTTP, null);
    try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      server.setSoTimeout(PATIENCE_MILLIS);
      return call(client, server);
    } finally {
      LifeCycle.stop(client);
    }
  }

  private static byte[] call(HttpClient client, ServerSocket server)
      throws IOException, ExecutionException, InterruptedException, TimeoutException {
    var address = "http://127.0.0.1:" + server.getLocalPort();
    var answer = new InputStreamResponseListener();
    client.newRequest(URI.create(address)).send(answer);
    try (var connection = server.accept()) {
      connection.setSoTimeout(PATIENCE_MILLIS);
      connection.getInputStream().read();
      connection.getOutputStream().write(ANSWER);
      answer.get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
      return answer.getInputStream().readAllBytes();
    }
  }
}
