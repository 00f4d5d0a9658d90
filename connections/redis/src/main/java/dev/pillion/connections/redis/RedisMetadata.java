// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.redis;

import dev.pillion.component.ComponentMetadata;
import dev.pillion.connections.redis.RedisSettings.Address;
import dev.pillion.connections.redis.RedisSettings.Tls;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Dapr's settings of Redis components, by Dapr's names, units and rules. */
final class RedisMetadata {
  private static final int DEFAULT_PORT = 6379;
  private static final Duration MIN_DELAY = Duration.ofMillis(8);
  private static final Duration MAX_DELAY = Duration.ofMillis(512);
  /** What "no timeout" comes to; a call's own deadline is earlier. */
  private static final Duration UNLIMITED = Duration.ofDays(1);

  private final ComponentMetadata metadata;

  private RedisMetadata(ComponentMetadata metadata) {
    this.metadata = metadata;
  }

  static RedisSettings read(ComponentMetadata metadata) {
    return new RedisMetadata(metadata).settings();
  }

  private RedisSettings settings() {
    var builder = RedisSettings.builder();
    boolean cluster = metadata.oneOf("redisType", "node", "node", "cluster").equals("cluster");
    boolean failover = metadata.strictBoolean("failover", false);
    topology(builder, cluster, failover);
    user("redisUsername", "redisPassword", builder::user);
    user("sentinelUsername", "sentinelPassword", builder::sentinelUser);
    builder.database(metadata.integer("redisDB", 0, 0, Integer.MAX_VALUE));
    var tls = tls();
    if (tls != null) {
      builder.tls(tls);
    }
    timeouts(builder);
    withoutEffect();
    unsupported();
    return builder.build();
  }

  private void topology(RedisSettings.Builder builder, boolean cluster, boolean failover) {
    var addresses = addresses();
    var primaryName = metadata.text("sentinelMasterName").orElse("");
    if (failover && primaryName.isEmpty()) {
      metadata.problem("\"sentinelMasterName\" is missing; \"failover\" needs it");
    } else if (failover && cluster) {
      metadata.problem("\"failover\" is for \"redisType\" node; a cluster fails over by itself");
    }
    if (cluster) {
      builder.cluster();
    } else if (failover) {
      builder.sentinel(primaryName.isEmpty() ? "primary" : primaryName);
    } else if (addresses.size() > 1) {
      metadata.problem("\"redisHost\" lists several addresses; that needs \"redisType\" cluster"
          + " or \"failover\" true");
      addresses = addresses.subList(0, 1);
    }
    addresses.forEach(address -> builder.address(address.host(), address.port()));
  }

  private List<Address> addresses() {
    int port = metadata.integer("redisPort", 0, 0, 65_535);
    var addresses = new ArrayList<Address>();
    for (String part : metadata.required("redisHost").split(",")) {
      if (!part.isBlank()) {
        addresses.add(address(part.strip(), port));
      }
    }
    return addresses.isEmpty() ? List.of(new Address("localhost", DEFAULT_PORT)) : addresses;
  }

  /** {@code host}, {@code host:port}, {@code [v6]:port} or a bare IPv6 address. */
  private Address address(String text, int port) {
    int colon = text.lastIndexOf(':');
    boolean withPort =
        text.startsWith("[") ? text.contains("]:") : colon >= 0 && text.indexOf(':') == colon;
    var host = unbracketed(withPort ? text.substring(0, colon) : text);
    if (!withPort) {
      return new Address(host, port == 0 ? DEFAULT_PORT : port);
    }
    var written = text.substring(colon + 1);
    int parsed = written.matches("\\d{1,5}") ? Integer.parseInt(written) : 0;
    if (parsed < 1 || parsed > 65_535 || host.isEmpty()) {
      metadata.problem("\"redisHost\" was \"%s\" but must be host:port".formatted(text));
      return new Address("localhost", DEFAULT_PORT);
    }
    if (port != 0 && port != parsed) {
      metadata.problem("\"redisHost\" has port %d already and \"redisPort\" says %d; write it once"
          .formatted(parsed, port));
    }
    return new Address(host, parsed);
  }

