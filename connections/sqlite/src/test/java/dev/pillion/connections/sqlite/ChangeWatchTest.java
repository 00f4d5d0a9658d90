// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChangeWatchTest {
  @TempDir
  Path directory;

  private SqliteSettings settings(boolean wal) {
    var settings = SqliteSettings.at(directory.resolve("a.db"));
    return wal ? settings : settings.withoutWal();
  }

  private static void insert(SqliteDatabase database) {
    database.writeOne(
        session -> session.statement("INSERT INTO t VALUES (1)").executeUpdate(), Deadline.none());
  }

  private static void createTable(SqliteDatabase database) {
    database.write(
        session -> {
          session.execute("CREATE TABLE t (a)");
          return true;
        },
        Deadline.none());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void everyCommitIsSeenOnce(boolean wal) throws SQLException {
    try (var database = SqliteDatabase.open(settings(wal), new WallTime());
        var watch = database.watch();
        var other = DriverManager.getConnection("jdbc:sqlite:" + directory.resolve("a.db"))) {
      createTable(database);
      assertThat(watch.hasChanged()).isTrue();
      assertThat(watch.hasChanged()).isFalse();
      for (int i = 0; i < 500; i++) {
        if (i % 2 == 0) {
          insert(database);
        } else {
          try (var statement = other.createStatement()) {
            statement.execute("INSERT INTO t VALUES (2)");
          }
        }
        // Many fall into one tick of the file system's clock.
        assertThat(watch.hasChanged()).as("commit %d", i).isTrue();
        assertThat(watch.hasChanged()).isFalse();
      }
    }
  }

  @Test
  void aCommitAfterAQuietTimeIsSeen() {
    var nanos = new AtomicLong();
    var time = new TimeSource() {
      @Override
      public Instant now() {
        return Instant.EPOCH;
      }

      @Override
      public long nanos() {
        return nanos.get();
      }

      @Override
      public Scheduled schedule(Duration delay, Runnable task) {
        throw new UnsupportedOperationException();
      }
    };
    try (var database = SqliteDatabase.open(settings(true), time);
        var watch = database.watch()) {
      createTable(database);
      assertThat(watch.hasChanged()).isTrue();
      for (int commit = 0; commit < 20; commit++) {
        for (int i = 0; i < 100; i++) {
          nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(40));
          assertThat(watch.hasChanged()).isFalse();
        }
        insert(database);
        // At the latest when SQLite is asked in any case.
        boolean seen = false;
        for (int i = 0; i < 40 && !seen; i++) {
          seen = watch.hasChanged();
        }
        assertThat(seen).isTrue();
      }
    }
  }

  @Test
  void aMemoryDatabaseHasNobodyElse() {
    try (var database = SqliteDatabase.open(SqliteSettings.inMemory(), new WallTime());
        var watch = database.watch()) {
      createTable(database);
      assertThat(watch.hasChanged()).isFalse();
      watch.close();
    }
  }
}
