// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import dev.pillion.appchannel.AppOptions;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.Threads;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import java.io.IOException;
import java.net.URI;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.eclipse.jetty.client.BytesRequestContent;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.InputStreamResponseListener;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.client.Response;
import org.eclipse.jetty.http.HttpHeader;
import org.jspecify.annotations.Nullable;

/** Requests to one address and their answers, by Jetty's client. Thread-safe. */
final class HttpExchanges {
  /** CONNECT would make the program a proxy. */
  private static final Set<String> VERBS =
      Set.of("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH");

  private static final long NANOS_PER_MILLI = 1_000_000;

  private final String base;
  private final AppOptions options;
  private final HttpFailures failures;
  private final Supplier<HttpClient> client;
  private final Supplier<Threads> threads;

  /**
   * Requests to an address.
   *
   * @param base scheme, host and port, and what each path is put behind
   * @param options of the address
   */
  HttpExchanges(
      String base,
      AppOptions options,
      HttpFailures failures,
      Supplier<HttpClient> client,
      Supplier<Threads> threads) {
    this.base = base;
    this.options = options;
    this.failures = failures;
    this.client = client;
    this.threads = threads;
  }

  InvocationResponse invoke(InvocationRequest request, Deadline deadline) {
    if (!VERBS.contains(request.verb())) {
      throw new IllegalArgumentException("%s: a program is asked with one of %s"
          .formatted(
              request.verb().equals("NONE")
                  ? "missing HTTP extension field, which says the verb"
                  : "invalid HTTP verb \"" + request.verb() + "\"",
              VERBS.stream().sorted().toList()));
    }
    var target = Target.of(request.method(), request.query());
    var exchange = exchange(target, deadline)
        .method(request.verb())
        .headers(headers -> HttpHeaders.send(request, headers));
    var head = new RequestHead(failures.who(), target, exchange.getHeaders(), options);
    head.requireFits();
    exchange.onRequestBegin(head::abortUnlessAccepted);
    var listener = new InputStreamResponseListener();
    var upload = send(exchange, request, listener);
    var response = await(exchange, listener, deadline);
    var contentType = response.getHeaders().get(HttpHeader.CONTENT_TYPE);
    return new InvocationResponse(
        response.getStatus(),
        "",
        HttpHeaders.received(response.getHeaders()),
        Map.of(),
        contentType == null ? "" : contentType,
        new AnswerBody(listener.getInputStream(), exchange, upload, failures));
  }

  private @Nullable StreamedBody send(
      Request exchange, InvocationRequest request, InputStreamResponseListener listener) {
    var body = request.body();
    if (!body.isRepeatable()) {
      var streamed = new StreamedBody(body.open(), body.length());
      exchange.body(streamed).send(listener);
      try {
        // A thread of its own: a program may answer before it has read all, and while it reads.
        threads.get().execute("app/upload", streamed::pump);
      } catch (RuntimeException e) {
        abort(exchange, e);
        throw e;
      }
      return streamed;
    }
    if (body.length() != 0) {
      // Without a type of Jetty's own.
      exchange.body(new BytesRequestContent((String) null, bytes(request)));
    }
    exchange.send(listener);
    return null;
  }

  private byte[] bytes(InvocationRequest request) {
    try {
      return request.body().bytes();
    } catch (IOException e) {
      throw new IllegalStateException("bytes in memory can't be read", e);
    }
  }

  /** Jetty enforces the time that is left, from the wait for a connection to the last byte. */
  Request exchange(String target, Deadline deadline) {
    if (deadline.hasPassed()) {
      throw failures.timeout(null);
    }
    return client
        .get()
        .newRequest(URI.create(base + target))
        .idleTimeout(0, TimeUnit.MILLISECONDS)
        .timeout(millis(deadline), TimeUnit.MILLISECONDS);
  }

  static long millis(Deadline deadline) {
    return Math.max(1, (deadline.remainingNanos() + NANOS_PER_MILLI - 1) / NANOS_PER_MILLI);
  }

  Response await(Request exchange, InputStreamResponseListener listener, Deadline deadline) {
    try {
      return listener.get(Math.max(0, deadline.remainingNanos()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      abort(exchange, e);
      throw failures.timeout(e);
    } catch (InterruptedException e) {
      abort(exchange, e);
      Thread.currentThread().interrupt();
      throw failures.interrupted(e);
    } catch (ExecutionException e) {
      throw failures.of(e);
    }
  }

  private static void abort(Request exchange, Exception reason) {
    var unused = exchange.abort(reason);
  }
}