  private static String unbracketed(String host) {
    return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
  }

  private void user(
      String nameKey, String passwordKey, BiConsumer<@Nullable String, String> setter) {
    var name = notEmpty(nameKey);
    var password = notEmpty(passwordKey);
    if (password != null) {
      setter.accept(name, password);
    } else if (name != null) {
      setter.accept(name, "");
    }
  }

  private @Nullable Tls tls() {
    boolean enabled = metadata.strictBoolean("enableTLS", false);
    boolean unverified = metadata.strictBoolean("insecureSkipTLSVerify", false);
    var certificate = notEmpty("clientCert");
    var key = notEmpty("clientKey");
    if ((certificate == null) != (key == null)) {
      metadata.problem("\"clientCert\" and \"clientKey\" need each other");
      certificate = null;
      key = null;
    }
    if (key != null && !key.contains("BEGIN PRIVATE KEY")) {
      metadata.problem("\"clientKey\" must be a PKCS 8 key in PEM (BEGIN PRIVATE KEY);"
          + " \"openssl pkcs8 -topk8 -nocrypt\" makes one");
    }
    return enabled ? new Tls(!unverified, null, certificate, key) : null;
  }

  private void timeouts(RedisSettings.Builder builder) {
    builder.connectTimeout(timeout("dialTimeout", Duration.ofSeconds(5)));
    builder.commandTimeout(timeout("readTimeout", Duration.ofSeconds(3)));
    metadata.millis("writeTimeout", Duration.ZERO);
    var first = delay("redisMinRetryInterval", legacyBackoff());
    var longest = delay("redisMaxRetryInterval", MAX_DELAY);
    builder.reconnectDelay(first, longest.compareTo(first) > 0 ? longest : first.multipliedBy(2));
  }

  /** Zero is the default and below zero is "none", as in Dapr. */
  private Duration timeout(String key, Duration fallback) {
    var written = metadata.millis(key, fallback);
    return written.isNegative() ? UNLIMITED : written.isZero() ? fallback : written;
  }

  private Duration delay(String key, Duration fallback) {
    var written = metadata.millis(key, fallback);
    return written.isNegative() || written.isZero() ? fallback : written;
  }

  /** The state and lock stores' old name of the first interval, which Dapr takes as nanoseconds. */
  private Duration legacyBackoff() {
    long nanos = metadata.integer("maxRetryBackoff", 0, -1, Integer.MAX_VALUE);
    return nanos <= 0 ? MIN_DELAY : Duration.ofNanos(Math.max(nanos, 1_000_000));
  }

  private void withoutEffect() {
    metadata.integer("redisMaxRetries", 0, -1, Integer.MAX_VALUE, "maxRetries");
    metadata.integer("poolSize", 0, 0, Integer.MAX_VALUE);
    metadata.integer("minIdleConns", 0, 0, Integer.MAX_VALUE);
    metadata.millis("poolTimeout", Duration.ZERO);
    metadata.millis("maxConnAge", Duration.ZERO);
    metadata.millis("idleTimeout", Duration.ZERO);
    metadata.millis("idleCheckFrequency", Duration.ZERO);
  }

  private void unsupported() {
    var instead = "use redisUsername and redisPassword, or hand over a client made in code";
    metadata.unsupported("useEntraID", "false", instead);
    metadata.unsupported("useOIDC", "false", instead);
    metadata.accept(
        "useAzureAD",
        "oidcTokenEndpoint",
        "oidcClientID",
        "oidcClientAssertionCert",
        "oidcClientAssertionKey",
        "oidcResource",
        "oidcAudience",
        "oidcKid",
        "oidcScopes",
        "oidcCACert");
  }

  private @Nullable String notEmpty(String key) {
    return metadata.text(key).filter(text -> !text.isEmpty()).orElse(null);
  }
}
