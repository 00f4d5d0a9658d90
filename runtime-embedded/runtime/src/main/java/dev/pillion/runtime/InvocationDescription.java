// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import java.net.URI;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a runtime can be called for, and whom it can call.
 *
 * @param methods the names of the methods that have a handler
 * @param endpoints the HTTP endpoints by their names, and where they are
 * @param peers how other runtimes are reached; null when they are not
 * @param access who may call, for people; empty when everybody may
 */
public record InvocationDescription(
    List<String> methods,
    SortedMap<String, URI> endpoints,
    @Nullable PeerPort peers,
    String access) {
  /** Copies what may change. */
  public InvocationDescription {
    methods = List.copyOf(methods);
    endpoints = Collections.unmodifiableSortedMap(new TreeMap<>(endpoints));
  }

  /**
   * Where a runtime takes calls of its peers.
   *
   * @param address {@code host:port}
   * @param security in the transport's words
   * @param resolver the name of the component by which peers are found; empty when there is none
   */
  public record PeerPort(String address, String security, String resolver) {
    @Override
    public String toString() {
      return "takes calls of peers at %s, %s%s"
          .formatted(
              address, security, resolver.isEmpty() ? "" : ", finds them by \"" + resolver + "\"");
    }
  }

  /** Whether there is nothing to say. */
  public boolean isEmpty() {
    return methods.isEmpty() && endpoints.isEmpty() && peers == null && access.isEmpty();
  }

  @Override
  public String toString() {
    return Stream.of(
            methods.isEmpty() ? "" : "methods " + methods,
            endpoints.isEmpty()
                ? ""
                : endpoints.entrySet().stream()
                    .map(endpoint -> endpoint.getKey() + " at " + endpoint.getValue())
                    .collect(Collectors.joining(", ", "HTTP endpoints ", "")),
            peers == null ? "" : peers.toString(),
            access.isEmpty() ? "" : "access policy: " + access)
        .filter(line -> !line.isEmpty())
        .map(line -> "  " + line)
        .collect(Collectors.joining(System.lineSeparator()));
  }
}
