// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.ComponentException;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.concurrent.Deadline;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Opening, reading, and what each failure of SQLite's becomes. */
class SqliteDatabaseTest {
  @TempDir
  Path directory;

  private SqliteDatabase database;

  @AfterEach
  void close() {
    if (database != null) {
      database.close();
    }
  }

  @Test
  void syncsEveryCommitInWriteAheadMode() {
    open(settings());
    assertThat(pragmas()).isEqualTo(Map.of("synchronous", "2", "journal_mode", "wal"));
  }

  @Test
  void syncsEveryCommitWithARollbackJournal() {
    open(settings().withoutWal());
    assertThat(pragmas()).isEqualTo(Map.of("synchronous", "2", "journal_mode", "delete"));
  }

  @Test
  void readersCantWrite() {
    open(settings());
    assertThatExceptionOfType(ComponentException.class)
        .isThrownBy(() -> database.read(session -> insert(session, 1), Deadline.none()))
        .withMessageContaining("read-only");
    assertThat(count()).isZero();
  }

  @Test
  void aTransactionIsAllOrNothing() {
    open(settings());
    assertThatThrownBy(() -> database.write(
            session -> {
              insert(session, 1);
              insert(session, 2);
              throw new IllegalArgumentException("changed my mind");
            },
            Deadline.none()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("changed my mind");
    assertThat(count()).isZero();
    database.write(session -> insert(session, 1) + insert(session, 2), Deadline.none());
    assertThat(count()).isEqualTo(2);
  }

  @Test
  void aReadSeesEveryWriteThatHasReturned() {
    open(settings());
    for (int i = 1; i <= 200; i++) {
      int id = i;
      database.writeOne(session -> insert(session, id), Deadline.none());
      assertThat(count()).isEqualTo(i);
    }
  }

  @Test
  void aMemoryDatabaseReadsWhatItWrote() {
    open(SqliteSettings.inMemory());
    database.writeOne(session -> insert(session, 1), Deadline.none());
    assertThat(count()).isEqualTo(1);
    assertThat(database).hasToString(":memory:");
  }

  @Test
  void aMissingDirectoryIsNamed() {
    assertThatExceptionOfType(ComponentException.class)
        .isThrownBy(() -> open(SqliteSettings.at(directory.resolve("no/such/a.db"))))
        .withMessageContaining("there is no directory")
        .matches(ComponentException::isTransient);
  }

  @Test
  void aFileThatIsNoDatabaseIsNamed() throws Exception {
    Files.writeString(file(), "This is a text file, and a rather long one. ".repeat(100));
    assertThatExceptionOfType(ComponentException.class)
        .isThrownBy(() -> open(settings()))
        .withMessageContaining("is no SQLite database")
        .matches(failure -> !failure.isTransient());
  }

  @Test
  void aReadOnlyDatabaseReadsAndRefusesToWrite() {
    open(settings());
    database.writeOne(session -> insert(session, 1), Deadline.none());
    database.close();
    var metadata = ComponentMetadata.of(Map.of("connectionString", file() + "?mode=ro"));
    database = SqliteDatabase.open(SqliteSettings.read(metadata), new WallTime());
    assertThat(count()).isEqualTo(1);
    assertThatExceptionOfType(ComponentException.class)
        .isThrownBy(() -> database.writeOne(session -> insert(session, 2), Deadline.none()))
        .withMessageContaining("read-only")
        .matches(failure -> !failure.isTransient());
  }

  @Test
  void wrongSqlIsAFailureOfItsCallerAlone() {
    open(settings());
    assertThatExceptionOfType(ComponentException.class)
        .isThrownBy(() -> database.write(
            session -> session.statement("INSERT INTO nowhere VALUES (1)").executeUpdate(),
            Deadline.none()))
        .withMessageContaining("no such table")
        .matches(failure -> !failure.isTransient());
    database.writeOne(session -> insert(session, 1), Deadline.none());
    assertThat(count()).isEqualTo(1);
  }

  @Test
  void aStatementWorksAgainAfterItHasFailed() {
    open(settings());
    database.writeOne(session -> insert(session, 1), Deadline.none());
    for (int i = 0; i < 3; i++) {
      assertThatExceptionOfType(ComponentException.class)
          .isThrownBy(() -> database.writeOne(session -> insert(session, 1), Deadline.none()))
          .withMessageContaining("UNIQUE");
      database.writeOne(session -> upsert(session, 1), Deadline.none());
    }
    database.writeOne(session -> insert(session, 2), Deadline.none());
    assertThat(count()).isEqualTo(2);
  }

  @Test
  void waitsForAnotherWriterUpToBusyTimeout() throws Exception {
    open(settings().busyTimeout(Duration.ofMillis(150)));
    try (var other = other()) {
      begin(other);
      long start = System.nanoTime();
      assertThatExceptionOfType(ComponentException.class)
          .isThrownBy(() -> database.writeOne(session -> insert(session, 1), Deadline.none()))
          .withMessageContaining("is busy")
          .matches(ComponentException::isTransient);
      assertThat(System.nanoTime() - start).isBetween(150_000_000L, 5_000_000_000L);
      assertThat(count()).isZero();
    }
    database.writeOne(session -> insert(session, 1), Deadline.none());
    assertThat(count()).isEqualTo(1);
  }

  @Test
  void goesOnAsSoonAsTheOtherWriterIsDone() throws Exception {
    open(settings().busyTimeout(Duration.ofSeconds(20)));
    try (var other = other()) {
      begin(other);
      var write =
          new Caller(() -> database.writeOne(session -> insert(session, 1), Deadline.none()));
      write.awaitParked();
      execute(other, "COMMIT");
      assertThat(write.result()).isEqualTo(1);
    }
  }

  @Test
  void aBusyTimeoutOfZeroFailsAtOnce() throws Exception {
    open(settings().busyTimeout(Duration.ZERO));
    try (var other = other()) {
      begin(other);
      assertThatExceptionOfType(ComponentException.class)
          .isThrownBy(() -> database.writeOne(session -> insert(session, 1), Deadline.none()))
          .withMessageContaining("is busy");
    }
  }

  @Test
  void aFullDatabaseRefusesKeepsWhatItHasAndRecovers() {
    var metadata =
        ComponentMetadata.of(Map.of("connectionString", file() + "?_pragma=max_page_count(40)"));
    database = SqliteDatabase.open(SqliteSettings.read(metadata), new WallTime());
    createTable();
    int acknowledged = 0;
    ComponentException refused = null;
    while (refused == null) {
      int id = acknowledged + 1;
      try {
        database.writeOne(session -> insertLarge(session, id), Deadline.none());
        acknowledged++;
      } catch (ComponentException e) {
        refused = e;
      }
    }
    assertThat(refused).hasMessageContaining("is full").matches(ComponentException::isTransient);
    assertThat(acknowledged).isPositive();
    assertThat(count()).isEqualTo(acknowledged);

    int all = acknowledged;
    database.write(
        session -> session.statement("DELETE FROM t WHERE id < " + all).executeUpdate(),
        Deadline.none());
    database.writeOne(session -> insertLarge(session, 1), Deadline.none());
    assertThat(count()).isEqualTo(2);
  }

  @Test
  void aLogThatReadersLetGrowIsEmptiedOnceTheyAreGone() throws Exception {
    open(settings());
    var log = directory.resolve("a.db-wal");
    try (var other = other()) {
      execute(other, "BEGIN");
      execute(other, "SELECT * FROM t");
      database.write(
          session -> {
            for (int id = 0; id < 2_500; id++) {
              insertLarge(session, id);
            }
            return true;
          },
          Deadline.none());
      assertThat(Files.size(log)).isGreaterThan(20 << 20);
      execute(other, "COMMIT");
    }
    for (int i = 0; i <= 200; i++) {
      database.writeOne(
          session -> session.statement("UPDATE t SET id = id WHERE id = 0").executeUpdate(),
          Deadline.none());
    }
    assertThat(Files.size(log)).isLessThan(16 << 20);
  }

  @Test
  void afterCloseEveryCallIsAMistake() {
    open(settings());
    database.close();
    database.close();
    assertThatIllegalStateException().isThrownBy(this::count).withMessageContaining("closed");
    assertThatIllegalStateException()
        .isThrownBy(() -> database.writeOne(session -> insert(session, 1), Deadline.none()))
        .withMessageContaining("closed");
  }

  @Test
  void closeLeavesNoLogBehind() {
    open(settings());
    database.writeOne(session -> insert(session, 1), Deadline.none());
    assertThat(count()).isEqualTo(1);
    database.close();
    assertThat(directory).isDirectoryNotContaining(path -> path.toString().endsWith("-wal"));
  }

  @Test
  void aFailedOpenLeavesNothingOpenAndMayBeRepeated() throws Exception {
    open(settings());
    database.close();
    try (var other = other()) {
      // Leaving write-ahead mode needs the file alone.
      execute(other, "PRAGMA journal_mode=wal");
      execute(other, "SELECT * FROM t");
      assertThatExceptionOfType(ComponentException.class)
          .isThrownBy(() -> SqliteDatabase.open(
              settings().withoutWal().busyTimeout(Duration.ofMillis(20)), new WallTime()))
          .withMessageContaining("busy");
    }
    database = SqliteDatabase.open(settings().withoutWal(), new WallTime());
    assertThat(count()).isZero();
  }

  private void open(SqliteSettings settings) {
    database = SqliteDatabase.open(settings, new WallTime());
    createTable();
  }

  private void createTable() {
    database.write(
        session -> {
          session.execute("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, filler TEXT)");
          return true;
        },
        Deadline.none());
  }

  private Path file() {
    return directory.resolve("a.db");
  }

  private SqliteSettings settings() {
    return SqliteSettings.at(file());
  }

  private Connection other() throws SQLException {
    return DriverManager.getConnection("jdbc:sqlite:" + file());
  }

  private static void begin(Connection connection) throws SQLException {
    execute(connection, "BEGIN IMMEDIATE");
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private Map<String, String> pragmas() {
    return database.write(
        session -> {
          var found = new HashMap<String, String>();
          for (String name : new String[] {"synchronous", "journal_mode"}) {
            try (var result = session.statement("PRAGMA " + name).executeQuery()) {
              result.next();
              found.put(name, result.getString(1));
            }
          }
          return found;
        },
        Deadline.none());
  }

  private static int insert(SqliteSession session, int id) throws SQLException {
    var statement = session.statement("INSERT INTO t (id) VALUES (?)");
    statement.setInt(1, id);
    return statement.executeUpdate();
  }

  private static int upsert(SqliteSession session, int id) throws SQLException {
    var statement = session.statement("INSERT INTO t (id) VALUES (?) ON CONFLICT DO NOTHING");
    statement.setInt(1, id);
    return statement.executeUpdate();
  }

  private static int insertLarge(SqliteSession session, int id) throws SQLException {
    var statement = session.statement("INSERT INTO t (id, filler) VALUES (?, ?)");
    statement.setInt(1, id);
    statement.setString(2, "x".repeat(10_000));
    return statement.executeUpdate();
  }

  private int count() {
    return database.read(
        session -> {
          try (var result = session.statement("SELECT COUNT(*) FROM t").executeQuery()) {
            result.next();
            return result.getInt(1);
          }
        },
        Deadline.none());
  }
}
