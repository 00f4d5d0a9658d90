// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import dev.pillion.ComponentException;
import dev.pillion.concurrent.Deadline;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;

/**
 * Dapr's table of keys and values in which a component keeps how far its own table has been
 * migrated, and when rows of it were last cleaned up: several components share one, each with a
 * prefix of its own. Thread-safe.
 */
public final class MetadataTable {
  /** The only one that Dapr has. */
  private static final int LEVEL = 1;

  private final String name;
  private final String prefix;

  /**
   * @param name of the table, as it may stand in SQL
   * @param prefix of the component's keys, such as {@code "nr-"}; empty for state stores
   */
  public MetadataTable(String name, String prefix) {
    this.name = name;
    this.prefix = prefix;
  }

  /**
   * Brings the component's table up to date in one transaction that keeps other writers out,
   * daprd's migration included; a higher level than known is left as it is.
   *
   * @param table the component's own
   * @param creations the SQL that makes what is missing of it
   * @throws ComponentException when the database fails, or the level is no number
   */
  public void migrate(
      SqliteDatabase database, String table, List<String> creations, Deadline deadline) {
    if (!database.read(session -> isCurrent(session, table), deadline)) {
      database.write(session -> create(session, creations), deadline);
    }
  }

  private boolean isCurrent(SqliteSession session, String table) throws SQLException {
    return exists(session, name) && level(session) >= LEVEL && exists(session, table);
  }

  private boolean create(SqliteSession session, List<String> creations) throws SQLException {
    session.execute("""
        CREATE TABLE IF NOT EXISTS %s (
          key text NOT NULL PRIMARY KEY,
          value text NOT NULL
        )""".formatted(name));
    int level = level(session);
    for (var creation : creations) {
      session.execute(creation);
    }
    if (level < LEVEL) {
      session.execute("REPLACE INTO %s (key, value) VALUES ('%smigrations', '%d')"
          .formatted(name, prefix, LEVEL));
    }
    return true;
  }

  private int level(SqliteSession session) throws SQLException {
    var sql = "SELECT value FROM %s WHERE key = '%smigrations'".formatted(name, prefix);
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

  /**
   * Takes over the next cleanup, if the last one of all processes is longer ago than the age; the
   * clock is SQLite's.
   */
  public boolean claimCleanup(SqliteDatabase database, Duration age, Deadline deadline) {
    var claim = """
        INSERT INTO %s (key, value) VALUES ('%slast-cleanup', CURRENT_TIMESTAMP)
        ON CONFLICT (key) DO UPDATE SET value = CURRENT_TIMESTAMP
        WHERE (unixepoch(CURRENT_TIMESTAMP) - unixepoch(value)) * 1000 > ?""".formatted(name, prefix);
    return database.writeOne(
        session -> {
          var statement = session.statement(claim);
          statement.setLong(1, age.toMillis());
          return statement.executeUpdate() > 0;
        },
        deadline);
  }
}
