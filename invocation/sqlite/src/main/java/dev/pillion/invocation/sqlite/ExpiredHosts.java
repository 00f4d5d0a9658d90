// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.sqlite;

import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.jdbc.ExpiredRows;
import dev.pillion.connections.sqlite.MetadataTable;
import dev.pillion.connections.sqlite.SqliteDatabase;
import java.time.Duration;

/**
 * Deletes rows that have been silent for a whole cleanup interval. Not sooner: a daprd whose row is
 * gone ends its process, and one that was only stopped for a while should go on.
 */
final class ExpiredHosts implements ExpiredRows {
  private final SqliteDatabase database;
  private final MetadataTable metadata;
  private final String delete;

  ExpiredHosts(SqliteDatabase database, String table, MetadataTable metadata, Duration silence) {
    this.database = database;
    this.metadata = metadata;
    delete = "DELETE FROM %s WHERE unixepoch(CURRENT_TIMESTAMP) - last_update >= %d"
        .formatted(table, silence.toSeconds());
  }

  @Override
  public boolean claim(Duration age, Deadline deadline) {
    return metadata.claimCleanup(database, age, deadline);
  }

  @Override
  public long delete(Deadline deadline) {
    return database.writeOne(session -> (long) session.statement(delete).executeUpdate(), deadline);
  }
}
