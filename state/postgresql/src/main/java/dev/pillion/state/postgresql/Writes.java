// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import static java.util.stream.Collectors.joining;

import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.postgresql.PostgresDatabase;
import dev.pillion.state.spi.StateChange;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Applies one change, or many, all or none. */
final class Writes {
  private final PostgresDatabase database;
  private final Statements statements;
  private final Columns columns;

  Writes(PostgresDatabase database, Statements statements, Columns columns) {
    this.database = database;
    this.statements = statements;
    this.columns = columns;
  }

  void one(StateChange change, Deadline deadline) {
    check(change);
    var kind = Kind.of(change);
    int applied = database.call(deadline, connection -> {
      try (var statement = connection.prepareStatement(statements.one(kind))) {
        Binding.one(statement, 1, kind, change, columns);
        return statement.executeUpdate();
      }
    });
    if (applied == 0 && kind.isConditional()) {
      throw change.mismatch();
    }
  }

  /** In one round trip when one statement can do it and nothing needs to be judged, else in two. */
  void allOrNone(List<StateChange> changes, Deadline deadline) {
    changes.forEach(this::check);
    var runs = Run.of(changes);
    if (runs.size() == 1 && !runs.get(0).kind().isConditional()) {
      together(runs, deadline);
      return;
    }
    database.call(
        deadline,
        connection -> Transaction.in(connection, () -> {
          var refused = runs.size() == 1 && runs.get(0).kind().matches()
              ? batch(connection, runs.get(0))
              : execute(connection, runs);
          for (StateChange change : changes) {
            if (refused.contains(change)) {
              throw change.mismatch();
            }
          }
          return refused;
        }));
  }

  /** One statement or several, sent at once; returns the changes whose condition did not hold. */
  List<StateChange> together(List<Run> runs, Deadline deadline) {
    return database.call(deadline, connection -> execute(connection, runs));
  }

  private List<StateChange> execute(Connection connection, List<Run> runs) throws SQLException {
    var sql = runs.size() == 1
        ? runs.get(0).sql(statements)
        : runs.stream().map(run -> run.sql(statements)).collect(joining("; "));
    try (var statement = connection.prepareStatement(sql)) {
      int at = 1;
      for (Run run : runs) {
        at = run.bind(statement, at, columns);
      }
      statement.execute();
      List<StateChange> refused = new ArrayList<>();
      for (Run run : runs) {
        refused.addAll(run.refused(statement));
        statement.getMoreResults();
      }
      return refused;
    }
  }

  /**
   * Row by row in one round trip, which costs less than joining the rows and locking them first.
   */
  private List<StateChange> batch(Connection connection, Run run) throws SQLException {
    var changes = run.changes();
    try (var statement = connection.prepareStatement(statements.one(run.kind()))) {
      for (StateChange change : changes) {
        Binding.one(statement, 1, run.kind(), change, columns);
        statement.addBatch();
      }
      int[] counts = statement.executeBatch();
      return IntStream.range(0, counts.length)
          .filter(i -> counts[i] != 1)
          .mapToObj(changes::get)
          .toList();
    } catch (BatchUpdateException e) {
      // Its own text may quote the statement with its values.
      throw e.getNextException() == null ? e : e.getNextException();
    }
  }

  /** Throws what can be known to be wrong without asking the server. */
  void check(StateChange change) {
    Keys.require(change.key());
    if (change.condition().etag() != null) {
      columns.etagOf(change);
    }
  }
}
