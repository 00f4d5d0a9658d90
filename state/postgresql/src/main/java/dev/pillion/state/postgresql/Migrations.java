// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import dev.pillion.ComponentException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the tables of one store up to date, beside whoever does the same at that moment, daprd
 * included: Dapr's lock row keeps all but one out. Unlike Dapr's, all steps are one transaction.
 */
final class Migrations {
  private static final Logger LOG = LoggerFactory.getLogger(Migrations.class);
  private static final String UNDEFINED_TABLE = "42P01";

  /** What a CREATE … IF NOT EXISTS answers that another one has overtaken. */
  private static final Set<String> OVERTAKEN = Set.of("23505", "42P07", "42710");

  private static final int ATTEMPTS = 3;

  private Migrations() {}

  /** One migration; it runs within the transaction of all. */
  interface Step {
    void run(Connection connection) throws SQLException;
  }

  static void run(Connection connection, Layout layout) throws SQLException {
    if (isUpToDate(connection, layout)) {
      return;
    }
    for (int attempt = 1; ; attempt++) {
      try {
        migrate(connection, layout);
        return;
      } catch (SQLException e) {
        if (attempt == ATTEMPTS || !OVERTAKEN.contains(String.valueOf(e.getSQLState()))) {
          throw e;
        }
      }
    }
  }

  /** Without the lock: the level is written when its step is done, and never goes back. */
  private static boolean isUpToDate(Connection connection, Layout layout) throws SQLException {
    try {
      return level(connection, layout) >= layout.steps().size();
    } catch (SQLException e) {
      if (UNDEFINED_TABLE.equals(e.getSQLState())) {
        return false;
      }
      throw e;
    }
  }

  private static void migrate(Connection connection, Layout layout) throws SQLException {
    var metadata = layout.metadataTable();
    try (var statement = connection.createStatement()) {
      statement.execute("""
          CREATE TABLE IF NOT EXISTS %s (
            key text NOT NULL PRIMARY KEY,
            value text NOT NULL
          )""".formatted(metadata));
      statement.execute(
          "INSERT INTO %s (key, value) VALUES ('lock', 'lock') ON CONFLICT (key) DO NOTHING"
              .formatted(metadata));
    }
    int from = Transaction.in(connection, () -> {
      try (var lock = connection.createStatement()) {
        lock.execute("SELECT value FROM %s WHERE key = 'lock' FOR UPDATE".formatted(metadata));
      }
      int done = level(connection, layout);
      var steps = layout.steps();
      for (int i = done; i < steps.size(); i++) {
        steps.get(i).run(connection);
      }
      if (done < steps.size()) {
        setLevel(connection, layout, steps.size());
      }
      return done;
    });
    LOG.info(
        "table \"{}\" migrated from level {} to {}",
        layout.table(),
        from,
        Math.max(from, layout.steps().size()));
  }

  private static int level(Connection connection, Layout layout) throws SQLException {
    var sql = "SELECT value FROM %s WHERE key = ?".formatted(layout.metadataTable());
    try (var statement = connection.prepareStatement(sql)) {
      statement.setString(1, layout.migrationKey());
      try (var rows = statement.executeQuery()) {
        return rows.next() ? parse(rows.getString(1), layout) : 0;
      }
    }
  }

  private static int parse(String text, Layout layout) {
    try {
      int level = Integer.parseInt(text);
      if (level >= 0) {
        return level;
      }
    } catch (NumberFormatException e) {
      // Falls through: the text is named below.
    }
    throw ComponentException.failed(
        "table \"%s\" says \"%s\" for \"%s\", which is no migration level"
            .formatted(layout.metadataTable(), text, layout.migrationKey()),
        null);
  }

  private static void setLevel(Connection connection, Layout layout, int level)
      throws SQLException {
    var sql =
        "INSERT INTO %s (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
            .formatted(layout.metadataTable());
    try (var statement = connection.prepareStatement(sql)) {
      statement.setString(1, layout.migrationKey());
      statement.setString(2, Integer.toString(level));
      statement.executeUpdate();
    }
  }
}
