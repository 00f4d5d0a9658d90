// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import dev.pillion.state.spi.StateChange;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Changes of one kind and of different keys, in the order of their keys: what one statement
 * applies.
 */
record Run(Kind kind, List<StateChange> changes) {
  /** Keeps one statement's parameters within what a server takes gladly. */
  private static final int MOST = 1000;

  static final Comparator<StateChange> BY_KEY = Comparator.comparing(StateChange::key);

  /**
   * Cuts changes into runs that lock keys in ascending order from the first to the last. Changes of
   * one key keep their order.
   */
  static List<Run> of(List<StateChange> changes) {
    var sorted = new ArrayList<>(changes);
    sorted.sort(BY_KEY);
    var runs = new ArrayList<Run>();
    Run run = null;
    for (StateChange change : sorted) {
      var kind = Kind.of(change);
      if (run == null || run.kind != kind || run.isFull() || run.last().equals(change.key())) {
        run = new Run(kind, new ArrayList<>());
        runs.add(run);
      }
      run.changes.add(change);
    }
    return runs;
  }

  String sql(Statements statements) {
    return changes.size() == 1 ? statements.one(kind) : statements.many(kind);
  }

  /** Sets its parameters from {@code at} on, and returns the position after the last. */
  int bind(PreparedStatement statement, int at, Columns columns) throws SQLException {
    return changes.size() == 1
        ? Binding.one(statement, at, kind, changes.get(0), columns)
        : Binding.many(statement, at, kind, changes, columns);
  }

  /** Reads the statement's current result: the changes whose condition did not hold. */
  List<StateChange> refused(PreparedStatement statement) throws SQLException {
    if (!kind.isConditional()) {
      return List.of();
    }
    if (changes.size() == 1) {
      return statement.getUpdateCount() == 1 ? List.of() : changes;
    }
    Set<String> applied = new HashSet<>();
    try (var rows = statement.getResultSet()) {
      while (rows.next()) {
        applied.add(rows.getString(1));
      }
    }
    return changes.stream().filter(change -> !applied.contains(change.key())).toList();
  }

  private boolean isFull() {
    return changes.size() == MOST;
  }

  private String last() {
    return changes.get(changes.size() - 1).key();
  }
}
