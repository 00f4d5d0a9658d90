// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.consul;

import dev.pillion.component.ComponentMetadata;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How the agent is reached: Dapr's setting {@code client}. Immutable.
 *
 * @param authorization the header's value; empty for none
 * @param waitTime how long a blocking query waits; null for Consul's default
 */
record AgentSettings(
    URI agent,
    String datacenter,
    String token,
    String authorization,
    Files files,
    @Nullable Duration waitTime) {
  private static final URI DEFAULT = URI.create("http://127.0.0.1:8500");

  /**
   * Files that are read when they are needed.
   *
   * @param token read anew for each request, as it may be rotated; null for none
   * @param ca what the agent's certificate is checked against; null for the JVM's own
   */
  record Files(@Nullable Path token, @Nullable Path ca) {}

  static AgentSettings at(URI agent) {
    return new AgentSettings(agent, "", "", "", new Files(null, null), null);
  }

  static AgentSettings read(ComponentMetadata metadata) {
    var client = Options.read(metadata, "client");
    var tls = client.object("tlsConfig");
    var instead = "the agent is trusted by caFile, and this program known to it by a token";
    tls.unsupported("address", instead);
    tls.unsupported("caPath", instead);
    tls.unsupported("certFile", instead);
    tls.unsupported("keyFile", instead);
    tls.unsupported("insecureSkipVerify", instead);
    var auth = client.object("httpAuth");
    var user = auth.text("username");
    var password = auth.text("password");
    var settings = new AgentSettings(
        uri(metadata, client.text("address"), client.text("scheme")),
        client.text("datacenter"),
        client.text("token"),
        user.isEmpty() ? "" : basic(user, password),
        new Files(path(client.text("tokenFile")), path(tls.text("caFile"))),
        client.duration("waitTime"));
    tls.done();
    auth.done();
    client.done();
    return settings;
  }

  private static @Nullable Path path(String text) {
    return text.isEmpty() ? null : Path.of(text);
  }

  private static String basic(String user, String password) {
    return "Basic "
        + Base64.getEncoder()
            .encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
  }

  private static URI uri(ComponentMetadata metadata, String address, String scheme) {
    if (address.isEmpty() && scheme.isEmpty()) {
      return DEFAULT;
    }
    var place = address.isEmpty() ? DEFAULT.getAuthority() : address;
    if (!place.contains("://")) {
      place = (scheme.isEmpty() ? "http" : scheme) + "://" + place;
    }
    try {
      var uri = new URI(place);
      var http = Objects.requireNonNullElse(uri.getScheme(), "");
      if (uri.getHost() != null && (http.equals("http") || http.equals("https"))) {
        return new URI(http, null, uri.getHost(), uri.getPort(), null, null, null);
      }
    } catch (URISyntaxException e) {
      // Said below.
    }
    metadata.problem("\"client.address\" must be host:port, and \"client.scheme\" http or https");
    return DEFAULT;
  }

  /** Without secrets. */
  @Override
  public String toString() {
    return agent.toString();
  }
}
