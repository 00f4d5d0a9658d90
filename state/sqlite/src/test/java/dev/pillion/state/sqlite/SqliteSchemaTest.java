// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.pillion.ComponentException;
import dev.pillion.component.ComponentProvider;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.sqlite.SqliteSettings;
import dev.pillion.state.ReadOptions;
import dev.pillion.testservers.RawDatabase;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tables, metadata rows, cleanup and settings. */
class SqliteSchemaTest {
  @TempDir
  Path directory;

  private Path file;

  @BeforeEach
  void name() {
    file = directory.resolve("state.db");
  }

  @Test
  void aNewFileHasDaprsTablesAndItsMetadataRow() {
    try (var ours = new Opened(SqliteStateStore.at(file));
        var raw = new RawDatabase(file)) {
      assertThat(raw.rows("metadata", "key, value", "1"))
          .containsExactly(List.of("'migrations'", "'1'"));
      assertThat(raw.rows(
              "pragma_table_info('state')", "name, type, \"notnull\", dflt_value, pk", "1"))
          .containsExactly(
              List.of("'key'", "'TEXT'", "1", "NULL", "1"),
              List.of("'value'", "'TEXT'", "1", "NULL", "0"),
              List.of("'is_binary'", "'BOOLEAN'", "1", "NULL", "0"),
              List.of("'etag'", "'TEXT'", "1", "NULL", "0"),
              List.of("'expiration_time'", "'TIMESTAMP'", "0", "'NULL'", "0"),
              List.of("'update_time'", "'TIMESTAMP'", "1", "'CURRENT_TIMESTAMP'", "0"));
      assertThat(raw.rows("pragma_table_info('metadata')", "name, type, \"notnull\", pk", "1"))
          .containsExactly(
              List.of("'key'", "'TEXT'", "1", "1"), List.of("'value'", "'TEXT'", "1", "0"));
      assertThat(ours.get("k")).isEmpty();
    }
  }

  @Test
  void openingAgainChangesNothing() {
    new Opened(SqliteStateStore.at(file)).close();
    try (var first = new Opened(SqliteStateStore.at(file))) {
      first.save("k", "v");
    }
    try (var again = new Opened(SqliteStateStore.at(file))) {
      assertThat(again.text("k")).isEqualTo("v");
    }
  }

