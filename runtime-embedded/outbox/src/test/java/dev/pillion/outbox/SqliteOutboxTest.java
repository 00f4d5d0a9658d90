// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.runtime.ComponentHealth;
import java.nio.file.Path;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;

/** In a SQLite file of the program's. */
class SqliteOutboxTest extends OutboxScenarios {
  @TempDir
  private Path folder;

  @Override
  List<String> processArguments() {
    return List.of(
        "jdbc:sqlite:" + folder.resolve("program.db") + "?journal_mode=WAL&busy_timeout=20000");
  }

  @Override
  DataSource dataSource() {
    return RelayProcess.dataSource(processArguments());
  }

  /** The driver begins such a transaction, and takes the lock, as soon as the last one ends. */
  @Test
  void theRelayHoldsNoLockWhileItPublishesHoweverTransactionsBegin() throws SQLException {
    var config = new SQLiteConfig();
    config.setTransactionMode(SQLiteConfig.TransactionMode.IMMEDIATE);
    config.setBusyTimeout(0);
    var immediate = new SQLiteDataSource(config);
    immediate.setUrl("jdbc:sqlite:" + folder.resolve("program.db"));
    var outbox = JdbcOutbox.over(immediate);
    outbox.createTable();
    var written = new AtomicInteger();
    broker.onPublish = event -> {
      try (var connection = immediate.getConnection();
          var statement = connection.createStatement()) {
        statement.execute("CREATE TABLE written (id INTEGER)");
        written.incrementAndGet();
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      }
    };
    try (var runtime = start(outbox)) {
      try (var connection = immediate.getConnection()) {
        connection.setAutoCommit(false);
        outbox.in(connection).publish("bus", "news", "x");
        connection.commit();
      }
      until(this::isEmpty);
      assertThat(written).hasValue(1);
      assertThat(broker.messages).hasSize(1);
    }
  }

  @Test
  void aFileThatAnotherWriterHasIsWaitedForAndHealthSaysSo() throws SQLException {
    var config = new SQLiteConfig();
    config.setBusyTimeout(0);
    var impatient = new SQLiteDataSource(config);
    impatient.setUrl("jdbc:sqlite:" + folder.resolve("program.db"));
    var outbox = JdbcOutbox.over(impatient);
    outbox.createTable();
    broker.away = true;
    try (var runtime = start(outbox)) {
      publish(outbox, "", "x");
      until(() -> broker.attempts.get() > 0);
      try (var writer = impatient.getConnection();
          var statement = writer.createStatement()) {
        until(() -> begins(statement));
        broker.away = false;
        until(() -> health(runtime).toString().contains("the database fails"));
        statement.execute("COMMIT");
      }
      until(this::isEmpty);
      until(() -> health(runtime).status() == ComponentHealth.Status.READY);
      assertThat(broker.data()).containsExactly("x");
    }
  }

  private static boolean begins(Statement statement) {
    try {
      statement.execute("BEGIN IMMEDIATE");
      return true;
    } catch (SQLException e) {
      return false;
    }
  }
}
