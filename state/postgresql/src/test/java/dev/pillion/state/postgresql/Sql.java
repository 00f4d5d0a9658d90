// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** One database as raw SQL sees it. */
record Sql(String url) {
  Connection connect() throws SQLException {
    return DriverManager.getConnection(url);
  }

  void run(String... statements) throws SQLException {
    try (var connection = connect();
        var statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  /** The rows as text, columns separated by a bar. */
  List<String> rows(String sql) throws SQLException {
    try (var connection = connect();
        var statement = connection.createStatement();
        var rows = statement.executeQuery(sql)) {
      var found = new ArrayList<String>();
      while (rows.next()) {
        var line = new ArrayList<String>();
        for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
          line.add(String.valueOf(rows.getString(i)));
        }
        found.add(String.join("|", line));
      }
      return found;
    }
  }

  String one(String sql) throws SQLException {
    var rows = rows(sql);
    return rows.isEmpty() ? "none" : rows.get(0);
  }
}
