// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.redis;

import dev.pillion.component.ComponentMetadata;
import io.lettuce.core.RedisCredentials;
import io.lettuce.core.RedisCredentialsProvider;
import io.lettuce.core.RedisURI;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How to reach a Redis: a server, the primary that Sentinel names, or a Cluster. Immutable, and
 * never prints a password.
 *
 * <p>Made from Dapr's settings by {@link #read}, from a URI by {@link #at}, or in code by
 * {@link #builder}.
 */
public final class RedisSettings {
  /** A server's address. */
  record Address(String host, int port) {
    @Override
    public String toString() {
      return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
  }

  /** TLS, with PEM texts; nulls are the JVM's own authorities and no client certificate. */
  record Tls(
      boolean verified,
      @Nullable String authorities,
      @Nullable String certificate,
      @Nullable String key) {
    @Override
    public String toString() {
      return "tls";
    }
  }

  private final List<Address> addresses;
  private final boolean cluster;
  private final @Nullable String primaryName;
  private final @Nullable RedisCredentialsProvider user;
  private final @Nullable RedisCredentialsProvider sentinelUser;
  private final int database;
  private final @Nullable Tls tls;
  private final Duration connectTimeout;
  private final Duration commandTimeout;
  private final Duration minReconnectDelay;
  private final Duration maxReconnectDelay;

  private RedisSettings(Builder builder) {
    this.addresses = List.copyOf(builder.addresses);
    this.cluster = builder.cluster;
    this.primaryName = builder.primaryName;
    this.user = builder.user;
    this.sentinelUser = builder.sentinelUser;
    this.database = builder.database;
    this.tls = builder.tls;
    this.connectTimeout = builder.connectTimeout;
    this.commandTimeout = builder.commandTimeout;
    this.minReconnectDelay = builder.minReconnectDelay;
    this.maxReconnectDelay = builder.maxReconnectDelay;
  }

  /**
   * Reads Dapr's settings of a Redis component. What is wrong with them is collected in
   * {@code metadata}; defaults stand in for it.
   *
   * <p>Pool settings ({@code poolSize}, {@code minIdleConns}, {@code poolTimeout},
   * {@code maxConnAge}, {@code idleTimeout}, {@code idleCheckFrequency}) are accepted and have no
   * effect: all threads share one connection. {@code redisMaxRetries} has none either: a command
   * that may have been applied is never sent twice, retries are a resiliency policy's. The two
   * retry intervals bound the pause between attempts to connect. {@code writeTimeout} has no
   * effect: {@code readTimeout} covers sending and answer.
   */
  public static RedisSettings read(ComponentMetadata metadata) {
    return RedisMetadata.read(metadata);
  }

  /**
   * The server at a URI: {@code redis://user:password@host:6379/0}, {@code rediss://} for TLS,
   * {@code redis-sentinel://host1,host2/0#primary-name}.
   *
   * @throws IllegalArgumentException when it is no such URI
   */
  public static RedisSettings at(String uri) {
    RedisURI parsed = RedisURI.create(uri);
    if (parsed.getSocket() != null) {
      throw new IllegalArgumentException("a Unix socket is no address this component can use");
    }
    var builder = builder();
    if (parsed.getSentinels().isEmpty()) {
      builder.address(parsed.getHost(), parsed.getPort());
    } else {
      parsed.getSentinels().forEach(node -> builder.address(node.getHost(), node.getPort()));
      builder.sentinel(parsed.getSentinelMasterId());
    }
    builder.user = parsed.getCredentialsProvider();
    if (parsed.isSsl()) {
      builder.tls = new Tls(parsed.isVerifyPeer(), null, null, null);
    }
    if (!parsed.getTimeout().equals(RedisURI.DEFAULT_TIMEOUT_DURATION)) {
      builder.commandTimeout(parsed.getTimeout());
    }
    return builder.database(parsed.getDatabase()).build();
  }

  /** Settings in code. */
  public static Builder builder() {
    return new Builder();
  }

  List<Address> addresses() {
    return addresses;
  }

  boolean isCluster() {
    return cluster;
  }

  /** The name under which Sentinel knows the primary; null without Sentinel. */
  @Nullable
  String primaryName() {
    return primaryName;
  }

  /** Who connects; null for Redis's default user without a password. */
  @Nullable
  RedisCredentialsProvider user() {
    return user;
  }

  @Nullable
  RedisCredentialsProvider sentinelUser() {
    return sentinelUser;
  }

  int database() {
    return database;
  }

  @Nullable
  Tls tls() {
    return tls;
  }

  Duration connectTimeout() {
    return connectTimeout;
  }

  Duration commandTimeout() {
    return commandTimeout;
  }

  Duration minReconnectDelay() {
    return minReconnectDelay;
  }

  Duration maxReconnectDelay() {
    return maxReconnectDelay;
  }

  /** Where it leads, without secrets. */
  @Override
  public String toString() {
    var hosts = addresses.stream().map(Address::toString).collect(Collectors.joining(","));
    return primaryName == null ? hosts : "%s (\"%s\" of Sentinel)".formatted(hosts, primaryName);
  }

  /**
   * Collects settings; each is given once. Not thread-safe.
   *
   * <p>Every method refuses an impossible value with an IllegalArgumentException.
   */
  public static final class Builder {
    private final List<Address> addresses = new ArrayList<>();
    private boolean cluster;
    private @Nullable String primaryName;
    private @Nullable RedisCredentialsProvider user;
    private @Nullable RedisCredentialsProvider sentinelUser;
    private int database;
    private @Nullable Tls tls;
    private Duration connectTimeout = Duration.ofSeconds(5);
    private Duration commandTimeout = Duration.ofSeconds(3);
    private Duration minReconnectDelay = Duration.ofMillis(8);
    private Duration maxReconnectDelay = Duration.ofMillis(512);

    private Builder() {}

    /** A server; of a cluster or of Sentinel, one of several that are asked in turn. */
    public Builder address(String host, int port) {
      require(!host.isBlank(), "the host is empty");
      require(port > 0 && port < 65_536, "port %d is not from 1 to 65535".formatted(port));
      addresses.add(new Address(host, port));
      return this;
    }

    /** The addresses are nodes of a Redis Cluster. */
    public Builder cluster() {
      cluster = true;
      return this;
    }

    /** The addresses are Sentinels that know the primary under this name. */
    public Builder sentinel(String primaryName) {
      require(!primaryName.isBlank(), "the name of Sentinel's primary is empty");
      this.primaryName = primaryName;
      return this;
    }

    /** An ACL user; no name is Redis's default user. */
    public Builder user(@Nullable String name, String password) {
      require(user == null, "the user was given before");
      user = credentials(name, password);
      return this;
    }

    /** The user, if not the default one, whom the Sentinels themselves know. */
    public Builder sentinelUser(@Nullable String name, String password) {
      require(sentinelUser == null, "the Sentinels' user was given before");
      sentinelUser = credentials(name, password);
      return this;
    }

    /** The number of the database; a Cluster has only 0. */
    public Builder database(int number) {
      require(number >= 0, "database %d is below 0".formatted(number));
      database = number;
      return this;
    }

    /** TLS, with servers verified by the JVM's authorities. */
    public Builder tls() {
      return tls(new Tls(true, null, null, null));
    }

    /** TLS, with servers verified by the authorities in this PEM file. */
    public Builder tls(Path authorities) {
      return tls(new Tls(true, read(authorities), null, null));
    }

    /** TLS as {@link #tls(Path)}, showing the servers a certificate; the key is PKCS 8. */
    public Builder tls(Path authorities, Path certificate, Path key) {
      return tls(new Tls(true, read(authorities), read(certificate), read(key)));
    }

    Builder tls(Tls tls) {
      require(this.tls == null, "TLS was configured before");
      this.tls = tls;
      return this;
    }

    /** How long one attempt to connect may take; 5 s unless given. */
    public Builder connectTimeout(Duration timeout) {
      require(isPositive(timeout), "the connect timeout must be positive");
      connectTimeout = timeout;
      return this;
    }

    /** How long a call without an earlier deadline waits for its answer; 3 s unless given. */
    public Builder commandTimeout(Duration timeout) {
      require(isPositive(timeout), "the command timeout must be positive");
      commandTimeout = timeout;
      return this;
    }

    /** The first and the longest pause between attempts to reconnect; 8 and 512 ms unless given. */
    public Builder reconnectDelay(Duration first, Duration longest) {
      require(isPositive(first) && longest.compareTo(first) > 0, "need 0 < first < longest");
      minReconnectDelay = first;
      maxReconnectDelay = longest;
      return this;
    }

    /** The settings. */
    public RedisSettings build() {
      require(!addresses.isEmpty(), "no address is given");
      require(!cluster || primaryName == null, "a Cluster has no Sentinel");
      require(
          cluster || primaryName != null || addresses.size() == 1,
          "several addresses need cluster() or sentinel(name)");
      return new RedisSettings(this);
    }

    private static RedisCredentialsProvider credentials(@Nullable String name, String password) {
      return RedisCredentialsProvider.from(() -> RedisCredentials.just(name, password));
    }

    private static boolean isPositive(Duration duration) {
      return !duration.isNegative() && !duration.isZero();
    }

    private static void require(boolean holds, String otherwise) {
      if (!holds) {
        throw new IllegalArgumentException(otherwise);
      }
    }

    private static String read(Path file) {
      try {
        return Files.readString(file);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
