// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.pubsub.PublishOptions;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testkit.ManualTime;
import dev.pillion.testservers.PostgresServer;
import dev.pillion.testservers.RealServers;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * In a PostgreSQL database of the program's; with what SQLite's single writer can't bring about.
 */
@ExtendWith(RealServers.class)
class PostgresOutboxIT extends OutboxScenarios {
  private static final PublishOptions TEXT = PublishOptions.defaults().contentType("text/plain");

  private List<String> database;

  @BeforeEach
  void newDatabase(PostgresServer server) {
    database = List.of(server.newDatabase(), server.user(), server.password());
  }

  @Override
  List<String> processArguments() {
    return database;
  }

  @Override
  DataSource dataSource() {
    return RelayProcess.dataSource(database);
  }

  @Test
  void aTransactionThatCommitsAMinuteAfterALaterOneIsSentToo() throws SQLException {
    var time = new ManualTime();
    var outbox = outbox();
    try (var runtime = EmbeddedRuntime.builder("shop")
            .component("bus", broker)
            .time(time)
            .with(outbox)
            .start();
        var first = dataSource().getConnection();
        var second = dataSource().getConnection()) {
      first.setAutoCommit(false);
      second.setAutoCommit(false);
      outbox.in(first).publish("bus", "news", "1", TEXT);
      outbox.in(second).publish("bus", "news", "2", TEXT);
      second.commit();
      until(() -> {
        time.advance(Duration.ofMillis(100));
        return broker.messages.size() == 1;
      });
      var end = time.now().plus(Duration.ofMinutes(1));
      until(() -> {
        time.advance(Duration.ofSeconds(1));
        return time.now().isAfter(end);
      });
      first.commit();
      until(() -> {
        time.advance(Duration.ofMillis(100));
        return isEmpty();
      });
      assertThat(broker.data()).containsExactly("2", "1");
    }
  }

  @Test
  void aRowThatAnotherRelayHasHoldsThoseOfItsKeyBehindIt() throws SQLException {
    var outbox = outbox();
    broker.away = true;
    try (var runtime = start(outbox)) {
      publish(outbox, "k", "1", "2");
      publish(outbox, "l", "3");
    }
    broker.away = false;
    try (var other = dataSource().getConnection()) {
      other.setAutoCommit(false);
      try (var lock = other.prepareStatement(
          "SELECT id FROM pillion_outbox WHERE order_key = 'k' ORDER BY id LIMIT 1 FOR UPDATE")) {
        lock.executeQuery().next();
      }
      try (var runtime = start(outbox())) {
        until(() -> rows() == 2);
        assertThat(broker.data()).containsExactly("3");
        other.rollback();
        until(this::isEmpty);
        assertThat(broker.data()).containsExactly("3", "1", "2");
      }
    }
  }

  @Test
  void theIsolationOfTheProgramsConnectionsIsItsOwn() throws SQLException {
    var serializable = List.of(
        database.get(0) + (database.get(0).contains("?") ? "&" : "?")
            + "options=-c%20default_transaction_isolation=serializable",
        database.get(1),
        database.get(2));
    var source = RelayProcess.dataSource(serializable);
    var first = JdbcOutbox.over(source);
    first.createTable();
    try (var one = start(first);
        var two = start(JdbcOutbox.over(source));
        var connection = source.getConnection()) {
      connection.setAutoCommit(false);
      for (int i = 0; i < 50; i++) {
        first.in(connection).publish("bus", "news", "%03d".formatted(i), TEXT.partitionKey("k"));
        connection.commit();
      }
      until(this::isEmpty);
      assertThat(broker.data()).hasSize(50).isSorted();
    }
  }

  private void cutTheRelaysConnection() {
    try (var connection = dataSource().getConnection();
        var statement = connection.createStatement()) {
      statement.execute(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aRelayWhoseConnectionIsCutStopsBeforeAnotherIsAheadOfIt() throws SQLException {
    var outbox = outbox();
    var cut = new CountDownLatch(1);
    broker.onPublish = event -> {
      if (cut.getCount() > 0) {
        cutTheRelaysConnection();
        cut.countDown();
        // The other relay gets the rows, and is done with them, while this one is in its batch.
        until(() -> broker.data().contains("3"));
      }
    };
    try (var one = start(outbox)) {
      publish(outbox, "k", "1", "2", "3");
      until(() -> cut.getCount() == 0);
      try (var two = start(outbox())) {
        until(() -> broker.data().contains("3"));
        until(this::isEmpty);
      }
      publish(outbox, "k", "4");
      until(() -> broker.data().contains("4"));
      until(this::isEmpty);
    }
    assertThat(broker.data()).as("1 was under way").containsExactly("1", "1", "2", "3", "4");
  }

  @Test
  void aConnectionThatIsCutWhileItsEventsAreSentTakesThemOutAllTheSame() throws SQLException {
    var outbox = outbox();
    broker.onPublish = event -> cutTheRelaysConnection();
    try (var runtime = start(outbox)) {
      publish(outbox, "", "1");
      until(this::isEmpty);
      assertThat(broker.data()).containsExactly("1");
    }
  }
}
