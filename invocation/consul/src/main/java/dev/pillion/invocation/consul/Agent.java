// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.consul;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** Consul's HTTP interface, as far as it is needed. Thread-safe. */
final class Agent {
  private static final long LIMIT = TimeUnit.SECONDS.toNanos(10);
  private static final int LONGEST_REASON = 300;
  private static final int FORBIDDEN = 403;
  private static final int NOT_FOUND = 404;
  private static final int SERVER_ERROR = 500;

  private final AgentSettings settings;
  private final HttpClient http;

  /**
   * What an agent said.
   *
   * @param index to wait for what comes after it; zero when it said none
   */
  record Answer(JsonNode body, long index) {}

  Agent(AgentSettings settings, ComponentContext context) {
    this.settings = settings;
    var builder = HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .connectTimeout(Duration.ofNanos(LIMIT))
        .executor(
            task -> context.threads().execute("nameresolution/" + context.name() + "/http", task));
    var ca = settings.files().ca();
    if (ca != null) {
      builder.sslContext(trusting(ca));
    }
    http = builder.build();
  }

  private static SSLContext trusting(Path file) {
    try (var in = Files.newInputStream(file)) {
      var store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      int number = 0;
      for (var certificate : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        store.setCertificateEntry("ca" + number++, certificate);
      }
      var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(store);
      var context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    } catch (IOException | GeneralSecurityException e) {
      throw ComponentException.failed(
          "the certificates in \"%s\" can't be used: %s".formatted(file, e.getMessage()), e);
    }
  }

  /**
   * Asks for a sign of life that needs no permission.
   *
   * @throws ComponentException when there is none, or the servers have no leader: lookups wait then
   */
  void probe(Deadline deadline) {
    var leader = send("asked for its leader", request("/v1/status/leader", "").GET(), deadline);
    if (leader.body().strip().equals("\"\"")) {
      throw ComponentException.unavailable(
          "Consul at %s has no leader among its servers".formatted(settings), null);
    }
  }

  void register(String serviceId, ObjectNode service, Deadline deadline) {
    send(
        "told of service \"" + serviceId + "\"",
        request("/v1/agent/service/register", "").PUT(BodyPublishers.ofString(service.toString())),
        deadline);
  }

  void deregister(String serviceId, Deadline deadline) {
    var path = "/v1/agent/service/deregister/" + Lookup.encode(serviceId);
    var response = exchange(
        "told that service \"" + serviceId + "\" has left",
        request(path, "").PUT(BodyPublishers.noBody()),
        deadline);
    if (response.statusCode() != NOT_FOUND) {
      check("told that service \"" + serviceId + "\" has left", response);
    }
  }

  boolean knows(String serviceId, Deadline deadline) {
    var doing = "asked for service \"" + serviceId + "\"";
    var response = exchange(
        doing, request("/v1/agent/service/" + Lookup.encode(serviceId), "").GET(), deadline);
    if (response.statusCode() == NOT_FOUND) {
      return false;
    }
    check(doing, response);
    return true;
  }

  /** The passing instances of a service. */
  Answer healthy(String service, Lookup lookup, Deadline deadline) {
    return healthy(service, lookup, "", deadline);
  }

  /** As {@link #healthy}, but answers only when something has changed since, or after a while. */
  Answer changed(String service, Lookup lookup, long index, Duration wait, Deadline deadline) {
    // A blocking query can't be answered from the agent's cache of the other kind.
    var blocking =
        new Lookup(lookup.query().replace("&cached", ""), "", lookup.token(), lookup.waitTime());
    return healthy(
        service, blocking, "&index=%d&wait=%dms".formatted(index, wait.toMillis()), deadline);
  }

  private Answer healthy(String service, Lookup lookup, String further, Deadline deadline) {
    var path =
        "/v1/health/service/" + Lookup.encode(service) + "?passing=1" + lookup.query() + further;
    var request = request(path, lookup.token());
    if (!lookup.cacheControl().isEmpty()) {
      request.header("Cache-Control", lookup.cacheControl());
    }
    var doing = "asked for app \"" + service + "\"";
    var response = send(doing, request.GET(), deadline);
    try {
      return new Answer(
          Options.JSON.readTree(response.body()),
          response.headers().firstValueAsLong("X-Consul-Index").orElse(0));
    } catch (JsonProcessingException e) {
      throw ComponentException.failed(
          "Consul at %s, %s, answered with no JSON".formatted(settings, doing), e);
    }
  }

  private HttpRequest.Builder request(String path, String otherToken) {
    var datacenter = settings.datacenter();
    var separator = path.contains("?") ? "&" : "?";
    boolean named = datacenter.isEmpty() || path.contains("&dc=");
    var request = HttpRequest.newBuilder(URI.create(
        settings.agent() + path + (named ? "" : separator + "dc=" + Lookup.encode(datacenter))));
    var token = otherToken.isEmpty() ? token() : otherToken;
    if (!token.isEmpty()) {
      request.header("X-Consul-Token", token);
    }
    if (!settings.authorization().isEmpty()) {
      request.header("Authorization", settings.authorization());
    }
    return request;
  }

  private String token() {
    var file = settings.files().token();
    if (file == null) {
      return settings.token();
    }
    try {
      return Files.readString(file).strip();
    } catch (IOException e) {
      throw ComponentException.unavailable(
          "the token for Consul can't be read from \"%s\"".formatted(file), e);
    }
  }

  private HttpResponse<String> send(String doing, HttpRequest.Builder request, Deadline deadline) {
    var response = exchange(doing, request, deadline);
    check(doing, response);
    return response;
  }

  private void check(String doing, HttpResponse<String> response) {
    int status = response.statusCode();
    if (status / 100 == 2) {
      return;
    }
    var said = response.body().strip();
    var message = "Consul at %s, %s, answered with status %d%s"
        .formatted(
            settings,
            doing,
            status,
            said.isEmpty()
                ? ""
                : ": " + said.substring(0, Math.min(said.length(), LONGEST_REASON)));
    if (status == FORBIDDEN) {
      throw ComponentException.failed(
          message + " (its access control does not allow that with this token)", null);
    }
    throw status >= SERVER_ERROR
        ? ComponentException.unavailable(message, null)
        : ComponentException.failed(message, null);
  }

  private HttpResponse<String> exchange(
      String doing, HttpRequest.Builder request, Deadline deadline) {
    long left = deadline.remainingNanos();
    boolean own = left == Long.MAX_VALUE;
    if (left <= 0) {
      throw late(doing, null);
    }
    try {
      return http.send(
          request.timeout(Duration.ofNanos(own ? LIMIT : left)).build(), BodyHandlers.ofString());
    } catch (HttpTimeoutException e) {
      throw late(doing, e);
    } catch (IOException e) {
      throw ComponentException.unavailable(
          "Consul at %s, %s, can't be reached: %s".formatted(settings, doing, reason(e)), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ComponentException.unavailable(
          "interrupted while Consul at %s was %s".formatted(settings, doing), e);
    }
  }

  private static String reason(IOException e) {
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  private CallTimeoutException late(String doing, @Nullable IOException e) {
    return new CallTimeoutException(
        "ERR_COMPONENT",
        "the deadline passed before Consul at %s, %s, had answered".formatted(settings, doing),
        e);
  }

  @Override
  public String toString() {
    return settings.toString();
  }
}
