// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.jdbc.ExpiredRows;
import dev.pillion.connections.postgresql.PostgresDatabase;
import java.time.Duration;

/** The cleanup of one state table; daprds on the same tables share its schedule. */
final class ExpiredState implements ExpiredRows {
  private final PostgresDatabase database;
  private final String claim;
  private final String key;
  private final String delete;

  ExpiredState(PostgresDatabase database, Layout layout, Statements statements) {
    this.database = database;
    this.key = layout.cleanupKey();
    this.delete = statements.deleteExpired;
    this.claim = """
        INSERT INTO %s AS m (key, value) VALUES (?, now()::text)
        ON CONFLICT (key) DO UPDATE SET value = now()::text
        WHERE (EXTRACT('epoch' FROM now() - m.value::timestamptz) * 1000)::bigint > ?""".formatted(layout.metadataTable());
  }

  @Override
  public boolean claim(Duration age, Deadline deadline) {
    return database.call(deadline, connection -> {
      try (var statement = connection.prepareStatement(claim)) {
        statement.setString(1, key);
        statement.setLong(2, age.toMillis());
        return statement.executeUpdate() > 0;
      }
    });
  }

  @Override
  public long delete(Deadline deadline) {
    return database.longCall(deadline, connection -> {
      try (var statement = connection.createStatement()) {
        return statement.executeLargeUpdate(delete);
      }
    });
  }
}
