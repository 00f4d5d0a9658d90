// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import dev.pillion.appchannel.AppOptions;
import dev.pillion.appchannel.Headers;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.Threads;
import dev.pillion.http.HttpApp.Protocol;
import dev.pillion.http.HttpApp.TlsTrust;
import dev.pillion.invocation.HttpEndpoint;
import dev.pillion.invocation.HttpEndpoint.ClientTls;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.spi.EndpointTransport;
import dev.pillion.invocation.spi.EndpointTransportProvider;
import java.net.URI;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.util.component.LifeCycle;
import org.jspecify.annotations.Nullable;

/** HTTP services outside: by the same rules as programs beside a runtime, wherever they are. */
final class HttpEndpoints implements EndpointTransport {
  private static final int HTTP = 80;
  private static final int HTTPS = 443;

  private final Map<ClientTls, TlsTrust> trusts = new ConcurrentHashMap<>();
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<Kind, HttpClient> clients = new HashMap<>();
  private volatile @Nullable Owner owner;
  private volatile boolean closed;

  /** The runtime. */
  private record Owner(String appId, Threads threads) {}

  /**
   * What connections have in common; of them there is one client each.
   *
   * @param tls of an endpoint's own; null else
   */
  private record Kind(Protocol protocol, @Nullable ClientTls tls) {
    static Kind of(HttpEndpoint endpoint) {
      return "https".equals(endpoint.baseUrl().getScheme())
          ? new Kind(Protocol.HTTPS, endpoint.clientTls())
          : new Kind(Protocol.HTTP, null);
    }
  }

  /** Found by {@link java.util.ServiceLoader}. */
  public static final class Provider implements EndpointTransportProvider {
    @Override
    public EndpointTransport create() {
      return new HttpEndpoints();
    }
  }

  @Override
  public void check(HttpEndpoint endpoint) {
    options(endpoint.baseUrl());
    HttpHeaders.send(with(endpoint, InvocationRequest.get("check")), HttpFields.build());
    var tls = endpoint.clientTls();
    if (tls != null) {
      if (!"https".equals(endpoint.baseUrl().getScheme())) {
        throw new IllegalArgumentException("clientTLS is for https, and the URL begins with http");
      }
      trust(tls);
    }
  }

  @Override
  public void start(String appId, Threads threads) {
    owner = new Owner(appId, threads);
  }

  @Override
  public InvocationResponse invoke(
      HttpEndpoint endpoint, InvocationRequest request, Deadline deadline) {
    var url = endpoint.baseUrl();
    var options = options(url);
    var kind = Kind.of(endpoint);
    var failures = new HttpFailures(
        "the HTTP endpoint at " + options.address(), options, kind.protocol.word, () -> closed);
    var exchanges = new HttpExchanges(
        base(url), options, failures, () -> client(kind, options), () -> owner().threads());
    var answer = exchanges.invoke(with(endpoint, request), deadline);
    return answer.with(Headers.fromApp(answer.headers()), answer.body());
  }

  /** Without the slash at the end of its path, for methods begin with one. */
  private static String base(URI url) {
    var path = url.getRawPath() == null ? "" : url.getRawPath();
    int end = path.length();
    while (end > 0 && path.charAt(end - 1) == '/') {
      end--;
    }
    return url.getScheme() + "://" + url.getRawAuthority() + path.substring(0, end);
  }

  private static AppOptions options(URI url) {
    var host = url.getHost();
    if (host == null) {
      throw new IllegalArgumentException("the URL has no host");
    }
    int port = url.getPort() > 0 ? url.getPort() : "https".equals(url.getScheme()) ? HTTPS : HTTP;
    return AppOptions.onPort(port)
        .host(host.startsWith("[") ? host.substring(1, host.length() - 1) : host);
  }

  /** What the endpoint says has the place of what the caller says. */
  private static InvocationRequest with(HttpEndpoint endpoint, InvocationRequest request) {
    var headers = new LinkedHashMap<String, List<String>>();
    Headers.toApp(request.headers(), Map.of(), null).forEach((name, values) -> {
      if (endpoint.headers().keySet().stream().noneMatch(name::equalsIgnoreCase)) {
        headers.put(name, values);
      }
    });
    headers.putAll(endpoint.headers());
    var contentType = endpoint.headers().entrySet().stream()
        .filter(header -> header.getKey().equalsIgnoreCase("content-type"))
        .map(header -> header.getValue().get(0))
        .findFirst()
        .orElse(request.contentType());
    return new InvocationRequest(
        request.verb(),
        request.method(),
        request.query(),
        headers,
        contentType,
        request.body(),
        request.typeUrl());
  }

  private Owner owner() {
    var current = owner;
    if (current == null) {
      throw new IllegalStateException("HTTP endpoints have not been started");
    }
    return current;
  }

  private HttpClient client(Kind kind, AppOptions options) {
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException("the runtime is closed, and with it its HTTP endpoints");
      }
      return clients.computeIfAbsent(
          kind,
          key -> JettyClient.start(
              owner().appId(),
              options,
              kind.protocol,
              kind.protocol == Protocol.HTTPS ? trust(kind.tls) : null));
    } finally {
      lock.unlock();
    }
  }

  /** Certificates are always verified, on this machine too: it is no program beside this one. */
  private TlsTrust trust(@Nullable ClientTls tls) {
    return tls == null
        ? TlsTrust.verifiedBy(null)
        : trusts.computeIfAbsent(tls, own -> TlsTrust.verifiedBy(PemTls.context(own)));
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      clients.values().forEach(client -> LifeCycle.stop(client));
      clients.clear();
    } finally {
      lock.unlock();
    }
  }
}
