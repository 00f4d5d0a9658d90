// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.sqlite.SQLiteConnection;

/**
 * One connection with the statements it has prepared. Belongs to one {@link SqlWork} while that
 * runs, and is not thread-safe.
 */
public final class SqliteSession {
  private static final int MAX_STATEMENTS = 128;

  private final SQLiteConnection connection;
  private final LinkedHashMap<String, PreparedStatement> statements =
      new LinkedHashMap<>(32, 0.75f, true);

  SqliteSession(SQLiteConnection connection) {
    this.connection = connection;
  }

  /** The statement for this text, prepared once and kept; not to be closed by the caller. */
  public PreparedStatement statement(String sql) throws SQLException {
    var statement = statements.get(sql);
    if (statement != null) {
      return statement;
    }
    if (statements.size() >= MAX_STATEMENTS) {
      var eldest = statements.entrySet().iterator();
      Map.Entry<String, PreparedStatement> entry = eldest.next();
      eldest.remove();
      entry.getValue().close();
    }
    statement = connection.prepareStatement(sql);
    statements.put(sql, statement);
    return statement;
  }

  /** Runs a statement that is not worth keeping, such as one that creates a table. */
  public void execute(String sql) throws SQLException {
    try (var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Drops what is prepared: the driver leaves a statement unusable after some errors. */
  void forgetStatements() {
    for (PreparedStatement statement : statements.values()) {
      try {
        statement.close();
      } catch (SQLException e) {
        // It was being thrown away.
      }
    }
    statements.clear();
  }

  /** Moves the write-ahead log into the database and empties it, waiting for readers that long. */
  void emptyLog(int waitMillis) throws SQLException {
    connection.setBusyTimeout(waitMillis);
    try {
      execute("PRAGMA wal_checkpoint(TRUNCATE)");
    } finally {
      connection.setBusyTimeout(0);
    }
  }

  void close() throws SQLException {
    forgetStatements();
    connection.close();
  }
}
