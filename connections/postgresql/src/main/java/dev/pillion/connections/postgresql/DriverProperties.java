// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.postgresql;

import dev.pillion.component.GoDuration;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Turns the words of a connection text, which are those of libpq and pgx, into the driver's own and
 * the pool's. A word that neither knows is a setting of the session, as in pgx. Complaints name the
 * word; its value only where it can't be a secret.
 */
final class DriverProperties {
  static final String JVM_TRUST = "org.postgresql.ssl.DefaultJavaSSLFactory";

  private static final Set<String> SSL_MODES =
      Set.of("disable", "allow", "prefer", "require", "verify-ca", "verify-full");
  private static final Map<String, String> SERVER_TYPES = Map.of(
      "any", "any",
      "read-write", "primary",
      "primary", "primary",
      "read-only", "secondary",
      "standby", "secondary",
      "prefer-standby", "preferSecondary");
  private static final Map<String, String> SAME_MEANING = Map.of(
      "user", "user",
      "password", "password",
      "database", "PGDBNAME",
      "application_name", "ApplicationName",
      "search_path", "currentSchema",
      "sslcert", "sslcert",
      "sslkey", "sslkey",
      "sslpassword", "sslpassword",
      "krbsrvname", "kerberosServerName");

  /** What pgx knows and the driver has nothing for, with the one value that changes nothing. */
  private static final Map<String, String> WITHOUT_MEANING = Map.of(
      "passfile", "",
      "service", "",
      "servicefile", "",
      "krbspn", "",
      "sslsni", "1",
      "min_protocol_version", "3.0",
      "max_protocol_version", "3.0",
      "pool_health_check_period", "",
      "pool_max_conn_lifetime_jitter", "0s",
      "description_cache_capacity", "");

  private final Map<String, String> words;
  private final Consumer<String> problems;
  private final Properties properties = new Properties();
  private final PoolSize pool = new PoolSize();

  private DriverProperties(Map<String, String> words, Consumer<String> problems) {
    this.words = words;
    this.problems = problems;
  }

  /** What the pool is told; pgx's defaults. */
  static final class PoolSize {
    int max = Math.max(4, Runtime.getRuntime().availableProcessors());
    int min;
    Duration idle = Duration.ofMinutes(30);
    Duration life = Duration.ofHours(1);
  }

  record Result(Properties properties, PoolSize pool) {}

  /** Uses up {@code words}. */
  static Result from(Map<String, String> words, Consumer<String> problems) {
    var result = new DriverProperties(words, problems);
    result.hosts();
    result.tls();
    result.poolSize();
    result.rest();
    return new Result(result.properties, result.pool);
  }

  /** How the driver is to send queries, by Dapr's {@code queryExecMode}. */
  static void queryMode(String mode, Properties properties) {
    switch (mode) {
      case "simple_protocol" -> properties.setProperty("preferQueryMode", "simple");
      case "cache_describe", "describe_exec", "exec" ->
        // No named statement on the server: what poolers in transaction mode need.
        properties.setProperty("prepareThreshold", "0");
      default -> {}
    }
  }

  private void hosts() {
    var host = take("host", "localhost");
    if (host.startsWith("/") || host.startsWith("@")) {
      problems.accept(
          "\"host\" is a Unix socket, which the Java driver can't use; name a TCP host");
      host = "localhost";
    }
    int count = host.split(",").length;
    var ports = take("port", "5432").split(",");
    var all = new StringBuilder();
    for (int i = 0; i < count; i++) {
      var port = (i < ports.length ? ports[i] : ports[0]).strip();
      if (!port.matches("\\d{1,5}")
          || Integer.parseInt(port) < 1
          || Integer.parseInt(port) > 65535) {
        problems.accept("\"port\" must be from 1 to 65535");
        port = "5432";
      }
      all.append(i == 0 ? "" : ",").append(port);
    }
    properties.setProperty("PGHOST", host);
    properties.setProperty("PGPORT", all.toString());
  }

