// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import dev.pillion.ComponentException;
import dev.pillion.component.ComponentProvider;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.sqlite.SqliteSettings;
import dev.pillion.testkit.ManualTime;
import dev.pillion.testservers.RawDatabase;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Settings, schema and failures. */
class SqlitePubSubTest {
  @TempDir
  Path directory;

  private Path file() {
    return directory.resolve("pubsub.db");
  }

  private static List<String> problems(Map<String, String> settings) {
    var spec = ComponentSpec.of("pubsub", "pubsub.sqlite", settings);
    new SqlitePubSub.Provider().create(spec);
    return spec.metadata().problems();
  }

  @Test
  void theTypeIsFoundByItsName() {
    assertThat(ServiceLoader.load(ComponentProvider.class))
        .extracting(ComponentProvider::type)
        .contains("pubsub.sqlite");
    assertThat(SqlitePubSub.at(file()).type()).isEqualTo("pubsub.sqlite");
  }

  @Test
  void everySettingIsRead() {
    var settings = new LinkedHashMap<String, String>();
    settings.put("connectionString", "data.db");
    settings.put("timeout", "30s");
    settings.put("busyTimeout", "800ms");
    settings.put("disableWAL", "false");
    settings.put("processingTimeout", "1m");
    settings.put("redeliverInterval", "0");
    settings.put("retention", "168h");
    settings.put("pollInterval", "10ms");
    settings.put("ordering", "topic");
    settings.put("concurrency", "3");
    settings.put("queueDepth", "7");
    assertThat(problems(settings)).isEmpty();
  }

  @Test
  void everyWrongSettingIsReported() {
    var settings = new LinkedHashMap<String, String>();
    settings.put("processingTimeout", "900ms");
    settings.put("redeliverInterval", "-1s");
    settings.put("retention", "soon");
    settings.put("pollInterval", "11s");
    settings.put("ordering", "none");
    settings.put("concurrency", "0");
    settings.put("queueDepth", "many");
    settings.put("queueDept", "1");
    assertThat(problems(settings))
        .containsExactlyInAnyOrder(
            "\"connectionString\" is missing",
            "\"processingTimeout\" must be 1000ms or longer",
            "\"redeliverInterval\" must be 0s or longer",
            "\"retention\" was \"soon\" but must be a duration such as 500ms, 5s or 1h30m, or a whole number",
            "\"pollInterval\" must be 10s or shorter",
            "\"ordering\" was \"none\" but must be one of key, topic",
            "\"concurrency\" was \"0\" but must be from 1 to 10000",
            "\"queueDepth\" was \"many\" but must be a whole number",
            "\"queueDept\" is not a setting of this component; did you mean \"queueDepth\"?");
    assertThat(problems(Map.of("url", "x.db", "pollInterval", "0")))
        .containsExactly("\"pollInterval\" must be 1ms or longer");
  }

  @Test
  void theBuilderIsAsStrict() {
    var builder = SqlitePubSub.builder(SqliteSettings.at(file()));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.processingTimeout(Duration.ofMillis(999)))
        .withMessage("processingTimeout was PT0.999S but must be 1s or longer");
    assertThatIllegalArgumentException().isThrownBy(() -> builder.queueDepth(0));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.pollInterval(Duration.ofSeconds(11)));
    builder.concurrency(4);
    assertThatIllegalStateException()
        .isThrownBy(() -> builder.concurrency(5))
        .withMessage("concurrency was already set to 4");
  }

  @Test
  void itMustBeOpenAndMayBeClosedTwice() {
    var component = SqlitePubSub.at(file());
    component.close();
    assertThatIllegalStateException()
        .isThrownBy(() -> component.publish(TestBroker.message("t", "x", null), Deadline.none()))
        .withMessageContaining("is not open");
    var broker = new TestBroker(file(), component, new ManualTime());
    component.probe(Deadline.none());
    broker.close();
    broker.close();
    assertThatIllegalStateException()
        .isThrownBy(() -> component.publish(TestBroker.message("t", "x", null), Deadline.none()));
  }

  @Test
  void tablesOfANewerVersionAreRefused() {
    new TestBroker(file(), SqlitePubSub.at(file()), new ManualTime()).close();
    try (var raw = new RawDatabase(file())) {
      raw.execute("UPDATE pubsub_schema SET version = 2");
    }
    assertThatExceptionOfType(ComponentException.class)
        .isThrownBy(() -> new TestBroker(file(), SqlitePubSub.at(file()), new ManualTime()))
        .withMessage(
            "the tables of pubsub.sqlite have version 2, of a newer Pillion; this one knows version 1")
        .matches(e -> !e.isTransient());
  }

  @Test
  void aFullDatabaseRefusesWhatItCantKeepAndDeliversTheRest() {
    var metadata =
        Map.of("connectionString", file() + "?_pragma=max_page_count(60)", "retention", "0");
    var spec = ComponentSpec.of("pubsub", "pubsub.sqlite", metadata);
    var component = (SqlitePubSub) new SqlitePubSub.Provider().create(spec);
    assertThat(spec.metadata().problems()).isEmpty();
    var time = new ManualTime();
    try (var broker = new TestBroker(file(), component, time)) {
      int accepted = 0;
      ComponentException refusal = null;
      while (refusal == null) {
        try {
          broker.publish("paid", accepted + "x".repeat(6000));
          accepted++;
        } catch (ComponentException e) {
          refusal = e;
        }
      }
      assertThat(refusal).hasMessageContaining("is full").matches(ComponentException::isTransient);
      assertThat(broker.number("SELECT count(*) FROM pubsub_events")).isEqualTo(accepted);
      // Pages for deliveries are missing too: it goes on when there is room again.
      var receiver = new TestReceiver();
      try (var raw = new RawDatabase(file())) {
        raw.execute("DELETE FROM pubsub_events WHERE id = 1");
      }
      broker.subscribe("paid", "g", receiver);
      receiver.awaitCount(accepted - 1);
      broker.awaitAllDone();
      // A round that begins as the time moves may still go by the time before: the next one does
      // it.
      await().atMost(TestReceiver.PATIENCE).untilAsserted(() -> {
        time.advance(Duration.ofSeconds(2));
        assertThat(broker.number("SELECT count(*) FROM pubsub_events")).isZero();
      });
      broker.publish("paid", "room again");
      receiver.awaitCount(accepted);
    }
  }

  @Test
  void claimsAndAcknowledgementsReadIndexesAlone() {
    new TestBroker(file(), SqlitePubSub.at(file()), new ManualTime()).close();
    try (var raw = new RawDatabase(file())) {
      for (String sql : List.of(
          "SELECT id FROM pubsub_events WHERE topic_id = 1 AND id > 5 ORDER BY id LIMIT 10",
          "SELECT event_id, event_key, attempts, fetches FROM pubsub_deliveries WHERE group_id = 1 AND due_at <= 5 ORDER BY due_at, event_id LIMIT 5",
          "SELECT due_at FROM pubsub_deliveries WHERE group_id = 1 AND due_at >= 0 ORDER BY due_at LIMIT 1",
          "SELECT owner FROM pubsub_deliveries WHERE group_id = 1 AND event_key = 'k' ORDER BY event_id DESC LIMIT 1",
          "UPDATE pubsub_deliveries SET owner = NULL WHERE owner = 7",
          "DELETE FROM pubsub_deliveries WHERE group_id = 1 AND event_id = 7")) {
        assertThat(raw.text("EXPLAIN QUERY PLAN " + sql))
            .as(sql)
            .contains("SEARCH")
            .doesNotContain("SCAN", "TEMP B-TREE");
      }
    }
  }
}
