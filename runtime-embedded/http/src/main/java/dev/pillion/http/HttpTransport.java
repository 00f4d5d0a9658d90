// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import dev.pillion.appchannel.AppEvents;
import dev.pillion.appchannel.AppOptions;
import dev.pillion.appchannel.AppOptions.HealthCheck;
import dev.pillion.appchannel.AppTransport;
import dev.pillion.concurrent.Deadline;
import dev.pillion.http.HttpApp.Protocol;
import dev.pillion.http.HttpApp.TlsTrust;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.runtime.EmbeddedRuntime;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.util.concurrent.locks.ReentrantLock;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.InputStreamResponseListener;
import org.eclipse.jetty.util.component.LifeCycle;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** HTTP on the way to a program, by Jetty's client. */
final class HttpTransport implements AppTransport {
  static final int MOST_CONNECTIONS = 512;
  static final int MOST_WAITING = 1024;

  /** A probe has connections of its own, for it must not wait behind calls. */
  private static final String PROBES = "probes";

  private static final int PROBE_BODY = 64 * 1024;

  private static final Logger log = LoggerFactory.getLogger(HttpApp.class);

  private final AppOptions options;
  private final Protocol protocol;
  private final @Nullable TlsTrust trust;
  private final String base;
  private final HttpFailures failures;
  private final HttpExchanges exchanges;

  private final ReentrantLock lock = new ReentrantLock();
  private volatile boolean closed;
  private volatile @Nullable EmbeddedRuntime runtime;
  private volatile @Nullable HttpClient client;

  HttpTransport(AppOptions options, Protocol protocol, @Nullable TlsTrust trust) {
    this.options = options;
    this.protocol = protocol;
    this.trust = trust;
    this.base = protocol.scheme + "://" + options.address();
    this.failures =
        new HttpFailures("the app at " + options.address(), options, protocol.word, () -> closed);
    this.exchanges =
        new HttpExchanges(base, options, failures, this::client, () -> owner().threads());
    if (URI.create(base).getHost() == null) {
      throw new IllegalArgumentException(
          "the app's host \"%s\" can't stand in a URL: letters, digits, hyphens and dots can, and addresses"
              .formatted(options.host()));
    }
    requireUrl(options.healthCheck());
  }

  /** Else every probe would fail, and nobody would know why. */
  private void requireUrl(@Nullable HealthCheck check) {
    if (check == null) {
      return;
    }
    try {
      URI.create(base + check.path());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "the path \"%s\" of the health check can't stand in a URL: escape what is no letter, digit or hyphen"
              .formatted(check.path()),
          e);
    }
  }

  @Override
  public String protocol() {
    return protocol.word;
  }

  @Override
  public void prepare() {
    WarmUp.begin(options);
  }

  @Override
  public void start(EmbeddedRuntime owner) {
    runtime = owner;
  }

  @Override
  public InvocationResponse invoke(InvocationRequest request, Deadline deadline) {
    return exchanges.invoke(request, deadline);
  }

  @Override
  public AppEvents events() {
    return new HttpAppEvents(options.address());
  }

  @Override
  public boolean isListening(Deadline deadline) {
    long millis = Math.min(Integer.MAX_VALUE, HttpExchanges.millis(deadline));
    try (var socket = new Socket()) {
      socket.connect(new InetSocketAddress(options.host(), options.port()), (int) millis);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public boolean isHealthy(Deadline deadline) {
    var check = options.healthCheck();
    if (check == null) {
      return false;
    }
    try {
      return probe(check.path(), deadline);
    } catch (IOException | RuntimeException e) {
      log.debug("the app at {} did not answer its health check", options.address(), e);
      return false;
    }
  }

  private boolean probe(String path, Deadline deadline) throws IOException {
    var exchange = exchanges.exchange(path, deadline).tag(PROBES);
    var token = options.token();
    if (token != null) {
      exchange.headers(headers -> headers.add("Dapr-Api-Token", token));
    }
    var listener = new InputStreamResponseListener();
    exchange.send(listener);
    int status = exchanges.await(exchange, listener, deadline).getStatus();
    try (var body = new AnswerBody(listener.getInputStream(), exchange, null, failures)) {
      // Read, so that the connection serves the next probe; what is longer than that is cut.
      body.readNBytes(PROBE_BODY);
      body.read();
    }
    return status / 100 == 2;
  }

  private HttpClient client() {
    var current = client;
    if (current != null && !closed) {
      return current;
    }
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException(
            "the channel to the app at " + options.address() + " is closed");
      }
      current = client;
      if (current == null) {
        current = newClient();
        client = current;
      }
      return current;
    } finally {
      lock.unlock();
    }
  }

  private HttpClient newClient() {
    try {
      return JettyClient.start(owner().appId(), options, protocol, trust);
    } catch (RuntimeException e) {
      if (e.getCause() instanceof InterruptedException) {
        Thread.currentThread().interrupt();
        throw failures.interrupted(e);
      }
      throw e;
    }
  }

  private EmbeddedRuntime owner() {
    var current = runtime;
    if (current == null) {
      throw new IllegalStateException(
          "the channel to the app at " + options.address() + " has not been started");
    }
    return current;
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      var current = client;
      if (current != null) {
        LifeCycle.stop(current);
      }
    } finally {
      lock.unlock();
    }
  }
}
