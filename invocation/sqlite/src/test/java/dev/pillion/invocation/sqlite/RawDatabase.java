// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.sqlite;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;

/** The same file as another program sees it. */
final class RawDatabase implements AutoCloseable {
  private final Connection connection;

  RawDatabase(Path file) {
    try {
      connection = DriverManager.getConnection("jdbc:sqlite:" + file);
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  void execute(String sql) {
    try (var statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new AssertionError(sql, e);
    }
  }

  long number(String sql) {
    return Long.parseLong(text(sql));
  }

  String text(String sql) {
    try (var statement = connection.createStatement();
        var result = statement.executeQuery(sql)) {
      var text = new StringBuilder();
      while (result.next()) {
        text.append(result.getString(result.getMetaData().getColumnCount())).append('\n');
      }
      return text.toString().strip();
    } catch (SQLException e) {
      throw new AssertionError(sql, e);
    }
  }

  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }
}