  private void tls() {
    var mode = take("sslmode", "prefer");
    var root = take("sslrootcert", "");
    if (!SSL_MODES.contains(mode)) {
      problems.accept(
          "\"sslmode\" must be one of disable, allow, prefer, require, verify-ca, verify-full");
      mode = "prefer";
    }
    if (root.equals("system")) {
      mode = "verify-full";
    } else if (!root.isEmpty()) {
      properties.setProperty("sslrootcert", root);
      // As libpq: with a root certificate at hand, require means verify-ca.
      mode = mode.equals("require") ? "verify-ca" : mode;
    }
    if (mode.startsWith("verify") && !properties.containsKey("sslrootcert")) {
      properties.setProperty("sslfactory", JVM_TRUST);
      if (words.containsKey("sslcert")) {
        problems.accept("\"sslcert\" together with a verifying \"sslmode\" needs \"sslrootcert\"");
      }
    }
    if (words.containsKey("sslcert") != words.containsKey("sslkey")) {
      problems.accept("\"sslcert\" and \"sslkey\" are only of use together");
    }
    properties.setProperty("sslmode", mode);
  }

  private void poolSize() {
    pool.max = number("pool_max_conns", pool.max, 1);
    pool.min = Math.max(number("pool_min_conns", 0, 0), number("pool_min_idle_conns", 0, 0));
    pool.life = duration("pool_max_conn_lifetime", pool.life);
    pool.idle = duration("pool_max_conn_idle_time", pool.idle);
  }

  private void rest() {
    int seconds = number("connect_timeout", 0, 0);
    if (seconds > 0) {
      properties.setProperty("connectTimeout", Integer.toString(seconds));
    }
    oneOf("target_session_attrs", "targetServerType", SERVER_TYPES);
    oneOf("channel_binding", "channelBinding", same("disable", "prefer", "require"));
    oneOf("sslnegotiation", "sslNegotiation", same("postgres", "direct"));
    var mode = words.remove("default_query_exec_mode");
    if (mode != null) {
      queryMode(mode, properties);
    }
    var cache = words.remove("statement_cache_capacity");
    if (cache != null && cache.strip().equals("0")) {
      properties.setProperty("prepareThreshold", "0");
    } else if (cache != null) {
      properties.setProperty("preparedStatementCacheQueries", cache.strip());
    }
    WITHOUT_MEANING.forEach((word, harmless) -> {
      var value = words.remove(word);
      if (value != null && !value.isEmpty() && !value.equals(harmless)) {
        problems.accept(
            "\"%s\" has no counterpart in the Java driver; leave it out".formatted(word));
      }
    });
    SAME_MEANING.forEach((word, property) -> {
      var value = words.remove(word);
      if (value != null && !value.isEmpty()) {
        properties.setProperty(property, value);
      }
    });
    session();
  }

  /** Everything left is set on the session at its start. */
  private void session() {
    var options = new StringBuilder(take("options", ""));
    words.forEach((word, value) -> {
      if (!word.matches("[A-Za-z_][A-Za-z0-9_.]*")) {
        problems.accept("a word of the connection text is not a setting's name");
        return;
      }
      options.append(options.isEmpty() ? "-c " : " -c ").append(word).append('=');
      value.chars().forEach(c -> options
          .append(c == '\\' || Character.isWhitespace(c) ? "\\" : "")
          .append((char) c));
    });
    if (!options.isEmpty()) {
      properties.setProperty("options", options.toString());
    }
  }

  private void oneOf(String word, String property, Map<String, String> meanings) {
    var value = words.remove(word);
    if (value != null && !value.isEmpty()) {
      var meaning = meanings.get(value.toLowerCase(Locale.ROOT));
      if (meaning == null) {
        problems.accept("\"%s\" must be one of %s"
            .formatted(
                word, String.join(", ", meanings.keySet().stream().sorted().toList())));
      } else {
        properties.setProperty(property, meaning);
      }
    }
  }

  private int number(String word, int fallback, int min) {
    var value = words.remove(word);
    if (value == null) {
      return fallback;
    }
    if (!value.strip().matches("\\d{1,6}") || Integer.parseInt(value.strip()) < min) {
      problems.accept("\"%s\" must be a whole number from %d".formatted(word, min));
      return fallback;
    }
    return Integer.parseInt(value.strip());
  }

  private Duration duration(String word, Duration fallback) {
    @Nullable String value = words.remove(word);
    // Go's durations alone, without bare numbers: a bare one is not positive here.
    var parsed = value == null ? fallback : GoDuration.parse(value, Duration.ZERO);
    if (parsed == null || parsed.isZero() || parsed.isNegative()) {
      problems.accept("\"%s\" must be a duration such as 30s or 1h".formatted(word));
      return fallback;
    }
    return parsed;
  }

  private String take(String word, String fallback) {
    var value = words.remove(word);
    return value == null || value.isEmpty() ? fallback : value;
  }

  private static Map<String, String> same(String... values) {
    return Stream.of(values).collect(Collectors.toMap(value -> value, value -> value));
  }
}
