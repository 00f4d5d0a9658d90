// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import dev.pillion.BuildingBlockException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.postgresql.PostgresDatabase;
import dev.pillion.state.spi.StateStoreComponent.BulkRead;
import dev.pillion.state.spi.StoredValue;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;

/** Reads values: one statement for one key or for many. */
final class Reads {
  private final PostgresDatabase database;
  private final Statements statements;
  private final Columns columns;
  private final int etagAt;

  Reads(PostgresDatabase database, Statements statements, Columns columns) {
    this.database = database;
    this.statements = statements;
    this.columns = columns;
    this.etagAt = columns.value().size() + 1;
  }

  Optional<StoredValue> one(String key, Deadline deadline) {
    Keys.require(key);
    return database.call(deadline, connection -> {
      try (var statement = connection.prepareStatement(statements.select)) {
        statement.setString(1, key);
        try (var rows = statement.executeQuery()) {
          return rows.next() ? Optional.of(read(rows)) : Optional.empty();
        }
      }
    });
  }

  BulkRead many(List<String> keys, Deadline deadline) {
    var found = new LinkedHashMap<String, StoredValue>();
    var failures = new LinkedHashMap<String, BuildingBlockException>();
    var possible = new ArrayList<String>(keys.size());
    for (String key : keys) {
      var problem = Keys.problem(key);
      if (problem == null) {
        possible.add(key);
      } else {
        failures.put(key, problem);
      }
    }
    if (!possible.isEmpty()) {
      database.call(deadline, connection -> {
        try (var statement = connection.prepareStatement(statements.selectMany)) {
          statement.setArray(1, connection.createArrayOf("text", possible.toArray()));
          try (var rows = statement.executeQuery()) {
            while (rows.next()) {
              var key = rows.getString(etagAt + 2);
              try {
                found.put(key, read(rows));
              } catch (BuildingBlockException e) {
                failures.put(key, e);
              }
            }
            return found;
          }
        }
      });
    }
    return new BulkRead(found, failures);
  }

  private StoredValue read(ResultSet row) throws SQLException {
    var expires = row.getObject(etagAt + 1, OffsetDateTime.class);
    return new StoredValue(
        columns.read(row), row.getString(etagAt), expires == null ? null : expires.toInstant());
  }
}
