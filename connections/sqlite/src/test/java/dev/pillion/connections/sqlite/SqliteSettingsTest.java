// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.pillion.component.ComponentMetadata;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SqliteSettingsTest {
  @Test
  void hasDaprsDefaults() {
    var settings = read(Map.of("connectionString", "/data/app.db"));
    assertThat(settings.timeout()).isEqualTo(Duration.ofSeconds(20));
    assertThat(settings.busyMillis()).isEqualTo(2_000);
    assertThat(settings.usesWal()).isTrue();
    assertThat(settings.isReadOnly()).isFalse();
    assertThat(settings.jdbcUrl()).isEqualTo("jdbc:sqlite:file:/data/app.db?mode=rwc");
    assertThat(settings).hasToString("/data/app.db");
  }

  @Test
  void readsEveryField() {
    var settings = read(Map.of(
        "URL", "file:/data/app.db",
        "timeoutInSeconds", "5",
        "BusyTimeout", "1500us",
        "disableWAL", "yes"));
    assertThat(settings.file()).isEqualTo(Path.of("/data/app.db"));
    assertThat(settings.timeout()).isEqualTo(Duration.ofSeconds(5));
    assertThat(settings.busyMillis()).isEqualTo(1);
    assertThat(settings.usesWal()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "/data/a.db, /data/a.db",
    "file:/data/a.db, /data/a.db",
    "FILE:/data/a.db, /data/a.db",
    "file:///data/a.db, /data/a.db",
    "file://localhost/data/a.db, /data/a.db",
    "/data/a%20b.db, '/data/a b.db'",
    "/data/a+b.db, /data/a+b.db",
    "/data/a.db#fragment, /data/a.db",
    "/data/a.db?mode=rw&cache=shared, /data/a.db"
  })
  void findsTheFile(String connectionString, String file) {
    assertThat(read(Map.of("connectionString", connectionString)).file()).isEqualTo(Path.of(file));
  }

  @Test
  void aRelativePathCountsFromTheWorkingDirectory() {
    assertThat(read(Map.of("connectionString", "data/a.db")).file())
        .isEqualTo(Path.of("data/a.db").toAbsolutePath());
  }

  @Test
  void aPathGivenInCodeIsTakenLiterally() {
    assertThat(SqliteSettings.at(Path.of("/data/50%?#.db")).jdbcUrl())
        .isEqualTo("jdbc:sqlite:file:/data/50%25%3f%23.db?mode=rwc");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {":memory:", "file::memory:", ":memory:?cache=shared", "file:x.db?mode=memory"})
  void recognisesMemory(String connectionString) {
    var settings = read(Map.of("connectionString", connectionString));
    assertThat(settings.isInMemory()).isTrue();
    assertThat(settings.file()).isNull();
    assertThat(settings.usesWal()).isFalse();
    assertThat(settings.jdbcUrl()).isEqualTo("jdbc:sqlite::memory:");
  }

  @Test
  void readOnlyAndImmutableKeepTheJournalAsItIs() {
    var readOnly = read(Map.of("connectionString", "/data/a.db?mode=ro"));
    assertThat(readOnly.isReadOnly()).isTrue();
    assertThat(readOnly.usesWal()).isFalse();
    var immutable = read(Map.of("connectionString", "/data/a.db?immutable=1"));
    assertThat(immutable.isReadOnly()).isTrue();
    assertThat(immutable.jdbcUrl()).endsWith("?mode=ro&immutable=1");
  }

  @Test
  void takesTheUsersPragmas() {
    var settings = read(Map.of(
        "connectionString",
        "/a.db?_pragma=cache_size(-4000)&_pragma=temp_store%3Dmemory&_pragma=synchronous(EXTRA)"));
    assertThat(settings.pragmas())
        .isEqualTo(Map.of("cache_size", "-4000", "temp_store", "memory", "synchronous", "EXTRA"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "busy_timeout(5)",
        "BUSY_TIMEOUT=5",
        "journal_mode(off)",
        "foreign_keys(1)",
        "synchronous(normal)",
        "synchronous=1",
        "locking_mode(exclusive)",
        "query_only(1)",
        "cache_size(1);drop",
        "nothing"
      })
  void refusesPragmasThatWouldBreakAPromise(String pragma) {
    assertThat(problems(Map.of("connectionString", "/a.db?_pragma=" + pragma))).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "file:",
        "file://other/a.db",
        "/a.db?mode=x",
        "/a.db?_txlock=none",
        "/a.db?nolock=1",
        "/a.db?vfs=unix-none"
      })
  void refusesWhatItCantHonour(String connectionString) {
    assertThat(problems(Map.of("connectionString", connectionString))).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"immediate", "Deferred", "exclusive"})
  void acceptsEveryTxlockOfDaprs(String lock) {
    assertThat(problems(Map.of("connectionString", "/a.db?_txlock=" + lock))).isEmpty();
  }

  @Test
  void reportsAllProblemsAtOnceAndNoPath() {
    var problems = problems(Map.of(
        "connectionString", "/very/secret.db?mode=x&_pragma=busy_timeout(1)", "timeout", "10ms"));
    assertThat(problems).hasSize(3).allSatisfy(line -> assertThat(line).doesNotContain("secret"));
    assertThat(problems)
        .contains(
            "found forbidden option '_pragma=busy_timeout' in the connection string; use the setting \"busyTimeout\"");
  }

  @Test
  void theConnectionStringIsRequired() {
    assertThat(problems(Map.of())).containsExactly("\"connectionString\" is missing");
  }

  @Test
  void aTimeoutBelowOneSecondIsRefusedInCodeToo() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SqliteSettings.inMemory().timeout(Duration.ofMillis(999)));
  }

  @Test
  void aBusyTimeoutOfZeroOrLessMeansNone() {
    assertThat(read(Map.of("connectionString", "/a.db", "busyTimeout", "-1")).busyMillis())
        .isZero();
  }

  private static SqliteSettings read(Map<String, String> fields) {
    var metadata = ComponentMetadata.of(fields);
    var settings = SqliteSettings.read(metadata);
    assertThat(metadata.problems()).isEmpty();
    return settings;
  }

  private static List<String> problems(Map<String, String> fields) {
    var metadata = ComponentMetadata.of(new HashMap<>(fields));
    SqliteSettings.read(metadata);
    return metadata.problems();
  }
}
