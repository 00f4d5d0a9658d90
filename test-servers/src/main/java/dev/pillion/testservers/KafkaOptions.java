// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * How a {@link KafkaServer} is set up. Nothing set means: some free port, nobody is asked who he
 * is, no TLS, topics made at their first use with one partition. Not thread-safe; read once by
 * {@link KafkaServer#start(KafkaOptions)}.
 */
public final class KafkaOptions {
  private int port;
  private int advertisedPort;
  private final Map<String, String> users = new LinkedHashMap<>();
  private Optional<TestCertificate> certificate = Optional.empty();
  private boolean clientCertificate;
  private final Map<String, String> settings = new LinkedHashMap<>();

  /**
   * This port of 127.0.0.1, instead of a free one. A server keeps its port over restarts either
   * way.
   */
  public KafkaOptions port(int port) {
    this.port = checked(port);
    return this;
  }

  /** The port that the broker tells its clients to use: a {@link FaultProxy}'s. */
  public KafkaOptions advertisedPort(int port) {
    this.advertisedPort = checked(port);
    return this;
  }

  /**
   * Asks every client for a user of this list, by SASL's PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512. By
   * OAUTHBEARER it lets in whoever has an unsigned token.
   */
  public KafkaOptions user(String name, String password) {
    if (!(name + password).matches("[A-Za-z0-9._-]+") || name.isEmpty() || password.isEmpty()) {
      throw new IllegalArgumentException(
          "user and password must be of letters, digits, dots, underscores and hyphens");
    }
    if (users.put(name, password) != null) {
      throw new IllegalArgumentException("user \"" + name + "\" is there already");
    }
    return this;
  }

  /** TLS only, with a new self-signed certificate. */
  public KafkaOptions tls() {
    return tls(TestCertificate.create());
  }

  /** TLS only, with this certificate, which is also the one authority for clients' certificates. */
  public KafkaOptions tls(TestCertificate certificate) {
    this.certificate = Optional.of(certificate);
    return this;
  }

  /** Refuses clients that show no certificate; implies nothing else, so call {@link #tls()} too. */
  public KafkaOptions requireClientCertificate() {
    clientCertificate = true;
    return this;
  }

  /** Any line of server.properties, such as {@code auto.create.topics.enable=false}. */
  public KafkaOptions setting(String name, String value) {
    settings.put(name, value);
    return this;
  }

  int port() {
    return port;
  }

  Optional<Integer> advertisedPort() {
    return advertisedPort == 0 ? Optional.empty() : Optional.of(advertisedPort);
  }

  Map<String, String> users() {
    return users;
  }

  Optional<TestCertificate> certificate() {
    return certificate;
  }

  boolean clientCertificate() {
    return clientCertificate;
  }

  Map<String, String> settings() {
    return settings;
  }

  private static int checked(int port) {
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException("port is " + port + "; it must be between 1 and 65535");
    }
    return port;
  }
}
