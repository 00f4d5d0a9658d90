// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import java.sql.Connection;
import java.sql.SQLException;

/** One transaction on a connection that is in auto-commit before and after. */
final class Transaction {
  private Transaction() {}

  interface Body<T> {
    T run() throws SQLException;
  }

  /** Commits when {@code body} returns, rolls back when it throws. */
  static <T> T in(Connection connection, Body<T> body) throws SQLException {
    connection.setAutoCommit(false);
    try {
      T result = body.run();
      connection.commit();
      connection.setAutoCommit(true);
      return result;
    } catch (SQLException | RuntimeException e) {
      try {
        connection.rollback();
        connection.setAutoCommit(true);
      } catch (SQLException lost) {
        e.addSuppressed(lost);
      }
      throw e;
    }
  }
}
