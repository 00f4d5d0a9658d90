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

  /** Adds one of a file. */
  void add(EndpointDocument document, Settings settings) {
    var resolved = settings.resolve(document.settings());
    resolved.spec().metadata().problems().stream()
        .filter(problem -> problem.contains("twice"))
        .forEach(problem -> problems.add(document.settings().describe(problem) + ": " + problem));
    if (!resolved.unresolved().isEmpty()) {
      return;
    }
    var values = resolved.spec().metadata().asMap();
    HttpEndpoint endpoint;
    try {
      endpoint = HttpEndpoint.at(document.name(), document.baseUrl());
    } catch (IllegalArgumentException e) {
      problems.add("%s: HTTP endpoint \"%s\": %s"
          .formatted(document.urlSource(), document.name(), e.getMessage()));
      return;
    }
    for (var item : document.settings().metadata().subList(0, document.headers())) {
      try {
        endpoint = endpoint.header(item.name(), values.getOrDefault(item.name(), ""));
      } catch (IllegalArgumentException e) {
        problems.add("%s: HTTP endpoint \"%s\": %s"
            .formatted(item.source(), document.name(), e.getMessage()));
        return;
      }
    }
    var place = document.settings().describe();
    try {
      add(place, tls(endpoint, values));
    } catch (IllegalArgumentException e) {
      problems.add(place + ": clientTLS: " + e.getMessage());
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
