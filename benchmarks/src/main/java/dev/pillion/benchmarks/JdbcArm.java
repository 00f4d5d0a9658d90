// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/** One caller's plain JDBC: a connection of its own, auto-commit, statements prepared once. */
final class JdbcArm implements AutoCloseable {
  /** Sets a statement's parameters for one save. */
  interface Binder {
    void bind(PreparedStatement statement, String key, byte[] value) throws SQLException;
  }

  private final Connection connection;
  private final PreparedStatement select;
  private final PreparedStatement save;
  private final Binder binder;

  JdbcArm(Connection connection, String select, String save, Binder binder) throws SQLException {
    this.connection = connection;
    this.select = connection.prepareStatement(select);
    this.save = connection.prepareStatement(save);
    this.binder = binder;
  }

  byte[] get(String key) throws SQLException {
    try (var row = row(key)) {
      return row.getBytes(1);
    }
  }

  /** Reads the value as well: whoever saves over an etag has looked at what he replaces. */
  Object etag(String key) throws SQLException {
    try (var row = row(key)) {
      row.getBytes(1);
      return row.getObject(2);
    }
  }

  private ResultSet row(String key) throws SQLException {
    select.setString(1, key);
    var row = select.executeQuery();
    if (!row.next()) {
      row.close();
      throw new IllegalStateException("no row \"" + key + "\"");
    }
    return row;
  }

  void save(String key, byte[] value) throws SQLException {
    binder.bind(save, key, value);
    save.executeUpdate();
  }

  Connection connection() {
    return connection;
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
