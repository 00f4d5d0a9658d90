// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.postgresql;

import dev.pillion.component.ComponentMetadata;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;

/**
 * Where a PostgreSQL server is and how to talk to it: the settings that Dapr's PostgreSQL
 * components share. Immutable; never prints a secret.
 */
public final class PostgresSettings {
  /** Dapr's default for {@code timeout}. */
  public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(20);

  private static final String[] AZURE_AND_AWS = {
    "azureTenantId",
    "azureClientId",
    "azureClientSecret",
    "azureCertificate",
    "azureCertificateFile",
    "azureCertificatePassword",
    "azureEnvironment",
    "region",
    "awsRegion",
    "accessKey",
    "awsAccessKey",
    "secretKey",
    "awsSecretKey",
    "sessionToken",
    "assumeRoleArn",
    "sessionName",
    "trustAnchorArn",
    "trustProfileArn",
    "trustAnchor",
    "trustProfile"
  };

  private final Properties properties;
  private final DriverProperties.PoolSize pool;
  private final Duration timeout;

  private PostgresSettings(DriverProperties.Result result, Duration timeout) {
    this.properties = result.properties();
    this.pool = result.pool();
    this.timeout = timeout;
  }

  /**
   * Reads Dapr's connection settings: {@code connectionString} (or {@code url}), the single fields
   * that override its parts, {@code maxConns}, {@code connectionMaxIdleTime},
   * {@code queryExecMode}, {@code timeout}. What is wrong is reported to {@code metadata}.
   */
  public static PostgresSettings read(ComponentMetadata metadata) {
    Consumer<String> problems = metadata::problem;
    var words = words(metadata);
    var result = DriverProperties.from(words, problems);
    int maxConns = metadata.integer("maxConns", 0, Integer.MIN_VALUE, Integer.MAX_VALUE);
    if (maxConns > 1) {
      result.pool().max = maxConns;
    }
    var idle = metadata.duration("connectionMaxIdleTime", Duration.ZERO);
    if (!idle.isZero() && !idle.isNegative()) {
      result.pool().idle = idle;
    }
    DriverProperties.queryMode(
        metadata.oneOf(
            "queryExecMode",
            "",
            "cache_statement",
            "cache_describe",
            "describe_exec",
            "exec",
            "simple_protocol"),
        result.properties());
    var timeout = metadata.duration("timeout", DEFAULT_TIMEOUT, "timeoutInSeconds");
    if (timeout.compareTo(Duration.ofSeconds(1)) < 0) {
      metadata.problem("\"timeout\" must be 1s or more");
      timeout = DEFAULT_TIMEOUT;
    }
    for (String cloud : List.of("useAzureAD", "useAWSIAM")) {
      if (metadata.truthy(cloud, false)) {
        metadata.problem(
            "\"%s\" is a setting of Dapr's that Pillion does not support; give user and password"
                .formatted(cloud));
      }
    }
    metadata.accept(AZURE_AND_AWS);
    return new PostgresSettings(result, timeout);
  }

  /**
   * The settings in a connection text: libpq's {@code host=db user=me},
   * {@code postgres://me@db/orders}, or the driver's own
   * {@code jdbc:postgresql://db/orders?user=me}.
   *
   * @throws IllegalArgumentException when it is none of these; the message holds no secret
   */
  public static PostgresSettings of(String text) {
    if (text.startsWith("jdbc:")) {
      return new PostgresSettings(
          new DriverProperties.Result(jdbc(text), new DriverProperties.PoolSize()),
          DEFAULT_TIMEOUT);
    }
    Map<String, String> words;
    try {
      words = ConnectionText.parse(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("the connection text " + e.getMessage(), e);
    }
    var result = DriverProperties.from(words, problem -> {
      throw new IllegalArgumentException(problem);
    });
    return new PostgresSettings(result, DEFAULT_TIMEOUT);
  }

  /** The same settings with another limit for one call. */
  public PostgresSettings timeout(Duration other) {
    return new PostgresSettings(new DriverProperties.Result(properties, pool), other);
  }

  /** How long one call may take, connecting included. */
  public Duration timeout() {
    return timeout;
  }

  /** Server and database, without user and password: what logs and messages may hold. */
  @Override
  public String toString() {
    var hosts = properties.getProperty("PGHOST", "localhost").split(",");
    var ports = properties.getProperty("PGPORT", "5432").split(",");
    var text = new StringBuilder();
    for (int i = 0; i < hosts.length; i++) {
      text.append(i == 0 ? "" : ",")
          .append(hosts[i])
          .append(':')
          .append(ports[Math.min(i, ports.length - 1)]);
    }
    return text + "/" + properties.getProperty("PGDBNAME", properties.getProperty("user", ""));
  }

  /** What the driver is told; a copy. */
  Properties properties() {
    var copy = new Properties();
    copy.putAll(properties);
    return copy;
  }

  DriverProperties.PoolSize pool() {
    return pool;
  }

  private static Map<String, String> words(ComponentMetadata metadata) {
    Map<String, String> words = new LinkedHashMap<>();
    var text = metadata.text("connectionString", "url").orElse("");
    try {
      words = ConnectionText.parse(text);
    } catch (IllegalArgumentException e) {
      metadata.problem("\"connectionString\" " + e.getMessage());
    }
    boolean verifiesName = "verify-full".equals(words.get("sslmode"));
    var host = field(metadata, "host");
    var address = field(metadata, "hostaddr");
    if (address != null && verifiesName) {
      metadata.problem("\"hostaddr\" can't go with \"sslmode=verify-full\"; name the host");
    }
    set(words, "host", address == null ? host : address);
    for (String name : List.of("port", "database", "user", "password")) {
      set(words, name, field(metadata, name));
    }
    set(words, "sslrootcert", field(metadata, "sslRootCert"));
    if (words.isEmpty()) {
      metadata.problem("\"connectionString\" is missing");
    }
    return words;
  }

  private static @Nullable String field(ComponentMetadata metadata, String name) {
    return metadata.text(name).filter(value -> !value.isEmpty()).orElse(null);
  }

  private static void set(Map<String, String> words, String word, @Nullable String value) {
    if (value != null) {
      words.put(word, value);
    }
  }

  private static Properties jdbc(String url) {
    DriverLog.quiet();
    var parsed = Driver.parseURL(url, null);
    if (parsed == null) {
      throw new IllegalArgumentException(
          "the connection text starts with jdbc: but is not jdbc:postgresql://host:port/database");
    }
    return parsed;
  }
}
