// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How a {@link RedisServer} is set up. Nothing set means: some free port, no password, no TLS, data
 * kept over an orderly stop and lost by a crash. Not thread-safe; read once by
 * {@link RedisServer#start(RedisOptions)}.
 */
public final class RedisOptions {
  private int port;
  private Optional<String> password = Optional.empty();
  private final Map<String, String> users = new LinkedHashMap<>();
  private boolean defaultUser = true;
  private Optional<TestCertificate> certificate = Optional.empty();
  private boolean clientCertificate;
  private boolean appendFsyncAlways;
  private boolean cluster;
  private final List<String> settings = new ArrayList<>();

  /**
   * This port of 127.0.0.1, instead of a free one. A server keeps its port over restarts either
   * way.
   */
  public RedisOptions port(int port) {
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException("port is " + port + "; it must be between 1 and 65535");
    }
    this.port = port;
    return this;
  }

  /** The default user's password. */
  public RedisOptions password(String password) {
    this.password = Optional.of(word("password", password));
    return this;
  }

  /**
   * One more user, in an ACL file.
   *
   * @param rules in Redis's own words, such as {@code ~orders* +@read}; for everything {@code ~* &*
   *     +@all}
   */
  public RedisOptions user(String name, String password, String rules) {
    if (users.put(word("user", name), ">" + word("password", password) + " " + line(rules))
        != null) {
      throw new IllegalArgumentException("user \"" + name + "\" is there already");
    }
    return this;
  }

  /** Switches the default user off: whoever does not name a user is refused. */
  public RedisOptions withoutDefaultUser() {
    defaultUser = false;
    return this;
  }

  /** TLS only, with a new self-signed certificate. */
  public RedisOptions tls() {
    return tls(TestCertificate.create());
  }

  /** TLS only, with this certificate, which is also the one authority for clients' certificates. */
  public RedisOptions tls(TestCertificate certificate) {
    this.certificate = Optional.of(certificate);
    return this;
  }

  /** Refuses clients that show no certificate; implies nothing else, so call {@link #tls()} too. */
  public RedisOptions requireClientCertificate() {
    clientCertificate = true;
    return this;
  }

  /**
   * {@code appendonly yes}, {@code appendfsync always}: what was acknowledged survives
   * {@link RedisServer#kill()}.
   */
  public RedisOptions appendFsyncAlways() {
    appendFsyncAlways = true;
    return this;
  }

  /**
   * Any line of redis.conf, such as {@code setting("loadmodule", "/opt/rejson.so")}; may be
   * repeated.
   */
  public RedisOptions setting(String name, String value) {
    settings.add(word("setting", name) + " " + line(value));
    return this;
  }

  RedisOptions cluster() {
    cluster = true;
    return this;
  }

  int port() {
    return port;
  }

  Optional<TestCertificate> certificate() {
    return certificate;
  }

  Optional<String> password() {
    return password;
  }

  Map<String, String> users() {
    return users;
  }

  boolean defaultUser() {
    return defaultUser;
  }

  boolean clientCertificate() {
    return clientCertificate;
  }

  boolean isAppendFsyncAlways() {
    return appendFsyncAlways;
  }

  boolean isCluster() {
    return cluster;
  }

  List<String> settings() {
    return settings;
  }

  private static String word(String what, String value) {
    if (value.isEmpty() || value.chars().anyMatch(c -> c <= ' ' || c == '"' || c == '#')) {
      throw new IllegalArgumentException(what + " must be one word without blanks, quotes and #");
    }
    return value;
  }

  private static String line(String value) {
    if (value.indexOf('\n') >= 0) {
      throw new IllegalArgumentException("\"" + value + "\" is more than one line");
    }
    return value;
  }
}
