// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.sqlite;

import dev.pillion.ComponentException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.sqlite.SqliteDatabase;
import dev.pillion.connections.sqlite.SqliteSession;
import java.sql.SQLException;

/** Creates Dapr's tables, and keeps the schema's version where Dapr looks for it. */
final class StateSchema {
  private static final int VERSION = 1;

  private final String table;
  private final String metadataTable;

  StateSchema(String table, String metadataTable) {
    this.table = table;
    this.metadataTable = metadataTable;
  }

  /** Brings the schema up to date; a newer version than known is left as it is. */
  void migrate(SqliteDatabase database, Deadline deadline) {
    if (!database.read(this::isCurrent, deadline)) {
      database.write(this::create, deadline);
    }
  }

  private boolean isCurrent(SqliteSession session) throws SQLException {
    return exists(session, metadataTable) && version(session) >= VERSION && exists(session, table);
  }

  private boolean create(SqliteSession session) throws SQLException {
    session.execute("""
        CREATE TABLE IF NOT EXISTS %s (
          key text NOT NULL PRIMARY KEY,
          value text NOT NULL
        )""".formatted(metadataTable));
    int version = version(session);
    session.execute("""
        CREATE TABLE IF NOT EXISTS %s (
          key TEXT NOT NULL PRIMARY KEY,
          value TEXT NOT NULL,
          is_binary BOOLEAN NOT NULL,
          etag TEXT NOT NULL,
          expiration_time TIMESTAMP DEFAULT NULL,
          update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
        )""".formatted(table));
    if (version < VERSION) {
      session.execute("REPLACE INTO %s (key, value) VALUES ('migrations', '%d')"
          .formatted(metadataTable, VERSION));
    }
    return true;
  }

  private int version(SqliteSession session) throws SQLException {
    var sql = "SELECT value FROM %s WHERE key = 'migrations'".formatted(metadataTable);
    try (var result = session.statement(sql).executeQuery()) {
      if (!result.next()) {
        return 0;
      }
      var text = String.valueOf(result.getString(1));
      try {
        int version = Integer.parseInt(text);
        if (version >= 0) {
          return version;
        }
      } catch (NumberFormatException e) {
        // Refused below.
      }
      throw ComponentException.failed(
          "invalid migration level found in metadata table: " + text, null);
    }
  }

  private static boolean exists(SqliteSession session, String name) throws SQLException {
    var statement = session.statement(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE");
    statement.setString(1, name);
    try (var result = statement.executeQuery()) {
      return result.next();
    }
  }
}
