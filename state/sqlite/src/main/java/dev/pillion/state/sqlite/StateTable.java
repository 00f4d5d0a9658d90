// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.sqlite;

import dev.pillion.BuildingBlockException;
import dev.pillion.connections.sqlite.SqlWork;
import dev.pillion.connections.sqlite.SqliteSession;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StoredValue;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The SQL of Dapr's state table. Each change is one statement, which judges its own condition. */
final class StateTable {
  private static final String VISIBLE =
      "(expiration_time IS NULL OR expiration_time > CURRENT_TIMESTAMP)";

  private static final int MAX_KEYS = 256;

  private final String table;
  private final Map<Integer, String> selectMany = new ConcurrentHashMap<>();
  private final String probe;
  private final String select;
  private final String save;
  private final String saveFirst;
  private final String saveOver;
  private final String delete;
  private final String deleteEtag;

  /** What makes Dapr's table. */
  static List<String> creations(String table) {
    return List.of("""
        CREATE TABLE IF NOT EXISTS %s (
          key TEXT NOT NULL PRIMARY KEY,
          value TEXT NOT NULL,
          is_binary BOOLEAN NOT NULL,
          etag TEXT NOT NULL,
          expiration_time TIMESTAMP DEFAULT NULL,
          update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
        )""".formatted(table));
  }

  StateTable(String table) {
    this.table = table;
    probe = "SELECT 1 FROM %s LIMIT 1".formatted(table);
    select = "SELECT value, is_binary, etag, expiration_time FROM %s WHERE key = ? AND %s"
        .formatted(table, VISIBLE);
    // An update in place instead of Dapr's INSERT OR REPLACE: the same row with less to write.
    save = """
        INSERT INTO %s (value, is_binary, etag, expiration_time, key, update_time)
        VALUES (?, ?, ?, DATETIME(CURRENT_TIMESTAMP, ?), ?, CURRENT_TIMESTAMP)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value, is_binary = excluded.is_binary,
        etag = excluded.etag, expiration_time = excluded.expiration_time,
        update_time = excluded.update_time""".formatted(table);
    saveFirst = "%s WHERE %s.expiration_time <= CURRENT_TIMESTAMP".formatted(save, table);
    saveOver = """
        UPDATE %s SET value = ?, is_binary = ?, etag = ?,
        expiration_time = DATETIME(CURRENT_TIMESTAMP, ?), update_time = CURRENT_TIMESTAMP
        WHERE key = ? AND etag = ? AND %s""".formatted(table, VISIBLE);
    delete = "DELETE FROM %s WHERE key = ?".formatted(table);
    deleteEtag = "%s AND etag = ? AND %s".formatted(delete, VISIBLE);
  }

  boolean probe(SqliteSession session) throws SQLException {
    try (var result = session.statement(probe).executeQuery()) {
      return result.next();
    }
  }

  Optional<StoredValue> get(SqliteSession session, String key) throws SQLException {
    var statement = session.statement(select);
    statement.setString(1, key);
    try (var result = statement.executeQuery()) {
      return result.next() ? Optional.of(StateRow.read(key, result)) : Optional.empty();
    }
  }

  void getAll(
      SqliteSession session,
      List<String> keys,
      Map<String, StoredValue> found,
      Map<String, BuildingBlockException> failures)
      throws SQLException {
    for (int from = 0; from < keys.size(); from += MAX_KEYS) {
      getPortion(
          session, keys.subList(from, Math.min(keys.size(), from + MAX_KEYS)), found, failures);
    }
  }

  /** One statement for many keys: twice as fast as one statement a key. */
  private void getPortion(
      SqliteSession session,
      List<String> keys,
      Map<String, StoredValue> found,
      Map<String, BuildingBlockException> failures)
      throws SQLException {
    // Rounded up to a power of two, so that few texts are prepared; what is over stays NULL.
    int size = Integer.highestOneBit(keys.size() * 2 - 1);
    var statement = session.statement(selectMany.computeIfAbsent(size, this::selectMany));
    for (int i = 0; i < size; i++) {
      statement.setString(i + 1, i < keys.size() ? keys.get(i) : null);
    }
    try (var result = statement.executeQuery()) {
      while (result.next()) {
        var key = result.getString(StateRow.COLUMNS);
        try {
          found.put(key, StateRow.read(key, result));
        } catch (BuildingBlockException e) {
          failures.put(key, e);
        }
      }
    }
  }

  private String selectMany(int count) {
    return "SELECT value, is_binary, etag, expiration_time, key FROM %s WHERE key IN (%s?) AND %s"
        .formatted(table, "?, ".repeat(count - 1), VISIBLE);
  }

  /** The statement of one change; its result says whether the condition held. */
  SqlWork<Boolean> write(StateChange change) {
    if (change instanceof StateChange.Put put) {
      return save(put);
    }
    var condition = change.condition();
    var etag = condition.etag();
    if (etag == null) {
      return session -> {
        var statement = session.statement(delete);
        statement.setString(1, change.key());
        statement.executeUpdate();
        return true;
      };
    }
    return session -> {
      var statement = session.statement(deleteEtag);
      statement.setString(1, change.key());
      statement.setString(2, etag);
      return statement.executeUpdate() > 0;
    };
  }

  private SqlWork<Boolean> save(StateChange.Put put) {
    var row = StateRow.of(put);
    var condition = put.condition();
    var etag = condition.etag();
    var sql = etag != null ? saveOver : condition.isAbsent() ? saveFirst : save;
    return session -> {
      var statement = session.statement(sql);
      row.bind(statement);
      if (etag != null) {
        statement.setString(StateRow.COLUMNS + 1, etag);
      }
      return statement.executeUpdate() > 0;
    };
  }
}
