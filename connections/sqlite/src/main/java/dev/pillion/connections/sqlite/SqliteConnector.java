// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import dev.pillion.ComponentException;
import java.nio.file.Files;
import java.sql.SQLException;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import org.sqlite.JDBC;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteConnection;

/** Opens connections and makes sure that they keep what was promised. */
final class SqliteConnector {
  private static final String SYNCHRONOUS_FULL = "2";
  private static final String SYNCHRONOUS_EXTRA = "3";

  private final SqliteSettings settings;
  private final NetworkFileSystem fileSystem;

  SqliteConnector(SqliteSettings settings, NetworkFileSystem fileSystem) {
    this.settings = settings;
    this.fileSystem = fileSystem;
  }

  /** The one connection that writes. */
  SqliteSession openWriter() throws SQLException {
    checkPlace();
    var connection = connect();
    try {
      if (!settings.isReadOnly()) {
        require(connection, "encoding", "UTF-8");
        setJournalMode(connection);
        setSynchronous(connection);
      }
      // Transactions are begun by hand; waiting for other writers is ours too where it can be.
      connection.setBusyTimeout(settings.usesWal() ? 0 : settings.busyMillis());
      return session(connection);
    } catch (SQLException | RuntimeException e) {
      closeAfter(connection, e);
      throw e;
    }
  }

  /** A connection that only reads. */
  SqliteSession openReader() throws SQLException {
    var connection = connect();
    try {
      set(connection, "query_only", "1");
      return session(connection);
    } catch (SQLException | RuntimeException e) {
      closeAfter(connection, e);
      throw e;
    }
  }

  private void checkPlace() {
    var file = settings.file();
    if (file == null) {
      return;
    }
    var directory = file.getParent();
    if (directory != null && !Files.isDirectory(directory)) {
      throw ComponentException.unavailable(
          "sqlite database \"%s\" can't be opened: there is no directory \"%s\""
              .formatted(settings, directory),
          null);
    }
    fileSystem.refuse(file);
  }

  private SQLiteConnection connect() throws SQLException {
    var config = new SQLiteConfig();
    config.setBusyTimeout(settings.busyMillis());
    config.setGetGeneratedKeys(false);
    Properties properties = config.toProperties();
    var connection = JDBC.createConnection(settings.jdbcUrl(), properties);
    try {
      for (Map.Entry<String, String> pragma : settings.pragmas().entrySet()) {
        set(connection, pragma.getKey(), pragma.getValue());
      }
      return connection;
    } catch (SQLException | RuntimeException e) {
      closeAfter(connection, e);
      throw e;
    }
  }

  private void setJournalMode(SQLiteConnection connection) throws SQLException {
    var mode = settings.isInMemory() ? "memory" : settings.usesWal() ? "wal" : "delete";
    set(connection, "journal_mode", mode);
    require(connection, "journal_mode", mode);
  }

  private void setSynchronous(SQLiteConnection connection) throws SQLException {
    var wanted = settings.pragmas().getOrDefault("synchronous", "full").toLowerCase(Locale.ROOT);
    boolean extra = wanted.equals("extra") || wanted.equals(SYNCHRONOUS_EXTRA);
    set(connection, "synchronous", extra ? SYNCHRONOUS_EXTRA : SYNCHRONOUS_FULL);
    // On macOS a plain sync stops at the drive's cache; elsewhere these two do nothing.
    set(connection, "fullfsync", "1");
    set(connection, "checkpoint_fullfsync", "1");
    require(connection, "synchronous", extra ? SYNCHRONOUS_EXTRA : SYNCHRONOUS_FULL);
  }

  private void require(SQLiteConnection connection, String pragma, String expected)
      throws SQLException {
    var actual = read(connection, pragma);
    if (!actual.equalsIgnoreCase(expected)) {
      throw ComponentException.failed(
          "sqlite database \"%s\" has %s=%s and would not take %s"
              .formatted(settings, pragma, actual, expected),
          null);
    }
  }

  private static String read(SQLiteConnection connection, String pragma) throws SQLException {
    try (var statement = connection.createStatement();
        var result = statement.executeQuery("PRAGMA " + pragma)) {
      return result.next() ? String.valueOf(result.getString(1)) : "";
    }
  }

  private static void set(SQLiteConnection connection, String pragma, String value)
      throws SQLException {
    try (var statement = connection.createStatement()) {
      statement.execute("PRAGMA %s=%s".formatted(pragma, value));
    }
  }

  private static SqliteSession session(SQLiteConnection connection) {
    // The driver would otherwise begin and commit an empty transaction after each statement.
    connection.getConnectionConfig().setAutoCommit(false);
    return new SqliteSession(connection);
  }

  private static void closeAfter(SQLiteConnection connection, Exception failure) {
    try {
      connection.close();
    } catch (SQLException e) {
      failure.addSuppressed(e);
    }
  }
}
