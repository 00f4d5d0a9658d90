// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.consul;

import dev.pillion.component.ComponentMetadata;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How services are looked up: Dapr's setting {@code queryOptions}. Immutable.
 *
 * @param query begins with an ampersand unless it is empty
 * @param cacheControl the header's value; empty for none
 * @param token in place of the client's; empty for that
 * @param waitTime how long a blocking query waits; null for the client's
 */
record Lookup(
    String query,
    String cacheControl,
    String token,
    @Nullable Duration waitTime) {
  /** Dapr's when nothing is set: the agent may answer from its own cache. */
  static Lookup standard() {
    return new Lookup("&cached", "", "", null);
  }

  static Lookup read(ComponentMetadata metadata) {
    var options = Options.read(metadata, "queryOptions");
    if (options.values().isEmpty()) {
      return standard();
    }
    var query = new StringBuilder();
    add(query, "dc", options.text("datacenter"));
    add(query, "ns", options.text("namespace"));
    add(query, "partition", options.text("partition"));
    add(query, "near", options.text("near"));
    add(query, "filter", options.text("filter"));
    options.map("nodeMeta").forEach((key, value) -> add(query, "node-meta", key + ":" + value));
    query.append(options.flag("allowStale") ? "&stale" : "");
    query.append(options.flag("requireConsistent") ? "&consistent" : "");
    query.append(options.flag("useCache") ? "&cached" : "");
    var cacheControl = new StringBuilder();
    age(cacheControl, "max-age", options.duration("maxAge"));
    age(cacheControl, "stale-if-error", options.duration("staleIfError"));
    var instead = "leave it out";
    for (var key : new String[] {"waitIndex", "waitHash", "relayFactor", "localOnly", "connect"}) {
      options.unsupported(key, instead);
    }
    var lookup = new Lookup(
        query.toString(),
        cacheControl.toString(),
        options.text("token"),
        options.duration("waitTime"));
    options.done();
    return lookup;
  }

  private static void add(StringBuilder query, String key, String value) {
    if (!value.isEmpty()) {
      query.append('&').append(key).append('=').append(encode(value));
    }
  }

  private static void age(StringBuilder header, String directive, @Nullable Duration age) {
    if (age != null && age.toSeconds() > 0) {
      header
          .append(header.isEmpty() ? "" : ", ")
          .append(directive)
          .append('=')
          .append(age.toSeconds());
    }
  }

  static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /** Without secrets. */
  @Override
  public String toString() {
    return "Lookup[" + query + "]";
  }
}
