// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import dev.pillion.ComponentException;
import dev.pillion.NoSuchComponentException;
import dev.pillion.pubsub.PublishOptions;
import dev.pillion.runtime.ComponentHealth;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testkit.CapturedLog;
import dev.pillion.testkit.ManualTime;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.Callable;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** What the outbox does on every database. */
abstract class OutboxScenarios {
  private static final PublishOptions TEXT = PublishOptions.defaults().contentType("text/plain");

  final RecordingPubSub broker = new RecordingPubSub();

  /** An empty database, the same one for a whole test. */
  abstract DataSource dataSource() throws SQLException;

  /** Connects to that database from another JVM. */
  abstract List<String> processArguments() throws SQLException;

  final JdbcOutbox outbox() throws SQLException {
    var outbox =
        JdbcOutbox.builder(dataSource()).pollInterval(Duration.ofMillis(200)).build();
    outbox.createTable();
    return outbox;
  }

  final EmbeddedRuntime start(JdbcOutbox outbox) {
    return EmbeddedRuntime.builder("shop").component("bus", broker).with(outbox).start();
  }

  static void until(Callable<Boolean> condition) {
    await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(10)).until(condition);
  }

  /** Within one transaction of its own, that is committed. */
  final void publish(JdbcOutbox outbox, String key, String... texts) throws SQLException {
    try (var connection = dataSource().getConnection()) {
      connection.setAutoCommit(false);
      for (var text : texts) {
        outbox
            .in(connection)
            .publish("bus", "news", text, key.isEmpty() ? TEXT : TEXT.partitionKey(key));
      }
      connection.commit();
    }
  }

  final long rows() throws SQLException {
    try (var connection = dataSource().getConnection();
        var statement = connection.createStatement();
        var count = statement.executeQuery("SELECT COUNT(*) FROM pillion_outbox")) {
      count.next();
      return count.getLong(1);
    }
  }

  final boolean isEmpty() throws SQLException {
    return rows() == 0;
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Test
  void anEventGoesWhenItsTransactionHasCommittedAndNotBefore() throws SQLException {
    var outbox = outbox();
    try (var runtime = start(outbox);
        var connection = dataSource().getConnection()) {
      connection.setAutoCommit(false);
      execute(connection, "CREATE TABLE orders (id INTEGER)");
      execute(connection, "INSERT INTO orders VALUES (42)");
      outbox.in(connection).publish("bus", "news", "placed", TEXT);
      assertThat(broker.messages).isEmpty();
      connection.commit();
      outbox.wake();
      until(() -> !broker.messages.isEmpty());
      assertThat(broker.data()).containsExactly("placed");
      assertThat(broker.messages.get(0).topic()).isEqualTo("news");
      until(this::isEmpty);
    }
  }

  @Test
  void whatIsRolledBackIsNotSentToASavepointToo() throws SQLException {
    var outbox = outbox();
    try (var runtime = start(outbox);
        var connection = dataSource().getConnection()) {
      connection.setAutoCommit(false);
      outbox.in(connection).publish("bus", "news", "undone", TEXT);
      connection.rollback();
      outbox.in(connection).publish("bus", "news", "before", TEXT);
      var savepoint = connection.setSavepoint();
      outbox.in(connection).publish("bus", "news", "undone too", TEXT);
      connection.rollback(savepoint);
      outbox.in(connection).publish("bus", "news", "after", TEXT);
      connection.commit();
      until(() -> broker.messages.size() == 2);
      until(this::isEmpty);
      assertThat(broker.data()).containsExactlyInAnyOrder("before", "after");
    }
  }

  @Test
  void aConnectionThatCommitsByItselfIsRefused() throws SQLException {
    var outbox = outbox();
    try (var runtime = start(outbox);
        var connection = dataSource().getConnection()) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> outbox.in(connection))
          .withMessageContaining("setAutoCommit(false)");
      connection.setAutoCommit(false);
      outbox.in(connection).publish("bus", "news", "x");
      assertThatExceptionOfType(NoSuchComponentException.class)
          .isThrownBy(() -> outbox.in(connection).publish("buss", "news", "x"));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> outbox.in(connection).publish("bus", "", "x"));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> outbox.in(connection).publish("bus", "news", TEXT));
      connection.rollback();
    }
  }

  @Test
  void anOutboxWithoutARuntimeTakesNothing() throws SQLException {
    var outbox = outbox();
    try (var connection = dataSource().getConnection()) {
      connection.setAutoCommit(false);
      assertThatIllegalStateException().isThrownBy(() -> outbox.in(connection));
      start(outbox).close();
      assertThatIllegalStateException().isThrownBy(() -> outbox.in(connection));
      assertThatIllegalStateException().isThrownBy(() -> start(outbox));
    }
  }

  @Test
  void aMissingTableIsAnErrorThatSaysHowToMakeIt() throws SQLException {
    var outbox = JdbcOutbox.over(dataSource());
    assertThatExceptionOfType(ComponentException.class)
        .isThrownBy(() -> start(outbox))
        .withMessageContaining("createTable()")
        .withMessageContaining("CREATE TABLE IF NOT EXISTS pillion_outbox (");
  }

  @Test
  void allOfTheEventIsDecidedWhenItIsWritten() throws SQLException {
    var trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    var outbox = outbox();
    broker.away = true;
    try (var runtime = start(outbox);
        var connection = dataSource().getConnection()) {
      connection.setAutoCommit(false);
      byte[] data = {1, 2, 3};
      var in = outbox.in(connection);
      in.publish("bus", "news", data);
      data[0] = 9;
      in.publish(
          "bus",
          "news",
          List.of(1, 2),
          PublishOptions.defaults()
              .id("mine")
              .subject("s")
              .metadata("m", "ö\u0000")
              .traceContext(trace, "k=v"));
      in.publish("bus", "news", null);
      in.publish("bus", "news", "as it is", TEXT.raw());
      connection.commit();
      until(() -> broker.attempts.get() > 0);
      broker.away = false;
      until(() -> broker.messages.size() == 4);
    }
    var events = broker.events();
    assertThat(events).anySatisfy(event -> assertThat(event).contains("\"data_base64\":\"AQID\""));
    assertThat(events).anySatisfy(event -> assertThat(event)
        .contains("\"data\":[1,2]", "\"id\":\"mine\"", "\"subject\":\"s\"", "\"source\":\"shop\"")
        .contains("\"traceparent\":\"" + trace + "\"", "\"tracestate\":\"k=v\""));
    assertThat(events).anySatisfy(event -> assertThat(event).contains("\"data\":null"));
    assertThat(events).contains("as it is");
    assertThat(broker.messages)
        .anySatisfy(message -> assertThat(message.metadata("m")).isEqualTo("ö\u0000"));
  }

  @Test
  void eventsOfAKeyKeepTheirOrderAndTwoRelaysShareTheWork() throws Exception {
    var first = outbox();
    var second = JdbcOutbox.builder(dataSource()).batchSize(7).build();
    broker.away = true;
    try (var one = start(first);
        var two = start(second)) {
      var expected = new ArrayList<String>();
      for (int i = 0; i < 40; i++) {
        for (String key : List.of("a", "b", "c")) {
          var text = key + "%03d".formatted(i);
          publish(i % 2 == 0 ? first : second, key, text);
          expected.add(text);
        }
        publish(first, "", "-%03d".formatted(i));
        if (i == 10) {
          broker.away = false;
        }
      }
      until(this::isEmpty);
      for (String key : List.of("a", "b", "c")) {
        assertThat(broker.data(key))
            .as("of %s", key)
            .containsExactlyElementsOf(
                expected.stream().filter(text -> text.startsWith(key)).toList());
      }
      assertThat(broker.data("-")).hasSize(40).doesNotHaveDuplicates();
    }
  }

  @Test
  void aBrokerThatIsAwayForMinutesIsTriedSeldomAndToldOnce() throws SQLException {
    var time = new ManualTime();
    var outbox = outbox();
    broker.away = true;
    try (var log = new CapturedLog("dev.pillion.outbox");
        var runtime = EmbeddedRuntime.builder("shop")
            .component("bus", broker)
            .time(time)
            .with(outbox)
            .start()) {
      publish(outbox, "k", "1", "2");
      publish(outbox, "", "3");
      var end = time.now().plus(Duration.ofMinutes(5));
      until(() -> {
        time.advance(Duration.ofMillis(500));
        return time.now().isAfter(end) && broker.attempts.get() > 0;
      });
      assertThat(health(runtime).status()).isEqualTo(ComponentHealth.Status.DEGRADED);
      assertThat(health(runtime).toString()).contains("the pubsub \"bus\" fails");
      assertThat(broker.attempts.get()).isLessThan(60);
      assertThat(log.warnings()).hasSize(1);
      broker.away = false;
      until(() -> {
        time.advance(Duration.ofMillis(500));
        return isEmpty();
      });
      assertThat(broker.data()).containsExactlyInAnyOrder("1", "2", "3");
      assertThat(broker.data()).containsSubsequence("1", "2");
      assertThat(health(runtime).status()).isEqualTo(ComponentHealth.Status.READY);
      assertThat(log.warnings()).hasSize(1);
    }
  }

  static ComponentHealth health(EmbeddedRuntime runtime) {
    return runtime.health(Duration.ofSeconds(5)).stream()
        .filter(health -> health.name().equals("pillion_outbox"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void anEventThatIsRefusedHoldsItsKeyAndNothingElse() throws SQLException {
    var outbox = outbox();
    broker.poison = "rotten";
    try (var log = new CapturedLog("dev.pillion.outbox");
        var runtime = start(outbox)) {
      publish(outbox, "k", "1", "rotten", "2");
      publish(outbox, "l", "3");
      publish(outbox, "", "4");
      until(() -> broker.messages.size() == 3);
      publish(outbox, "k", "5");
      until(() -> broker.attempts.get() >= 5);
      assertThat(broker.data()).containsExactlyInAnyOrder("1", "3", "4");
      assertThat(health(runtime).toString()).contains("1 events", "refused");
      assertThat(log.warnings()).hasSize(1);
      broker.poison = "";
      until(this::isEmpty);
      assertThat(broker.data()).containsSubsequence("1", "rotten", "2", "5");
    }
  }

  /** A process that dies between sending and marking: the same events come again, and no others. */
  @Test
  void aKilledRelayLeavesNothingBehind() throws Exception {
    var outbox = JdbcOutbox.builder(dataSource()).lease(Duration.ofSeconds(2)).build();
    outbox.createTable();
    broker.away = true;
    List<String> sent;
    try (var runtime = start(outbox)) {
      for (int i = 0; i < 20; i++) {
        publish(outbox, "k", "%03d".formatted(i));
      }
    }
    try (var process = RelayProcess.start(processArguments(), 13)) {
      sent = process.sentUntilKilled();
    }
    assertThat(sent).hasSize(13);
    assertThat(rows())
        .as("a batch of ten is marked, three are sent and not marked")
        .isEqualTo(10);
    broker.away = false;
    try (var runtime = start(
        JdbcOutbox.builder(dataSource()).pollInterval(Duration.ofMillis(100)).build())) {
      until(this::isEmpty);
    }
    var again = broker.ids();
    assertThat(again).hasSize(10).startsWith(sent.get(10), sent.get(11), sent.get(12));
    var all = new HashSet<>(sent);
    all.addAll(again);
    assertThat(all).hasSize(20);
    assertThat(broker.data()).isSorted();
  }
}
