// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Dapr's {@code connectionString} of SQLite: a path or a {@code file:} URI, with options after a
 * question mark. Parsing collects what is wrong instead of throwing.
 */
final class ConnectionString {
  private static final Pattern PRAGMA =
      Pattern.compile("\\s*([A-Za-z_]+)\\s*(?:\\(\\s*([\\w.+-]+)\\s*\\)|=\\s*([\\w.+-]+))\\s*");
  private static final Set<String> FULL_SYNC = Set.of("2", "3", "full", "extra");

  /** Options of Dapr's driver that only say how times are turned into Go values. */
  private static final Set<String> WITHOUT_EFFECT = Set.of(
      "_time_format", "_time_integer_format", "_timezone", "_inttotime", "_texttotime", "cache");

  private final List<String> problems = new ArrayList<>();
  private final Map<String, String> pragmas = new LinkedHashMap<>();
  private @Nullable Path file;
  private boolean inMemory;
  private boolean mustExist;
  private boolean readOnly;
  private boolean immutable;

  private ConnectionString() {}

  static ConnectionString parse(String text) {
    var parsed = new ConnectionString();
    int question = text.indexOf('?');
    var options = question > 0 ? text.substring(question + 1) : "";
    parsed.readLocation(question > 0 ? text.substring(0, question) : text);
    for (String option : options.split("&")) {
      if (!option.isEmpty()) {
        int equals = option.indexOf('=');
        parsed.readOption(
            decode(equals < 0 ? option : option.substring(0, equals), true),
            equals < 0 ? "" : decode(option.substring(equals + 1), true));
      }
    }
    return parsed;
  }

  static ConnectionString of(Path file) {
    var string = new ConnectionString();
    string.file = file.toAbsolutePath().normalize();
    return string;
  }

  List<String> problems() {
    return problems;
  }

  /** The database file, absolute; null when the database is in memory. */
  @Nullable
  Path file() {
    return file;
  }

  boolean inMemory() {
    return inMemory;
  }

  boolean readOnly() {
    return readOnly || immutable;
  }

  Map<String, String> pragmas() {
    return pragmas;
  }

  /** What the driver is given. */
  String jdbcUrl() {
    if (file == null) {
      return "jdbc:sqlite::memory:";
    }
    var path = file.toString().replace('\\', '/');
    var escaped = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23");
    var mode = readOnly() ? "ro" : mustExist ? "rw" : "rwc";
    return "jdbc:sqlite:file:%s%s?mode=%s%s"
        .formatted(
            escaped.startsWith("/") ? "" : "/", escaped, mode, immutable ? "&immutable=1" : "");
  }

  private void readLocation(String written) {
    var location = written;
    if (location.toLowerCase(Locale.ROOT).startsWith("file:")) {
      location = location.substring("file:".length());
      if (location.startsWith("//")) {
        int slash = location.indexOf('/', 2);
        var host = slash < 0 ? location.substring(2) : location.substring(2, slash);
        if (!host.isEmpty() && !host.equals("localhost")) {
          problems.add("the host of a \"file:\" URI must be empty or localhost");
        }
        location = slash < 0 ? "" : location.substring(slash);
      }
    }
    if (location.toLowerCase(Locale.ROOT).startsWith(":memory:")) {
      inMemory = true;
      return;
    }
    int fragment = location.indexOf('#');
    var name = decode(fragment < 0 ? location : location.substring(0, fragment), false);
    if (name.matches("/[A-Za-z]:/.*") && System.getProperty("os.name", "").startsWith("Windows")) {
      name = name.substring(1);
    }
    if (name.isEmpty()) {
      problems.add("the connection string names no database file");
      return;
    }
    try {
      file = Path.of(name).toAbsolutePath().normalize();
    } catch (InvalidPathException e) {
      problems.add("the connection string holds no valid path: " + e.getReason());
    }
  }

  private void readOption(String name, String value) {
    switch (name) {
      case "mode" -> readMode(value);
      case "immutable" -> immutable = value.equals("1");
      case "_txlock" -> {
        if (!Set.of("immediate", "deferred", "exclusive")
            .contains(value.toLowerCase(Locale.ROOT))) {
          problems.add("the option \"_txlock\" must be immediate, deferred or exclusive");
        }
      }
      case "_pragma" -> readPragma(value);
      default -> {
        if (!WITHOUT_EFFECT.contains(name)) {
          problems.add(
              "the connection string has the option \"%s\", which is not supported; supported are mode, immutable, cache, _txlock and _pragma"
                  .formatted(name));
        }
      }
    }
  }

  private void readMode(String mode) {
    switch (mode) {
      case "memory" -> {
        inMemory = true;
        file = null;
      }
      case "ro" -> readOnly = true;
      case "rw" -> mustExist = true;
      case "rwc" -> {}
      default -> problems.add("the option \"mode\" must be ro, rw, rwc or memory");
    }
  }

  private void readPragma(String text) {
    var matcher = PRAGMA.matcher(text);
    if (!matcher.matches()) {
      problems.add("the option \"_pragma\" must have the form name(value)");
      return;
    }
    var name = matcher.group(1).toLowerCase(Locale.ROOT);
    var value = matcher.group(2) != null ? matcher.group(2) : matcher.group(3);
    var instead = instead(name, value);
    if (instead != null) {
      problems.add("found forbidden option '_pragma=%s' in the connection string; %s"
          .formatted(name, instead));
    } else {
      pragmas.put(name, value);
    }
  }

  /** What to do instead of setting this pragma; null when it may be set. */
  private static @Nullable String instead(String name, String value) {
    return switch (name) {
      case "busy_timeout" -> "use the setting \"busyTimeout\"";
      case "journal_mode" -> "use the setting \"disableWAL\"";
      case "foreign_keys" -> "leave it out";
      case "synchronous" ->
        FULL_SYNC.contains(value.toLowerCase(Locale.ROOT))
            ? null
            : "anything below full loses acknowledged writes in a power cut";
      case "locking_mode", "query_only", "encoding", "read_uncommitted" ->
        "other connections of the same database would fail";
      default -> null;
    };
  }

  /** Decodes percent signs; in options a plus is a blank, as in Dapr. */
  private static String decode(String text, boolean plusIsBlank) {
    try {
      return URLDecoder.decode(
          plusIsBlank ? text : text.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return text;
    }
  }
}
