// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import java.sql.SQLException;

/**
 * Statements that belong together. It must close the result sets it opens, touch nothing but the
 * database, and neither begin nor end a transaction: it may run on another caller's thread, and
 * again after what it did was undone.
 *
 * @param <T> what it finds out
 */
@FunctionalInterface
public interface SqlWork<T> {
  /** Runs the statements. Whatever it throws undoes its writes. */
  T run(SqliteSession session) throws SQLException;
}
