// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where a program listens and how it is treated; what daprd's {@code --app-…} flags say. Immutable.
 *
 * <pre>{@code
 * AppOptions.onPort(3000).maxConcurrency(16).healthCheck(HealthCheck.DEFAULT)
 * }</pre>
 */
public final class AppOptions {
  private static final int DEFAULT_BODY_SIZE = 4 * 1024 * 1024;
  private static final int DEFAULT_HEADER_SIZE = 64 * 1024;

  private final String host;
  private final int port;
  private final @Nullable String token;
  private final int maxConcurrency;
  private final int maxBodySize;
  private final int maxHeaderSize;
  private final @Nullable HealthCheck healthCheck;

  /**
   * How the program is asked whether it is well.
   *
   * @param path what an HTTP program is asked; a gRPC program is asked by
   *     {@code AppCallbackHealthCheck}
   * @param interval from the begin of one probe to the begin of the next
   * @param timeout after which a probe has failed; at most the interval
   * @param threshold how many probes in a row must fail for the program to count as unhealthy; one
   *     success makes it healthy
   */
  public record HealthCheck(String path, Duration interval, Duration timeout, int threshold) {
    /** Dapr's: {@code /healthz} every 5 s, 500 ms, 3 failures. */
    public static final HealthCheck DEFAULT =
        new HealthCheck("/healthz", Duration.ofSeconds(5), Duration.ofMillis(500), 3);

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException when one is out of its range
     */
    public HealthCheck {
      if (!path.startsWith("/")) {
        throw new IllegalArgumentException(
            "the path \"" + path + "\" of a health check must begin with \"/\"");
      }
      if (interval.isZero() || interval.isNegative()) {
        throw new IllegalArgumentException(
            "the interval of a health check must be positive, not " + interval);
      }
      if (timeout.isZero() || timeout.isNegative() || timeout.compareTo(interval) > 0) {
        throw new IllegalArgumentException(
            "the timeout of a health check must be positive and at most its interval %s, not %s"
                .formatted(interval, timeout));
      }
      if (threshold < 1) {
        throw new IllegalArgumentException(
            "the threshold of a health check must be at least 1, not " + threshold);
      }
    }
  }

  private AppOptions(
      String host,
      int port,
      @Nullable String token,
      int maxConcurrency,
      int maxBodySize,
      int maxHeaderSize,
      @Nullable HealthCheck healthCheck) {
    this.host = host;
    this.port = port;
    this.token = token;
    this.maxConcurrency = maxConcurrency;
    this.maxBodySize = maxBodySize;
    this.maxHeaderSize = maxHeaderSize;
    this.healthCheck = healthCheck;
  }

  /**
   * A program that listens on this port of 127.0.0.1, with Dapr's defaults.
   *
   * @throws IllegalArgumentException when that is no port, or the environment's
   *     {@code APP_API_TOKEN} is nothing a header carries
   */
  public static AppOptions onPort(int port) {
    return onPort(port, System.getenv());
  }

