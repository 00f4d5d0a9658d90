// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * A SQLite file as another program sees it, by the driver on the tests' class path. What fails is
 * an {@link AssertionError}. For one thread.
 */
public final class RawDatabase implements AutoCloseable {
  private final Connection connection;

  private interface Rows<T> {
    T read(ResultSet rows) throws SQLException;
  }

  /** Opens the file, or makes it. */
  public RawDatabase(Path file) {
    try {
      connection = DriverManager.getConnection("jdbc:sqlite:" + file);
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  /** Runs what has no result. */
  public void execute(String sql) {
    try (var statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new AssertionError(sql, e);
    }
  }

  private <T> T query(String sql, Rows<T> rows) {
    try (var statement = connection.createStatement();
        var result = statement.executeQuery(sql)) {
      return rows.read(result);
    } catch (SQLException e) {
      throw new AssertionError(sql, e);
    }
  }

  /** The number in the last column of the one row. */
  public long number(String sql) {
    return Long.parseLong(text(sql));
  }

  /** The last column of all rows, line by line. */
  public String text(String sql) {
    return query(sql, result -> {
      var text = new StringBuilder();
      while (result.next()) {
        text.append(result.getString(result.getMetaData().getColumnCount())).append('\n');
      }
      return text.toString().strip();
    });
  }

  /**
   * The rows of a table, their columns as SQLite's quote() prints them, so that the storage class
   * shows.
   *
   * @param columns with a comma and a space between
   */
  public List<List<String>> rows(String table, String columns, String where) {
    var quoted = "quote(" + columns.replace(", ", "), quote(") + ")";
    return query("SELECT %s FROM %s WHERE %s".formatted(quoted, table, where), result -> {
      var rows = new ArrayList<List<String>>();
      while (result.next()) {
        var row = new ArrayList<String>();
        for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
          row.add(result.getString(i));
        }
        rows.add(row);
      }
      return rows;
    });
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
