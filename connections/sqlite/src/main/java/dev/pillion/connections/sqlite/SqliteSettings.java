// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import dev.pillion.component.ComponentMetadata;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Dapr's connection settings of a SQLite component. Immutable: each method returns another object.
 */
public final class SqliteSettings {
  /** Dapr's default for how long one call may take. */
  public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(20);

  /** Dapr's default for how long a call waits while another process writes. */
  public static final Duration DEFAULT_BUSY_TIMEOUT = Duration.ofSeconds(2);

  private static final Duration MIN_TIMEOUT = Duration.ofSeconds(1);

  private final ConnectionString location;
  private final Duration timeout;
  private final Duration busyTimeout;
  private final boolean wal;

  private SqliteSettings(
      ConnectionString location, Duration timeout, Duration busyTimeout, boolean wal) {
    this.location = location;
    this.timeout = timeout;
    this.busyTimeout = busyTimeout;
    this.wal = wal;
  }

  /** The database in this file, which is created when it is missing; its directory must exist. */
  public static SqliteSettings at(Path file) {
    return new SqliteSettings(
        ConnectionString.of(file), DEFAULT_TIMEOUT, DEFAULT_BUSY_TIMEOUT, true);
  }

  /** A database in memory, which goes with whoever opened it. */
  public static SqliteSettings inMemory() {
    return new SqliteSettings(
        ConnectionString.parse(":memory:"), DEFAULT_TIMEOUT, DEFAULT_BUSY_TIMEOUT, true);
  }

  /**
   * Reads {@code connectionString} (or {@code url}), {@code timeout}, {@code busyTimeout} and
   * {@code disableWAL}; what is wrong with them is reported there.
   */
  public static SqliteSettings read(ComponentMetadata metadata) {
    var text = metadata.required("connectionString", "url");
    var location = ConnectionString.parse(text);
    if (!text.isEmpty()) {
      location.problems().forEach(metadata::problem);
    }
    var timeout = metadata.duration("timeout", DEFAULT_TIMEOUT, "timeoutInSeconds");
    if (timeout.compareTo(MIN_TIMEOUT) < 0) {
      metadata.problem("\"timeout\" must be 1s or longer");
      timeout = DEFAULT_TIMEOUT;
    }
    return new SqliteSettings(
        location,
        timeout,
        metadata.duration("busyTimeout", DEFAULT_BUSY_TIMEOUT),
        !metadata.truthy("disableWAL", false));
  }

  /** How long one call may take: at least one second. */
  public SqliteSettings timeout(Duration limit) {
    if (limit.compareTo(MIN_TIMEOUT) < 0) {
      throw new IllegalArgumentException(
          "timeout was %s but must be 1s or longer".formatted(limit));
    }
    return new SqliteSettings(location, limit, busyTimeout, wal);
  }

  /** How long a write waits while another process writes; zero or less: not at all. */
  public SqliteSettings busyTimeout(Duration limit) {
    return new SqliteSettings(location, timeout, limit, wal);
  }

  /** Keeps a rollback journal instead of a write-ahead log: slower, and readers block writers. */
  public SqliteSettings withoutWal() {
    return new SqliteSettings(location, timeout, busyTimeout, false);
  }

  Duration timeout() {
    return timeout;
  }

  /** Whole milliseconds, never negative. */
  int busyMillis() {
    return (int) Math.max(0, Math.min(Integer.MAX_VALUE, busyTimeout.toMillis()));
  }

  boolean usesWal() {
    return wal && !location.inMemory() && !location.readOnly();
  }

  boolean isInMemory() {
    return location.inMemory();
  }

  boolean isReadOnly() {
    return location.readOnly();
  }

  @Nullable
  Path file() {
    return location.file();
  }

  String jdbcUrl() {
    return location.jdbcUrl();
  }

  Map<String, String> pragmas() {
    return location.pragmas();
  }

  /** The file, or {@code :memory:}: how messages call the database. */
  @Override
  public String toString() {
    var file = location.file();
    return file == null ? ":memory:" : file.toString();
  }
}