  static AppOptions onPort(int port, Map<String, String> environment) {
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException("the app's port is 1 to 65535, not " + port);
    }
    var token = environment.getOrDefault("APP_API_TOKEN", "");
    return new AppOptions(
        "127.0.0.1",
        port,
        token.isEmpty() ? null : requireToken(token),
        0,
        DEFAULT_BODY_SIZE,
        DEFAULT_HEADER_SIZE,
        null);
  }

  /**
   * The name or address of the machine it listens on; 127.0.0.1 unless set.
   *
   * @throws IllegalArgumentException when it is neither, such as a URL
   */
  public AppOptions host(String other) {
    if (other.isBlank()) {
      throw new IllegalArgumentException("the app's host can't be empty");
    }
    // Two colons and more are an IPv6 address.
    if (other.matches("(?s).*[\\s/@\\[\\]].*") || other.matches("[^:]*:[^:]*")) {
      throw new IllegalArgumentException(
          "the app's host is a name or address, without scheme, port, path and brackets, not \"%s\""
              .formatted(other));
    }
    return new AppOptions(
        other, port, token, maxConcurrency, maxBodySize, maxHeaderSize, healthCheck);
  }

  /**
   * What the program is sent as {@code dapr-api-token}; the environment's {@code APP_API_TOKEN}
   * unless set.
   */
  public AppOptions token(String other) {
    return new AppOptions(
        host, port, requireToken(other), maxConcurrency, maxBodySize, maxHeaderSize, healthCheck);
  }

  /**
   * How many calls it is given at a time, the others wait in turn; 0 or -1, the default, for all.
   */
  public AppOptions maxConcurrency(int calls) {
    if (calls < -1) {
      throw new IllegalArgumentException(
          "the app's maximum concurrency is a number of calls, or 0 or -1 for no limit, not "
              + calls);
    }
    return new AppOptions(host, port, token, calls, maxBodySize, maxHeaderSize, healthCheck);
  }

  /** The largest body it may be sent or answer, in bytes; 4 MiB unless set. */
  public AppOptions maxBodySize(int bytes) {
    return new AppOptions(
        host,
        port,
        token,
        maxConcurrency,
        requirePositive("maximum body size", bytes),
        maxHeaderSize,
        healthCheck);
  }

  /**
   * How large the headers of one answer may be together, in bytes, and over HTTP path and headers
   * of one request; 64 KiB unless set.
   */
  public AppOptions maxHeaderSize(int bytes) {
    return new AppOptions(
        host,
        port,
        token,
        maxConcurrency,
        maxBodySize,
        requirePositive("maximum header size", bytes),
        healthCheck);
  }

  /** Asks the program whether it is well; not done unless set. */
  public AppOptions healthCheck(HealthCheck check) {
    return new AppOptions(host, port, token, maxConcurrency, maxBodySize, maxHeaderSize, check);
  }

  private static String requireToken(String token) {
    if (token.isEmpty() || !token.chars().allMatch(letter -> letter > ' ' && letter < 127)) {
      throw new IllegalArgumentException("the app's token (APP_API_TOKEN) can't be empty, or have a"
          + " space, a line end or a letter outside ASCII in it, which no header carries");
    }
    return token;
  }

  private static int requirePositive(String option, int bytes) {
    if (bytes <= 0) {
      throw new IllegalArgumentException("the app's " + option + " must be positive, not " + bytes);
    }
    return bytes;
  }

  /** The name or address. */
  public String host() {
    return host;
  }

  /** The port. */
  public int port() {
    return port;
  }

  /** The token; null when it is sent none. */
  public @Nullable String token() {
    return token;
  }

  /** How many calls at a time; zero or below for no limit. */
  public int maxConcurrency() {
    return maxConcurrency;
  }

  /** The largest body, in bytes. */
  public int maxBodySize() {
    return maxBodySize;
  }

  /** The largest headers of an answer or request, in bytes. */
  public int maxHeaderSize() {
    return maxHeaderSize;
  }

  /** How it is asked whether it is well; null when it is not. */
  public @Nullable HealthCheck healthCheck() {
    return healthCheck;
  }

  /**
   * Whether it listens on this machine: {@code localhost} or a loopback address. What other names
   * mean is for a resolver to say.
   */
  public boolean isLoopback() {
    if (host.equalsIgnoreCase("localhost")) {
      return true;
    }
    boolean literal = host.indexOf(':') >= 0 || host.matches("[0-9.]+");
    try {
      return literal && InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }

  /** Where it listens, as messages and logs name it. */
  public String address() {
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }

  @Override
  public String toString() {
    return "AppOptions[%s, token=%s, maxConcurrency=%d, maxBodySize=%d, maxHeaderSize=%d, %s]"
        .formatted(
            address(),
            token == null ? "none" : "***",
            maxConcurrency,
            maxBodySize,
            maxHeaderSize,
            healthCheck == null ? "no health check" : healthCheck);
  }
}
