// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;

/**
 * SQLite: there is one writer at a time, so rows are taken by a claim with a lease, and no
 * transaction is open while their events are being published.
 */
final class SqliteTable extends OutboxTable {
  SqliteTable(String name) {
    super(name);
  }

  @Override
  List<String> ddl() {
    return List.of(
        """
        CREATE TABLE IF NOT EXISTS %s (
          id INTEGER PRIMARY KEY,
          app_id TEXT NOT NULL,
          pubsub TEXT NOT NULL,
          topic TEXT NOT NULL,
          order_key TEXT,
          data BLOB NOT NULL,
          content_type TEXT NOT NULL,
          metadata TEXT NOT NULL,
          created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
          attempts INTEGER NOT NULL DEFAULT 0,
          held_until INTEGER NOT NULL DEFAULT 0,
          claimed_by TEXT
        )""".formatted(name()),
        "CREATE INDEX IF NOT EXISTS %1$s_order ON %1$s (order_key, id) WHERE order_key IS NOT NULL"
            .formatted(name()),
        "CREATE INDEX IF NOT EXISTS %1$s_held ON %1$s (order_key, id) WHERE held_until > 0"
            .formatted(name()));
  }

  @Override
  boolean isMissing(SQLException e) {
    return String.valueOf(e.getMessage()).contains("no such table");
  }

  @Override
  boolean isCreatedByOthers(SQLException e) {
    return false;
  }

  /**
   * Whatever the program has set its transactions to begin with, which the driver does at once, a
   * lock is held for no longer than a statement.
   */
  @Override
  boolean isAutoCommitting() {
    return true;
  }

  @Override
  int isolation() {
    return Connection.TRANSACTION_SERIALIZABLE;
  }

  @Override
  List<OutboxRow> take(Connection connection, Taking taking) throws SQLException {
    if (!isAnyThere(connection, taking)) {
      return List.of();
    }
    try (var claim = connection.prepareStatement("UPDATE " + name()
        + " SET claimed_by = ?, held_until = ? WHERE id IN (" + takeable("o.id", taking) + ")")) {
      claim.setString(1, taking.token());
      claim.setLong(2, taking.now().plus(taking.lease()).toEpochMilli());
      bind(claim, 3, taking);
      claim.executeUpdate();
    }
    try (var select = connection.prepareStatement("SELECT " + columns() + " FROM " + name()
        + " o WHERE o.held_until > 0 AND o.claimed_by = ? ORDER BY o.id")) {
      select.setString(1, taking.token());
      try (var found = select.executeQuery()) {
        return rows(found);
      }
    }
  }

  /** Looks without claiming, so that an idle relay writes nothing. */
  private boolean isAnyThere(Connection connection, Taking taking) throws SQLException {
    try (var select = connection.prepareStatement(takeable("o.id", taking))) {
      bind(select, 1, taking);
      try (var found = select.executeQuery()) {
        return found.next();
      }
    }
  }

  @Override
  Duration renewEvery(Duration lease) {
    return lease.dividedBy(3);
  }

  @Override
  boolean renew(Connection connection, String token, Instant until) throws SQLException {
    try (var renew = connection.prepareStatement(
        "UPDATE " + name() + " SET held_until = ? WHERE held_until > 0 AND claimed_by = ?")) {
      renew.setLong(1, until.toEpochMilli());
      renew.setString(2, token);
      return renew.executeUpdate() > 0;
    }
  }

  @Override
  void settle(Connection connection, String token, Outcome outcome) throws SQLException {
    var done = outcome.done();
    if (!done.isEmpty()) {
      try (var delete = connection.prepareStatement("DELETE FROM " + name() + " WHERE id IN ("
          + String.join(", ", Collections.nCopies(done.size(), "?")) + ")")) {
        for (int i = 0; i < done.size(); i++) {
          delete.setLong(i + 1, done.get(i));
        }
        delete.executeUpdate();
      }
    }
    for (var row : outcome.refused().entrySet()) {
      try (var hold = connection.prepareStatement("UPDATE " + name()
          + " SET attempts = attempts + 1, held_until = ?, claimed_by = NULL"
          + " WHERE id = ? AND claimed_by = ?")) {
        hold.setLong(1, row.getValue().toEpochMilli());
        hold.setLong(2, row.getKey());
        hold.setString(3, token);
        hold.executeUpdate();
      }
    }
    if (outcome.hasMore()) {
      try (var release = connection.prepareStatement("UPDATE " + name()
          + " SET held_until = 0, claimed_by = NULL WHERE held_until > 0 AND claimed_by = ?")) {
        release.setString(1, token);
        release.executeUpdate();
      }
    }
  }
}
