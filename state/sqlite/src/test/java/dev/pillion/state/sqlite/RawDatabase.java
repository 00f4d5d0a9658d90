// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.sqlite;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

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

  /** The rows, their columns as SQLite's quote() prints them, so that the storage class shows. */
  List<List<String>> rows(String table, String columns, String where) {
    var quoted = "quote(" + columns.replace(", ", "), quote(") + ")";
    try (var statement = connection.createStatement();
        var result =
            statement.executeQuery("SELECT %s FROM %s WHERE %s".formatted(quoted, table, where))) {
      var rows = new ArrayList<List<String>>();
      while (result.next()) {
        var row = new ArrayList<String>();
        for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
          row.add(result.getString(i));
        }
        rows.add(row);
      }
      return rows;
    } catch (SQLException e) {
      throw new AssertionError(e);
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
