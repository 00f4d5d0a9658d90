// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.invocation.InvocationException;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** HTTP endpoints outside: named ones, and URLs. Thread-safe. */
final class Endpoints {
  private final Map<String, Named> named = new ConcurrentHashMap<>();
  private volatile InvocationEngine.@Nullable Endpoint urls;

  /** @param key in Dapr's words: what its circuit breaker is kept under */
  private record Named(String key, URI base, Route route) {}

  /** Adds an endpoint, which has precedence over an app of that id. */
  void add(String name, URI base, Route route) {
    named.put(name, new Named(name + ":" + base, base, route));
  }

  /** What a named endpoint's circuit breaker is kept under; null for a URL and an app. */
  @Nullable
  String key(Target target) {
    var endpoint = named.get(target.asked());
    return endpoint == null ? null : endpoint.key();
  }

  boolean has(Target target) {
    return target.isUrl() || named.containsKey(target.asked());
  }

  /** What calls URLs. */
  void urls(InvocationEngine.Endpoint endpoint) {
    urls = endpoint;
  }

  /** @throws InvocationException when nothing on the class path calls URLs */
  Route to(Target target) {
    var endpoint = named.get(target.asked());
    if (endpoint != null) {
      return endpoint.route();
    }
    var caller = urls;
    if (caller == null) {
      throw new InvocationException(
          InvocationException.Reason.NO_SUCH_APP,
          "nothing on the class path calls the URL %s; add the dependency dev.pillion:pillion-http"
              .formatted(target),
          null);
    }
    var base = URI.create(target.asked());
    return (request, context) ->
        caller.invoke(base, Traces.on(request, context), context.deadline());
  }

  /** Their names, sorted. */
  List<String> names() {
    return named.keySet().stream().sorted().toList();
  }

  SortedMap<String, URI> bases() {
    var bases = new TreeMap<String, URI>();
    named.forEach((name, endpoint) -> bases.put(name, endpoint.base()));
    return bases;
  }
}
