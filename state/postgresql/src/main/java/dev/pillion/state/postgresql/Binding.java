// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StateChange.Put;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Sets a write's parameters, in the order that {@link Statements} lays down. */
final class Binding {
  private Binding() {}

  /** Sets one row's parameters; returns the position after the last one set. */
  static int one(
      PreparedStatement statement, int from, Kind kind, StateChange change, Columns columns)
      throws SQLException {
    int at = from;
    statement.setString(at++, change.key());
    if (change instanceof Put put) {
      columns.set(statement, at, put.value());
      at += columns.value().size();
      var seconds = seconds(put);
      if (seconds == null) {
        statement.setNull(at++, Types.BIGINT);
      } else {
        statement.setLong(at++, seconds);
      }
    }
    if (kind.matches()) {
      statement.setString(at++, columns.etagOf(change));
    }
    return at;
  }

  /** Sets the parameters of many rows; returns the position after the last one set. */
  static int many(
      PreparedStatement statement, int from, Kind kind, List<StateChange> changes, Columns columns)
      throws SQLException {
    int at = from;
    array(statement, at++, "text", changes.stream().map(StateChange::key).toArray(String[]::new));
    if (kind.puts()) {
      var puts = changes.stream().map(Put.class::cast).toList();
      columns.setAll(statement, at, puts.stream().map(Put::value).toList());
      at += columns.value().size();
      array(statement, at++, "int8", puts.stream().map(Binding::seconds).toArray());
    }
    if (kind.matches()) {
      array(statement, at++, "text", changes.stream().map(columns::etagOf).toArray(String[]::new));
    }
    return at;
  }

  private static void array(PreparedStatement statement, int at, String type, Object[] elements)
      throws SQLException {
    statement.setArray(at, statement.getConnection().createArrayOf(type, elements));
  }

  private static @Nullable Long seconds(Put put) {
    var timeToLive = put.timeToLive();
    return timeToLive == null ? null : timeToLive.toSeconds();
  }
}
