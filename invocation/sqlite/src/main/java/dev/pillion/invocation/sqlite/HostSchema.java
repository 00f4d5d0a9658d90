// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.sqlite;

import dev.pillion.ComponentException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.sqlite.SqliteDatabase;
import dev.pillion.connections.sqlite.SqliteSession;
import java.sql.SQLException;

/** Creates Dapr's tables, and keeps the schema's level where Dapr looks for it. */
final class HostSchema {
  private static final int LEVEL = 1;

  private final String table;
  private final String metadataTable;

  HostSchema(String table, String metadataTable) {
    this.table = table;
    this.metadataTable = metadataTable;
  }

  /**
   * Brings the schema up to date in one transaction that keeps other writers out, daprd's migration
   * included; a higher level than known is left as it is.
   */
  void migrate(SqliteDatabase database, Deadline deadline) {
    if (!database.read(this::isCurrent, deadline)) {
      database.write(this::create, deadline);
    }
  }

  private boolean isCurrent(SqliteSession session) throws SQLException {
    return exists(session, metadataTable) && level(session) >= LEVEL && exists(session, table);
  }

  private boolean create(SqliteSession session) throws SQLException {
    session.execute("""
        CREATE TABLE IF NOT EXISTS %s (
          key text NOT NULL PRIMARY KEY,
          value text NOT NULL
        )""".formatted(metadataTable));
    int level = level(session);
    session.execute("""
        CREATE TABLE IF NOT EXISTS %s (
          registration_id TEXT NOT NULL PRIMARY KEY,
          address TEXT NOT NULL,
          app_id TEXT NOT NULL,
          namespace TEXT NOT NULL,
          last_update INTEGER NOT NULL
        )""".formatted(table));
    session.execute(
        "CREATE UNIQUE INDEX IF NOT EXISTS %1$s_address_idx ON %1$s (address)".formatted(table));
    session.execute(
        "CREATE INDEX IF NOT EXISTS %1$s_last_update_idx ON %1$s (last_update)".formatted(table));
    if (level < LEVEL) {
      session.execute("REPLACE INTO %s (key, value) VALUES ('nr-migrations', '%d')"
          .formatted(metadataTable, LEVEL));
    }
    return true;
  }

  private int level(SqliteSession session) throws SQLException {
    var sql = "SELECT value FROM %s WHERE key = 'nr-migrations'".formatted(metadataTable);
    try (var result = session.statement(sql).executeQuery()) {
      if (!result.next()) {
        return 0;
      }
      var text = String.valueOf(result.getString(1));
      try {
        int level = Integer.parseInt(text);
        if (level >= 0) {
          return level;
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
