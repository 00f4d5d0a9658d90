// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * PostgreSQL: rows are locked for as long as their events are being published, so that the end of
 * the connection, for whatever reason, gives them back.
 */
final class PostgresTable extends OutboxTable {
  private static final String UNDEFINED_TABLE = "42P01";
  private static final String DUPLICATE_TABLE = "42P07";
  private static final String UNIQUE_VIOLATION = "23505";

  /**
   * A session that the server has not yet missed may hold the rows; others go on meanwhile. And for
   * so long the server may be silent before its connection counts as lost.
   */
  private static final int PATIENCE_SECONDS = 30;

  private record Key(String pubsub, String topic, String key) {}

  PostgresTable(String name) {
    super(name);
  }

  @Override
  List<String> ddl() {
    return List.of(
        """
        CREATE TABLE IF NOT EXISTS %s (
          id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
          app_id text NOT NULL,
          pubsub text NOT NULL,
          topic text NOT NULL,
          order_key text,
          data bytea NOT NULL,
          content_type text NOT NULL,
          metadata text NOT NULL,
          created_at timestamptz NOT NULL DEFAULT now(),
          attempts integer NOT NULL DEFAULT 0,
          held_until bigint NOT NULL DEFAULT 0
        )""".formatted(name()),
        "CREATE INDEX IF NOT EXISTS %1$s_order ON %1$s (order_key, id) WHERE order_key IS NOT NULL"
            .formatted(name()),
        "CREATE INDEX IF NOT EXISTS %1$s_held ON %1$s (order_key, id) WHERE held_until > 0"
            .formatted(name()));
  }

  @Override
  boolean isMissing(SQLException e) {
    return UNDEFINED_TABLE.equals(e.getSQLState());
  }

  @Override
  boolean isCreatedByOthers(SQLException e) {
    return UNIQUE_VIOLATION.equals(e.getSQLState()) || DUPLICATE_TABLE.equals(e.getSQLState());
  }

  @Override
  boolean isAutoCommitting() {
    return false;
  }

  /** Each statement sees what others have committed before it. */
  @Override
  int isolation() {
    return Connection.TRANSACTION_READ_COMMITTED;
  }

  @Override
  List<OutboxRow> take(Connection connection, Taking taking) throws SQLException {
    List<OutboxRow> locked;
    try (var select =
        connection.prepareStatement(takeable(columns(), taking) + " FOR UPDATE OF o SKIP LOCKED")) {
      bind(select, 1, taking);
      try (var found = select.executeQuery()) {
        locked = rows(found);
      }
    }
    var first = firstOfOthers(connection, taking.appId(), locked);
    return locked.stream()
        .filter(row -> {
          var key = key(row.event());
          return key == null || row.id() < first.getOrDefault(key, Long.MAX_VALUE);
        })
        .toList();
  }

  /**
   * For each key the first row that is not among ours: another relay has it, or it was committed
   * this moment. What comes behind it has to wait.
   */
  private Map<Key, Long> firstOfOthers(Connection connection, String appId, List<OutboxRow> locked)
      throws SQLException {
    var keys = locked.stream()
        .map(row -> row.event().key())
        .filter(key -> key != null)
        .distinct()
        .toArray();
    if (keys.length == 0) {
      return Map.of();
    }
    try (var select = connection.prepareStatement("SELECT pubsub, topic, order_key, MIN(id) FROM "
        + name()
        + " WHERE order_key = ANY(?) AND id < ? AND id <> ALL(?) AND app_id = ?"
        + " GROUP BY pubsub, topic, order_key")) {
      select.setArray(1, connection.createArrayOf("text", keys));
      select.setLong(2, locked.get(locked.size() - 1).id());
      select.setArray(
          3,
          connection.createArrayOf("bigint", locked.stream().map(OutboxRow::id).toArray()));
      select.setString(4, appId);
      var first = new HashMap<Key, Long>();
      try (var found = select.executeQuery()) {
        while (found.next()) {
          first.put(
              new Key(found.getString(1), found.getString(2), found.getString(3)),
              found.getLong(4));
        }
      }
      return first;
    }
  }

  private static @Nullable Key key(OutboxEvent event) {
    return event.key() == null ? null : new Key(event.pubsub(), event.topic(), event.key());
  }

  /** The locks end when the connection does, which shows only when the server is asked. */
  @Override
  Duration renewEvery(Duration lease) {
    return Duration.ZERO;
  }

  @Override
  boolean renew(Connection connection, String token, Instant until) throws SQLException {
    return connection.isValid(PATIENCE_SECONDS);
  }

  @Override
  void settle(Connection connection, String token, Outcome outcome) throws SQLException {
    if (!outcome.done().isEmpty()) {
      try (var delete =
          connection.prepareStatement("DELETE FROM " + name() + " WHERE id = ANY(?)")) {
        delete.setQueryTimeout(PATIENCE_SECONDS);
        delete.setArray(1, connection.createArrayOf("bigint", outcome.done().toArray()));
        delete.executeUpdate();
      }
    }
    if (!outcome.refused().isEmpty()) {
      try (var hold = connection.prepareStatement(
          "UPDATE " + name() + " SET attempts = attempts + 1, held_until = ? WHERE id = ?")) {
        hold.setQueryTimeout(PATIENCE_SECONDS);
        for (var row : outcome.refused().entrySet()) {
          hold.setLong(1, row.getValue().toEpochMilli());
          hold.setLong(2, row.getKey());
          hold.addBatch();
        }
        hold.executeBatch();
      }
    }
    connection.commit();
  }
}
