// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;

class PostgresServerIT {
  @Test
  void answersAndKeepsPortAndDataOverRestarts() throws SQLException {
    try (PostgresServer postgres = PostgresServer.start()) {
      String url = postgres.jdbcUrl();
      assertThat(query(postgres, url, "SELECT 1")).isEqualTo("1");
      execute(postgres, url, "CREATE TABLE kept(v text)", "INSERT INTO kept VALUES ('orderly')");
      postgres.stop();
      assertThatThrownBy(() -> query(postgres, url, "SELECT 1")).isInstanceOf(SQLException.class);
      postgres.restart();
      assertThat(postgres.jdbcUrl()).isEqualTo(url);
      assertThat(query(postgres, url, "SELECT v FROM kept")).isEqualTo("orderly");
    }
  }

  @Test
  void recoversWhatWasCommittedBeforeACrash() throws SQLException {
    try (PostgresServer postgres = PostgresServer.start(Map.of("max_connections", "20"))) {
      String url = postgres.newDatabase();
      assertThat(query(postgres, url, "SHOW max_connections")).isEqualTo("20");
      execute(postgres, url, "CREATE TABLE kept(v text)", "INSERT INTO kept VALUES ('crash')");
      postgres.kill();
      postgres.restart();
      assertThat(query(postgres, url, "SELECT v FROM kept")).isEqualTo("crash");
    }
  }

  @Test
  void answersNothingWhilePaused() throws SQLException {
    try (PostgresServer postgres = PostgresServer.start()) {
      Properties hurried = new Properties();
      hurried.setProperty("user", postgres.user());
      hurried.setProperty("password", postgres.password());
      hurried.setProperty("socketTimeout", "1");
      try (Connection open = DriverManager.getConnection(postgres.jdbcUrl(), hurried);
          Statement statement = open.createStatement()) {
        postgres.pause();
        assertThatThrownBy(() -> statement.execute("SELECT 1"))
            .hasStackTraceContaining("SocketTimeoutException");
      }
      postgres.resume();
      assertThat(query(postgres, postgres.jdbcUrl(), "SELECT 1")).isEqualTo("1");
      postgres.pause();
    }
  }

  @Test
  void usesButNeverSteersAServerOfTheEnvironment() throws SQLException {
    try (PostgresServer postgres = PostgresServer.start()) {
      String url = postgres.jdbcUrl() + "?ApplicationName=named/by/us";
      PostgresServer named =
          PostgresServer.at(url, postgres.user(), postgres.password(), "TEST_POSTGRES_URL");
      assertThat(query(named, named.newDatabase(), "SHOW application_name"))
          .isEqualTo("named/by/us");
      assertThatThrownBy(named::kill).hasMessageContaining("TEST_POSTGRES_URL");
      named.close();
      assertThat(query(postgres, postgres.jdbcUrl(), "SELECT 1")).isEqualTo("1");
    }
  }

  private static void execute(PostgresServer postgres, String url, String... statements)
      throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(url, postgres.user(), postgres.password());
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  private static String query(PostgresServer postgres, String url, String sql) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(url, postgres.user(), postgres.password());
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      assertThat(rows.next()).isTrue();
      return rows.getString(1);
    }
  }
}
