// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import dev.pillion.ComponentException;
import java.sql.SQLException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTransientException;

/** A driver's failure in the words of ours. */
final class SqlFailures {
  private static final int SQLITE_BUSY = 5;
  private static final int SQLITE_LOCKED = 6;

  private SqlFailures() {}

  static ComponentException translate(String table, String what, SQLException e) {
    return new ComponentException(
        "ERR_COMPONENT",
        "the outbox \"%s\" %s: %s".formatted(table, what, e.getMessage()),
        isTransient(e),
        e);
  }

  /** Connection failures, conflicts of transactions, shutdowns, and a file that others write to. */
  static boolean isTransient(SQLException e) {
    var state = e.getSQLState();
    int code = e.getErrorCode() & 0xff;
    return e instanceof SQLTransientException
        || e instanceof SQLRecoverableException
        || (state != null
            && (state.startsWith("08") || state.startsWith("40") || state.startsWith("57P")))
        || (state == null && (code == SQLITE_BUSY || code == SQLITE_LOCKED));
  }
}
