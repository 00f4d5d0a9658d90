// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.postgresql;

import dev.pillion.concurrent.Deadline;
import java.sql.SQLException;
import javax.sql.DataSource;

/**
 * Connections of the application's own data source. How it waits and heals is its affair; what was
 * changed on a connection is changed back.
 */
final class BorrowedSessions implements Sessions {
  private final DataSource dataSource;

  BorrowedSessions(DataSource dataSource) {
    this.dataSource = dataSource;
  }

  @Override
  public Session take(Deadline deadline) throws SQLException {
    var connection = dataSource.getConnection();
    try {
      var session =
          new Session(connection, connection.getAutoCommit(), connection.getNetworkTimeout());
      if (!session.autoCommit()) {
        connection.setAutoCommit(true);
      }
      return session;
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }

  @Override
  public void give(Session session, boolean broken) {
    try (var connection = session.connection()) {
      if (!broken) {
        connection.setNetworkTimeout(Runnable::run, session.networkTimeout());
        if (!session.autoCommit()) {
          connection.setAutoCommit(false);
        }
      }
    } catch (SQLException e) {
      // It is the data source's to find out, and the call is over.
    }
  }

  @Override
  public void close() {}
}
