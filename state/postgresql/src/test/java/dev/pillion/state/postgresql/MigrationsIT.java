// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import static dev.pillion.state.postgresql.TestStore.apply;
import static dev.pillion.state.postgresql.TestStore.bytes;
import static dev.pillion.state.postgresql.TestStore.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.ComponentException;
import dev.pillion.testservers.PostgresServer;
import dev.pillion.testservers.RealServers;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Schemas as Dapr leaves them, at every level, brought up to date beside others. */
@ExtendWith(RealServers.class)
class MigrationsIT {
  private static final String METADATA =
      "CREATE TABLE dapr_metadata (key text NOT NULL PRIMARY KEY, value text NOT NULL)";
  private static final String V1_LEVEL_1 = """
      CREATE TABLE state (key text NOT NULL PRIMARY KEY, value jsonb NOT NULL,
        isbinary boolean NOT NULL, insertdate TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
        updatedate TIMESTAMP WITH TIME ZONE NULL)""";
  private static final String V2_LEVEL_1 = """
      CREATE TABLE state (key text NOT NULL PRIMARY KEY, value bytea NOT NULL,
        etag uuid NOT NULL DEFAULT gen_random_uuid(),
        created_at timestamp with time zone NOT NULL DEFAULT now(),
        updated_at timestamp with time zone, expires_at timestamp with time zone);
      CREATE INDEX ON state (expires_at)""";

  private final Sql sql;

  MigrationsIT(PostgresServer server) {
    sql = new Sql(Databases.withUser(server, server.newDatabase()));
  }

  private PostgresStateStore open(String version) {
    return TestStore.open(make(version));
  }

  private PostgresStateStore make(String version) {
    return PostgresStateStore.builder(sql.url()).version(version).build();
  }

