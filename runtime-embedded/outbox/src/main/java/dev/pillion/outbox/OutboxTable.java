// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import dev.pillion.ComponentException;
import dev.pillion.concurrent.Deadline;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;

/**
 * The table of events in one database's SQL. Rows are taken by their state alone: one with a lower
 * id may well be committed later. Immutable, thread-safe.
 */
abstract class OutboxTable {
  private static final String COLUMNS =
      "o.id, o.attempts, o.pubsub, o.topic, o.order_key, o.data, o.content_type, o.metadata";

  private final String name;

  OutboxTable(String name) {
    this.name = name;
  }

  /**
   * The table in the connection's database.
   *
   * @throws ComponentException when nothing is known about such a database
   */
  static OutboxTable of(Connection connection, String name) throws SQLException {
    var product = connection.getMetaData().getDatabaseProductName();
    return switch (product) {
      case "PostgreSQL" -> new PostgresTable(name);
      case "SQLite" -> new SqliteTable(name);
      default ->
        throw ComponentException.failed(
            "an outbox can't be kept in \"%s\"; it can in PostgreSQL and SQLite".formatted(product),
            null);
    };
  }

  final String name() {
    return name;
  }

  /** What creates the table and its indices where they are missing. */
  abstract List<String> ddl();

  /** Whether the failure says that the table is not there. */
  abstract boolean isMissing(SQLException e);

  /** Whether creating failed because somebody else did the same at the same time. */
  abstract boolean isCreatedByOthers(SQLException e);

  /** Whether its SQL is made for connections that commit each statement by itself. */
  abstract boolean isAutoCommitting();

  /** The isolation that its SQL is made for. */
  abstract int isolation();

  /**
   * Takes rows for this relay, in order of their ids. What it takes is nobody else's until
   * {@link #settle}, within the connection's transaction or by a lease.
   */
  abstract List<OutboxRow> take(Connection connection, Taking taking) throws SQLException;

  /** How long {@link #renew} may be put off; zero for asking before each round of publishing. */
  abstract Duration renewEvery(Duration lease);

  /**
   * Keeps what was taken for longer.
   *
   * @return whether it still is this relay's
   */
  abstract boolean renew(Connection connection, String token, Instant until) throws SQLException;

  /** Deletes what is done, holds what was refused, and lets go of all else that was taken. */
  abstract void settle(Connection connection, String token, Outcome outcome) throws SQLException;

  /**
   * What a relay asks for.
   *
   * @param token this taking's own name
   * @param away pubsubs that take nothing now
   * @param lease for how long it takes
   */
  record Taking(
      String appId, String token, Instant now, Set<String> away, int limit, Duration lease) {}

  final void check(Connection connection) throws SQLException {
    try (var select = connection.prepareStatement(
            "SELECT id, held_until FROM " + name + " WHERE id IS NULL");
        var none = select.executeQuery()) {
      none.next();
    }
  }

  final void insert(Connection connection, String appId, OutboxEvent event) throws SQLException {
    try (var insert = connection.prepareStatement(
        "INSERT INTO " + name
            + " (app_id, pubsub, topic, order_key, data, content_type, metadata) VALUES (?, ?, ?, ?, ?, ?, ?)")) {
      insert.setString(1, appId);
      insert.setString(2, event.pubsub());
      insert.setString(3, event.topic());
      insert.setString(4, event.key());
      insert.setBytes(5, event.data());
      insert.setString(6, event.contentType());
      insert.setString(7, MetadataText.write(event.metadata()));
      insert.executeUpdate();
    }
  }

  /** How many events have been refused and not been published since. */
  final long refused(Connection connection, String appId, Deadline deadline) throws SQLException {
    try (var count = connection.prepareStatement(
        "SELECT COUNT(*) FROM " + name + " WHERE held_until > 0 AND attempts > 0 AND app_id = ?")) {
      long seconds = deadline.isSet() ? deadline.remainingNanos() / 1_000_000_000 + 1 : 0;
      count.setQueryTimeout((int) Math.min(Integer.MAX_VALUE, Math.max(0, seconds)));
      count.setString(1, appId);
      try (var found = count.executeQuery()) {
        return found.next() ? found.getLong(1) : 0;
      }
    }
  }

  /**
   * The rows that may be taken, but for those that others have at this moment. A row waits behind
   * an earlier one of its key that is held.
   */
  final String takeable(String columns, Taking taking) {
    return "SELECT " + columns + " FROM " + name + " o WHERE o.app_id = ? AND o.held_until <= ?"
        + (taking.away.isEmpty()
            ? ""
            : " AND o.pubsub NOT IN ("
                + String.join(", ", Collections.nCopies(taking.away.size(), "?")) + ")")
        + " AND (o.order_key IS NULL OR NOT EXISTS (SELECT 1 FROM " + name
        + " e WHERE e.held_until > 0 AND e.held_until > ? AND e.order_key = o.order_key"
        + " AND e.id < o.id AND e.app_id = o.app_id AND e.pubsub = o.pubsub AND e.topic = o.topic))"
        + " ORDER BY o.id LIMIT ?";
  }

  /** Fills in {@link #takeable} from this parameter on. */
  static void bind(PreparedStatement statement, int from, Taking taking) throws SQLException {
    int next = from;
    statement.setString(next++, taking.appId);
    statement.setLong(next++, taking.now.toEpochMilli());
    for (var pubsub : taking.away) {
      statement.setString(next++, pubsub);
    }
    statement.setLong(next++, taking.now.toEpochMilli());
    statement.setInt(next, taking.limit);
  }

  static String columns() {
    return COLUMNS;
  }

  static List<OutboxRow> rows(ResultSet found) throws SQLException {
    var rows = new ArrayList<OutboxRow>();
    while (found.next()) {
      rows.add(new OutboxRow(
          found.getLong(1),
          found.getInt(2),
          new OutboxEvent(
              found.getString(3),
              found.getString(4),
              found.getString(5),
              found.getBytes(6),
              found.getString(7),
              MetadataText.read(found.getString(8)))));
    }
    return rows;
  }
}
