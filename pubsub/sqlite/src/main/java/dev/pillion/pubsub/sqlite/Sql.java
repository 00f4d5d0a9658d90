// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import dev.pillion.connections.sqlite.SqliteSession;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import org.jspecify.annotations.Nullable;

/** Statements with whole numbers and texts as parameters. */
final class Sql {
  private Sql() {}

  static int update(SqliteSession session, String sql, @Nullable Object... values)
      throws SQLException {
    return bound(session, sql, values).executeUpdate();
  }

  /** The first column of the first row; 0 when there is none, or it is null. */
  static long number(SqliteSession session, String sql, @Nullable Object... values)
      throws SQLException {
    try (var result = bound(session, sql, values).executeQuery()) {
      return result.next() ? result.getLong(1) : 0;
    }
  }

  /** The statement with its parameters: a Long, a String, bytes or null each. */
  static PreparedStatement bound(SqliteSession session, String sql, @Nullable Object... values)
      throws SQLException {
    var statement = session.statement(sql);
    for (int i = 0; i < values.length; i++) {
      var value = values[i];
      if (value == null) {
        statement.setNull(i + 1, Types.NULL);
      } else if (value instanceof Long number) {
        statement.setLong(i + 1, number);
      } else if (value instanceof String text) {
        statement.setString(i + 1, text);
      } else if (value instanceof byte[] bytes) {
        statement.setBytes(i + 1, bytes);
      } else {
        throw new IllegalArgumentException(
            "parameter %d is a %s".formatted(i + 1, value.getClass()));
      }
    }
    return statement;
  }
}
