// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection of the program's data source in the mode that the table's SQL is made for; it is
 * given back in the mode it came in, and without a transaction.
 */
final class RelayConnection implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(RelayConnection.class);

  private final Connection connection;
  private final boolean autoCommit;
  private final int isolation;

  private RelayConnection(Connection connection, OutboxTable table) throws SQLException {
    this.connection = connection;
    this.autoCommit = connection.getAutoCommit();
    this.isolation = connection.getTransactionIsolation();
    if (isolation != table.isolation()) {
      connection.setTransactionIsolation(table.isolation());
    }
    if (autoCommit != table.isAutoCommitting()) {
      connection.setAutoCommit(table.isAutoCommitting());
    }
  }

  static RelayConnection open(DataSource dataSource, OutboxTable table) throws SQLException {
    var connection = dataSource.getConnection();
    try {
      return new RelayConnection(connection, table);
    } catch (SQLException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  Connection get() {
    return connection;
  }

  @Override
  public void close() throws SQLException {
    try (connection) {
      if (!connection.getAutoCommit()) {
        connection.rollback();
      }
      connection.setAutoCommit(autoCommit);
      connection.setTransactionIsolation(isolation);
    } catch (SQLException e) {
      // What fails here has failed before, or the pool finds out.
      log.debug("a connection of the outbox is broken: {}", e.getMessage());
    }
  }
}
