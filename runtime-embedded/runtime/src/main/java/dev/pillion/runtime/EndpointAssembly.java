// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.concurrent.Threads;
import dev.pillion.invocation.HttpEndpoint;
import dev.pillion.invocation.HttpEndpoint.ClientTls;
import dev.pillion.invocation.engine.InvocationEngine;
import dev.pillion.invocation.spi.EndpointTransport;
import dev.pillion.invocation.spi.EndpointTransportProvider;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/** From the HTTP endpoints of files and code, and URLs, to what calls them. */
final class EndpointAssembly {
  private static final HttpEndpoint STAND_IN = HttpEndpoint.at("https://stand-in");

  private final Map<String, HttpEndpoint> endpoints = new LinkedHashMap<>();
  private final List<String> problems;
  private final @Nullable EndpointTransport transport;

  EndpointAssembly(List<String> problems) {
    this.problems = problems;
    this.transport = ServiceLoader.load(EndpointTransportProvider.class)
        .findFirst()
        .map(EndpointTransportProvider::create)
        .orElse(null);
  }

  /** Adds those that code has made. */
  void add(List<HttpEndpoint> made) {
    made.forEach(endpoint -> add("HTTP endpoint \"%s\"".formatted(endpoint.name()), endpoint));
  }

  /** Adds one of a file, or all that is wrong with it to the problems. */
  void add(EndpointDocument document, Settings settings) {
    int before = problems.size();
    var resolved = settings.resolve(document.settings());
    var unresolved = resolved.unresolved();
    resolved.spec().metadata().problems().stream()
        .filter(problem -> problem.contains("twice"))
        .forEach(problem -> problems.add(document.settings().describe(problem) + ": " + problem));
    var values = resolved.spec().metadata().asMap();
    var place = document.settings().describe();
    var bare = bare(document, place);
    var whole = bare;
    for (var item : document.settings().metadata().subList(0, document.headers())) {
      if (unresolved.contains(item.name())) {
        continue;
      }
      var value = values.getOrDefault(item.name(), "");
      try {
        requireCallable(bare.header(item.name(), value));
        whole = whole.header(item.name(), value);
      } catch (IllegalArgumentException e) {
        problems.add("%s: HTTP endpoint \"%s\": the header \"%s\": %s"
            .formatted(item.source(), document.name(), item.name(), e.getMessage()));
      }
    }
    if (unresolved.stream().noneMatch(name -> name.startsWith(EndpointDocument.TLS))) {
      try {
        requireCallable(tls(bare, values));
        whole = tls(whole, values);
      } catch (IllegalArgumentException e) {
        problems.add(place + ": clientTLS: " + e.getMessage());
      }
    }
    if (problems.size() == before && unresolved.isEmpty()) {
      add(place, whole);
    }
  }

  /** The endpoint without headers and TLS; if it is none, another for these to be checked with. */
  private HttpEndpoint bare(EndpointDocument document, String place) {
    HttpEndpoint named = null;
    try {
      named = HttpEndpoint.at(document.name(), STAND_IN.baseUrl().toString());
    } catch (IllegalArgumentException e) {
      problems.add(place + ": " + e.getMessage());
    }
    try {
      requireCallable(HttpEndpoint.at(document.baseUrl()));
      return named == null ? STAND_IN : HttpEndpoint.at(document.name(), document.baseUrl());
    } catch (IllegalArgumentException e) {
      problems.add("%s: HTTP endpoint \"%s\": %s"
          .formatted(document.urlSource(), document.name(), e.getMessage()));
      return STAND_IN;
    }
  }

  private void requireCallable(HttpEndpoint endpoint) {
    if (transport != null) {
      transport.check(endpoint);
    }
  }

  private static HttpEndpoint tls(HttpEndpoint endpoint, Map<String, String> values) {
    var rootCa = values.getOrDefault(EndpointDocument.TLS + "rootCA", "");
    var certificate = values.getOrDefault(EndpointDocument.TLS + "certificate", "");
    var privateKey = values.getOrDefault(EndpointDocument.TLS + "privateKey", "");
    return rootCa.isEmpty() && certificate.isEmpty() && privateKey.isEmpty()
        ? endpoint
        : endpoint.clientTls(new ClientTls(rootCa, certificate, privateKey));
  }

  private void add(String place, HttpEndpoint endpoint) {
    if (transport == null) {
      problems.add(
          "%s: nothing on the class path calls HTTP endpoints; add the dependency dev.pillion:pillion-http:%s"
              .formatted(place, PillionVersion.current()));
      return;
    }
    if (endpoints.putIfAbsent(endpoint.name(), endpoint) != null) {
      problems.add(place + ": there is an HTTP endpoint of that name already");
      return;
    }
    try {
      transport.check(endpoint);
    } catch (IllegalArgumentException e) {
      problems.add(place + ": " + e.getMessage());
    }
  }

  /** Lets the endpoints be called, and URLs; costs nothing until one is. */
  void start(String appId, InvocationEngine invocation, Threads threads, Lifecycle lifecycle) {
    var wire = transport;
    if (wire == null) {
      return;
    }
    lifecycle.opened("HTTP endpoints", wire);
    wire.start(appId, threads);
    endpoints.forEach((name, endpoint) -> invocation.endpoint(
        name,
        endpoint.baseUrl(),
        (base, request, deadline) -> wire.invoke(endpoint, request, deadline)));
    invocation.urls((base, request, deadline) ->
        wire.invoke(HttpEndpoint.at(base.toString()), request, deadline));
  }
}