  @Test
  void aNewerLevelThanKnownIsAccepted() {
    new Opened(SqliteStateStore.at(file)).close();
    try (var raw = new RawDatabase(file)) {
      raw.execute("UPDATE metadata SET value = '7' WHERE key = 'migrations'");
      new Opened(SqliteStateStore.at(file)).close();
      assertThat(raw.rows("metadata", "value", "1")).containsExactly(List.of("'7'"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "-1", ""})
  void aBrokenLevelIsRefused(String level) {
    new Opened(SqliteStateStore.at(file)).close();
    try (var raw = new RawDatabase(file)) {
      raw.execute("UPDATE metadata SET value = '%s' WHERE key = 'migrations'".formatted(level));
    }
    assertThatExceptionOfType(ComponentException.class)
        .isThrownBy(() -> new Opened(SqliteStateStore.at(file)))
        .withMessage("invalid migration level found in metadata table: " + level);
  }

  @Test
  void aTableFromBeforeTheMetadataTableIsTakenOver() {
    try (var raw = new RawDatabase(file)) {
      raw.execute(
          "CREATE TABLE state (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL, is_binary BOOLEAN NOT NULL, etag TEXT NOT NULL, expiration_time TIMESTAMP DEFAULT NULL, update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)");
      raw.execute("INSERT INTO state (key, value, is_binary, etag) VALUES ('k', 'YWJj', 1, 'e')");
    }
    try (var ours = new Opened(SqliteStateStore.at(file))) {
      assertThat(ours.text("k")).isEqualTo("abc");
    }
  }

  @Test
  void twoStoresWithOneMetadataTableBothGetTheirTable() {
    var settings = SqliteSettings.at(file);
    try (var first =
            new Opened(SqliteStateStore.builder(settings).tableName("a").build());
        var second =
            new Opened(SqliteStateStore.builder(settings).tableName("b").build())) {
      first.save("k", "1");
      second.save("k", "2");
      assertThat(first.text("k")).isEqualTo("1");
      assertThat(second.text("k")).isEqualTo("2");
    }
  }

  @Test
  void aFailedOpenCanBeRepeated() {
    var store = SqliteStateStore.at(directory.resolve("later/state.db"));
    assertThatExceptionOfType(ComponentException.class)
        .isThrownBy(() -> new Opened(store))
        .matches(ComponentException::isTransient);
    store.close();
    assertThat(directory.resolve("later").toFile().mkdir()).isTrue();
    try (var ours = new Opened(store)) {
      ours.save("k", "v");
      ours.store.probe(Deadline.none());
    }
  }

  @Test
  void callsBeforeOpenAndAfterCloseAreMistakes() {
    var store = SqliteStateStore.at(file);
    assertThatIllegalStateException()
        .isThrownBy(() -> store.get("k", ReadOptions.defaults(), Deadline.none()));
    var ours = new Opened(store);
    ours.close();
    ours.close();
    assertThatIllegalStateException().isThrownBy(() -> ours.get("k"));
    assertThatIllegalStateException().isThrownBy(() -> ours.save("k", "v"));
  }

  @Test
  void cleanupRemovesExpiredRowsOnceAnIntervalForAllProcesses() {
    var interval = Duration.ofHours(1);
    var settings = SqliteSettings.at(file);
    try (var one = new Opened(
            SqliteStateStore.builder(settings).cleanupInterval(interval).build());
        var two = new Opened(
            SqliteStateStore.builder(settings).cleanupInterval(interval).build());
        var raw = new RawDatabase(file)) {
      one.save("stays", "v");
      one.store.apply(Opened.put("later", "v", false, Duration.ofHours(2)), Deadline.none());
      expire(raw, 1200);
      assertThat(raw.rows("metadata", "key", "key = 'last-cleanup'")).isEmpty();

      one.runScheduled();
      assertThat(raw.rows("state", "key", "1"))
          .containsExactlyInAnyOrder(List.of("'stays'"), List.of("'later'"));
      assertThat(raw.rows("metadata", "value", "key = 'last-cleanup'").get(0).get(0))
          .matches("'\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d'");

      expire(raw, 3);
      two.runScheduled();
      assertThat(raw.rows("state", "key", "1")).hasSize(5);

      raw.execute(
          "UPDATE metadata SET value = datetime('now', '-1 hour') WHERE key = 'last-cleanup'");
      two.runScheduled();
      assertThat(raw.rows("state", "key", "1")).hasSize(2);
    }
  }

  @Test
  void withoutAnIntervalNothingIsScheduled() {
    try (var ours = new Opened(SqliteStateStore.at(file))) {
      assertThat(ours.scheduled).isEmpty();
    }
  }

  @Test
  void theProviderAnswersToBothTypes() {
    var provider = provider();
    assertThat(provider.type()).isEqualTo("state.sqlite");
    assertThat(provider.aliases()).containsExactly("state.sqlite3");
  }

  @Test
  void theProviderReadsEveryField() {
    var spec = ComponentSpec.of(
        "st",
        "state.sqlite",
        Map.of(
            "connectionString", file.toString(),
            "timeout", "5",
            "busyTimeout", "1s",
            "disableWAL", "true",
            "tableName", "mine",
            "metadataTableName", "meta",
            "cleanupIntervalInSeconds", "60"));
    var store = (SqliteStateStore) provider().create(spec);
    assertThat(spec.metadata().problems()).isEmpty();
    try (var ours = new Opened(store);
        var raw = new RawDatabase(file)) {
      ours.save("k", "v");
      assertThat(raw.rows("mine", "key", "1")).containsExactly(List.of("'k'"));
      assertThat(raw.rows("meta", "key, value", "1"))
          .containsExactly(List.of("'migrations'", "'1'"));
      assertThat(ours.scheduled).hasSize(1);
    }
  }

  @Test
  void theProviderReportsWhatIsWrong() {
    var spec = ComponentSpec.of(
        "st",
        "state.sqlite",
        Map.of("tableName", "a b", "metadataTableName", "c;d", "tabelName", "x"));
    provider().create(spec);
    assertThat(spec.metadata().problems())
        .containsExactlyInAnyOrder(
            "\"connectionString\" is missing",
            "\"tableName\" was \"a b\" but must consist of ASCII letters, digits and underscores",
            "\"metadataTableName\" was \"c;d\" but must consist of ASCII letters, digits and underscores",
            "\"tabelName\" is not a setting of this component; did you mean \"tableName\"?");
  }

  @Test
  void theBuilderIsStrict() {
    var builder = SqliteStateStore.builder(SqliteSettings.at(file)).tableName("a");
    assertThatIllegalStateException()
        .isThrownBy(() -> builder.tableName("b"))
        .withMessage("tableName was already set to a");
    assertThatIllegalArgumentException().isThrownBy(() -> builder.metadataTableName("a b"));
  }

  private static void expire(RawDatabase raw, int count) {
    raw.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO state (key, value, is_binary, etag, expiration_time) SELECT 'gone' || i, 'v', 0, 'e', '2020-01-01 00:00:00' FROM n"
            .formatted(count));
  }

  private static ComponentProvider provider() {
    return ServiceLoader.load(ComponentProvider.class).stream()
        .map(ServiceLoader.Provider::get)
        .filter(provider -> provider instanceof SqliteStateStore.Provider)
        .findFirst()
        .orElseThrow();
  }
}
