// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.postgresql;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.postgresql.ds.PGSimpleDataSource;

/** Gives out connections without auto-commit, and records their state when they are closed. */
final class RecordingDataSource extends PGSimpleDataSource {
  private static final long serialVersionUID = 1;

  private final transient List<String> closed;

  RecordingDataSource(String url, List<String> closed) {
    setURL(url);
    this.closed = closed;
  }

  @Override
  public Connection getConnection() throws SQLException {
    var real = super.getConnection();
    real.setAutoCommit(false);
    real.setNetworkTimeout(Runnable::run, 12345);
    return (Connection) Proxy.newProxyInstance(
        Connection.class.getClassLoader(),
        new Class<?>[] {Connection.class},
        (proxy, method, args) -> {
          if (method.getName().equals("close")) {
            closed.add("autoCommit=%s timeout=%s"
                .formatted(real.getAutoCommit(), real.getNetworkTimeout()));
          }
          try {
            return method.invoke(real, args);
          } catch (InvocationTargetException e) {
            throw e.getCause();
          }
        });
  }
}
