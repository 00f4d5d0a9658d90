// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.sqlite;

import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.jdbc.ExpiredRows;
import dev.pillion.connections.sqlite.MetadataTable;
import dev.pillion.connections.sqlite.SqliteDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Finds and deletes expired values, in small portions, so that writers never wait long. */
final class ExpiredState implements ExpiredRows {
  private static final int PORTION = 500;

  private final SqliteDatabase database;
  private final MetadataTable metadata;
  private final String find;
  private final String delete;

  ExpiredState(SqliteDatabase database, String table, MetadataTable metadata) {
    this.database = database;
    this.metadata = metadata;
    find = """
        SELECT rowid FROM %s WHERE rowid > ? AND expiration_time < CURRENT_TIMESTAMP
        ORDER BY rowid LIMIT %d""".formatted(table, PORTION);
    delete =
        "DELETE FROM %s WHERE rowid = ? AND expiration_time < CURRENT_TIMESTAMP".formatted(table);
  }

  @Override
  public boolean claim(Duration age, Deadline deadline) {
    return metadata.claimCleanup(database, age, deadline);
  }

  @Override
  public long delete(Deadline deadline) {
    long deleted = 0;
    long last = Long.MIN_VALUE;
    while (true) {
      var portion = find(last, deadline);
      if (!portion.isEmpty()) {
        deleted += delete(portion, deadline);
        last = portion.get(portion.size() - 1);
      }
      if (portion.size() < PORTION) {
        return deleted;
      }
    }
  }

  private List<Long> find(long after, Deadline deadline) {
    return database.read(
        session -> {
          var statement = session.statement(find);
          statement.setLong(1, after);
          var rows = new ArrayList<Long>();
          try (var result = statement.executeQuery()) {
            while (result.next()) {
              rows.add(result.getLong(1));
            }
          }
          return rows;
        },
        deadline);
  }

  private int delete(List<Long> rows, Deadline deadline) {
    return database.write(
        session -> {
          int count = 0;
          var statement = session.statement(delete);
          for (long row : rows) {
            statement.setLong(1, row);
            count += statement.executeUpdate();
          }
          return count;
        },
        deadline);
  }
}