  private String level(String version) throws SQLException {
    return sql.one("SELECT value FROM dapr_metadata WHERE key = '%s'"
        .formatted(version.equals("v1") ? "migrations" : "migrations-state-v2-"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"v1", "v2"})
  void aSecondStartChangesNothingAndNeedsNoLock(String version) throws SQLException {
    open(version).close();
    var before = schema();
    try (var daprd = sql.connect()) {
      daprd.setAutoCommit(false);
      daprd
          .createStatement()
          .execute("SELECT value FROM dapr_metadata WHERE key = 'lock' FOR UPDATE");
      open(version).close();
      daprd.rollback();
    }
    assertThat(schema()).isEqualTo(before);
  }

  private List<String> schema() throws SQLException {
    return sql.rows("""
        SELECT c.oid, c.relname, a.attname, c.relfilenode FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid
        JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public' ORDER BY 1, 3""");
  }

  @Test
  void version1IsUpgradedFromLevel1() throws SQLException {
    sql.run(
        METADATA,
        V1_LEVEL_1,
        "INSERT INTO dapr_metadata VALUES ('lock', 'lock'), ('migrations', '1')");
    sql.run("""
        INSERT INTO state (key, value, isbinary, insertdate) VALUES
        ('young', '1', false, '2024-01-02'), ('b', '2', false, '2024-01-01'), ('a', '3', false, '2024-01-01')""");
    upgraded("v1", "3");
  }

  @Test
  void version1IsUpgradedFromLevel2() throws SQLException {
    sql.run(
        METADATA,
        V1_LEVEL_1,
        "ALTER TABLE state ADD expiredate TIMESTAMP WITH TIME ZONE",
        "INSERT INTO dapr_metadata VALUES ('lock', 'lock'), ('migrations', '2')");
    sql.run("""
        INSERT INTO state (key, value, isbinary, insertdate) VALUES
        ('young', '1', false, '2024-01-02'), ('b', '2', false, '2024-01-01'), ('a', '3', false, '2024-01-01')""");
    upgraded("v1", "3");
  }

  @Test
  void version2IsUpgradedFromLevel1() throws SQLException {
    sql.run(
        METADATA,
        V2_LEVEL_1,
        "INSERT INTO dapr_metadata VALUES ('lock', 'lock'), ('migrations-state-v2-', '1')");
    sql.run("""
        INSERT INTO state (key, value, created_at) VALUES
        ('young', '1', '2024-01-02'), ('b', '2', '2024-01-01'), ('a', '3', '2024-01-01')""");
    upgraded("v2", "2");
  }

  /** Rows are numbered by age, then key, and new ones come after. */
  private void upgraded(String version, String level) throws SQLException {
    var store = open(version);
    try {
      assertThat(level(version)).isEqualTo(level);
      assertThat(sql.rows("SELECT key, row_id FROM state ORDER BY row_id"))
          .containsExactly("a|1", "b|2", "young|3");
      assertThat(text(store, "young")).isEqualTo("1");
      apply(store, bytes("next", "4"));
      assertThat(sql.one("SELECT row_id FROM state WHERE key = 'next'")).isEqualTo("4");
      assertThat(sql.one("SELECT count(*) FROM pg_class WHERE relname = 'state_row_id_uidx'"))
          .isEqualTo("1");
    } finally {
      store.close();
    }
  }

  /** Dapr writes the level after the step, so a crash leaves a step done and not recorded. */
  @Test
  void stepsThatWereDoneButNotRecordedAreTolerated() throws SQLException {
    open("v1").close();
    for (String recorded : List.of(
        "DELETE FROM dapr_metadata WHERE key = 'migrations'",
        "INSERT INTO dapr_metadata VALUES ('migrations', '1')",
        "UPDATE dapr_metadata SET value = '2' WHERE key = 'migrations'")) {
      sql.run(recorded);
      open("v1").close();
      assertThat(level("v1")).isEqualTo("3");
      sql.run("DELETE FROM dapr_metadata WHERE key = 'migrations'");
    }
    sql.run("DROP TABLE state");
    open("v2").close();
    sql.run("DELETE FROM dapr_metadata WHERE key LIKE 'migrations-%'");
    open("v2").close();
    assertThat(sql.rows("SELECT relname FROM pg_class WHERE relname LIKE 'state_expires%'"))
        .containsExactly("state_expires_at_idx");
  }

  @Test
  void aHalfNumberedTableIsFinished() throws SQLException {
    sql.run(
        METADATA,
        V2_LEVEL_1,
        "INSERT INTO dapr_metadata VALUES ('lock', 'lock'), ('migrations-state-v2-', '1')",
        "ALTER TABLE state ADD COLUMN row_id BIGINT",
        "INSERT INTO state (key, value, row_id) VALUES ('a', '1', 1), ('b', '2', NULL)");
    open("v2").close();
    assertThat(sql.rows("SELECT key, row_id FROM state ORDER BY row_id"))
        .containsExactly("a|1", "b|2");
  }

  @Test
  void aHigherLevelIsLeftAlone() throws SQLException {
    open("v2").close();
    sql.run("UPDATE dapr_metadata SET value = '9' WHERE key LIKE 'migrations%'");
    open("v2").close();
    assertThat(level("v2")).isEqualTo("9");
  }

  @Test
  void aLevelThatIsNoNumberIsAFailure() throws SQLException {
    open("v2").close();
    sql.run("UPDATE dapr_metadata SET value = 'two' WHERE key LIKE 'migrations%'");
    var failure = catchThrowableOfType(ComponentException.class, () -> open("v2"));
    assertThat(failure.isTransient()).isFalse();
    assertThat(failure).hasMessageContaining("\"two\"");
  }

  @Test
  void aTableOfTheOtherVersionIsAFailureThatSaysWhatToDo() throws SQLException {
    open("v1").close();
    var failure = catchThrowableOfType(ComponentException.class, () -> open("v2"));
    assertThat(failure).hasMessageContaining("jsonb").hasMessageContaining("version: v1");
    assertThat(level("v2")).isEqualTo("none");
    sql.run("DROP TABLE state");
    open("v2").close();
    sql.run("DELETE FROM dapr_metadata WHERE key = 'migrations'");
    failure = catchThrowableOfType(ComponentException.class, () -> open("v1"));
    assertThat(failure).hasMessageContaining("bytea").hasMessageContaining("version: v2");
  }

  @Test
  void tablesMayLieInASchemaAndNamesFoldToLowerCase() throws SQLException {
    sql.run("CREATE SCHEMA mine");
    var store = TestStore.open(PostgresStateStore.builder(sql.url())
        .tablePrefix("mine.App_")
        .metadataTableName("mine.Meta")
        .build());
    apply(store, bytes("k", "v"));
    store.close();
    assertThat(sql.one("SELECT key FROM mine.app_state")).isEqualTo("k");
    assertThat(sql.one("SELECT value FROM mine.meta WHERE key = 'migrations-state-v2-mine.App_'"))
        .isEqualTo("2");
    assertThat(
            sql.one(
                "SELECT count(*) FROM pg_indexes WHERE schemaname = 'mine' AND indexname = 'app_state_row_id_uidx'"))
        .isEqualTo("1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"v1", "v2"})
  void storesThatStartAtOnceOnAnEmptyDatabaseAllOpen(String version) throws Exception {
    var threads = Executors.newFixedThreadPool(6);
    try {
      for (int round = 0; round < 5; round++) {
        sql.run("DROP TABLE IF EXISTS state, dapr_metadata");
        var openings = new ArrayList<Callable<PostgresStateStore>>();
        for (int i = 0; i < 6; i++) {
          openings.add(() -> open(version));
        }
        for (Future<PostgresStateStore> opening : threads.invokeAll(openings)) {
          opening.get().close();
        }
        assertThat(level(version)).isEqualTo(version.equals("v1") ? "3" : "2");
      }
    } finally {
      threads.shutdownNow();
    }
  }

  /** A daprd holds the lock row in one session and migrates in others. */
  @Test
  void aDaprdThatMigratesIsWaitedFor() throws Exception {
    sql.run(METADATA, "INSERT INTO dapr_metadata VALUES ('lock', 'lock')");
    var threads = Executors.newSingleThreadExecutor();
    try (var daprd = sql.connect()) {
      daprd.setAutoCommit(false);
      daprd
          .createStatement()
          .execute("SELECT value FROM dapr_metadata WHERE key = 'lock' FOR UPDATE");
      Future<PostgresStateStore> opening = threads.submit(() -> open("v2"));
      awaitWaiting();
      sql.run(V2_LEVEL_1, "INSERT INTO dapr_metadata VALUES ('migrations-state-v2-', '1')");
      assertThat(opening).isNotDone();
      daprd.rollback();
      opening.get(10, TimeUnit.SECONDS).close();
    } finally {
      threads.shutdownNow();
    }
    assertThat(level("v2")).isEqualTo("2");
  }

  @Test
  void aLockThatIsNotGivenUpInTimeIsUnavailable() throws SQLException {
    sql.run(METADATA, "INSERT INTO dapr_metadata VALUES ('lock', 'lock')");
    var store = make("v2");
    try (var daprd = sql.connect()) {
      daprd.setAutoCommit(false);
      daprd
          .createStatement()
          .execute("SELECT value FROM dapr_metadata WHERE key = 'lock' FOR UPDATE");
      var failure = catchThrowableOfType(
          ComponentException.class,
          () -> store.open(TestStore.context(new TestStore.Time(), Duration.ofMillis(500))));
      assertThat(failure.isTransient()).isTrue();
      daprd.rollback();
    }
    TestStore.open(store).close();
    assertThat(level("v2")).isEqualTo("2");
  }

  private void awaitWaiting() throws SQLException {
    for (int i = 0; i < 1000; i++) {
      if (!sql.one("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
              + " AND wait_event_type = 'Lock'")
          .equals("0")) {
        return;
      }
      LockSupport.parkNanos(10_000_000);
    }
    throw new AssertionError("nobody waits for the lock");
  }
}
