// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.sqlite;

import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.jdbc.ExpiredRows;
import dev.pillion.connections.sqlite.SqliteDatabase;
import java.time.Duration;

/**
 * Deletes rows that have been silent for a whole cleanup interval. Not sooner: a daprd whose row is
 * gone ends its process, and one that was only stopped for a while should go on.
 */
final class ExpiredHosts implements ExpiredRows {
  private final SqliteDatabase database;
  private final String claim;
  private final String delete;

  ExpiredHosts(SqliteDatabase database, String table, String metadataTable, Duration silence) {
    this.database = database;
    claim = """
        INSERT INTO %s (key, value) VALUES ('nr-last-cleanup', CURRENT_TIMESTAMP)
        ON CONFLICT (key) DO UPDATE SET value = CURRENT_TIMESTAMP
        WHERE (unixepoch(CURRENT_TIMESTAMP) - unixepoch(value)) * 1000 > ?""".formatted(metadataTable);
    delete = "DELETE FROM %s WHERE unixepoch(CURRENT_TIMESTAMP) - last_update >= %d"
        .formatted(table, silence.toSeconds());
  }

  @Override
  public boolean claim(Duration age, Deadline deadline) {
    return database.writeOne(
        session -> {
          var statement = session.statement(claim);
          statement.setLong(1, age.toMillis());
          return statement.executeUpdate() > 0;
        },
        deadline);
  }

  @Override
  public long delete(Deadline deadline) {
    return database.writeOne(session -> (long) session.statement(delete).executeUpdate(), deadline);
  }
}
