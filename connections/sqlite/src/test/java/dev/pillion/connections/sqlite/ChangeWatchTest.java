// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.Threads;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.connections.sqlite.ChangeWatch.Kernel;
import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.WatchService;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChangeWatchTest {
  private static final Duration POLL = Duration.ofMillis(40);
  private static final Kernel SILENT = directory -> null;

  @TempDir
  Path directory;

  private final Semaphore told = new Semaphore(0);
  private final TestThreads threads = new TestThreads();

  private static final class TestThreads implements Threads {
    final List<Thread> started = new CopyOnWriteArrayList<>();
    boolean idle;

    @Override
    public void execute(String name, Runnable task) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Thread start(String name, Runnable loop) {
      var thread = new Thread(idle ? () -> {} : loop, name);
      thread.setDaemon(true);
      started.add(thread);
      thread.start();
      return thread;
    }
  }

  private Path file() {
    return directory.resolve("a.db");
  }

  private SqliteSettings settings(boolean wal) {
    var settings = SqliteSettings.at(file());
    return wal ? settings : settings.withoutWal();
  }

  private SqliteDatabase open(SqliteSettings settings) {
    var database = SqliteDatabase.open(settings, new WallTime());
    database.write(
        session -> {
          session.execute("CREATE TABLE t (a)");
          return true;
        },
        Deadline.none());
    return database;
  }

  private ChangeWatch watch(SqliteDatabase database, Kernel kernel) {
    return database.watch(
        new ChangeWatch.Listening(POLL, told::release, threads, "pubsub/watch"), kernel);
  }

  private ChangeWatch watch(SqliteDatabase database) {
    return watch(database, Kernel.ofThisMachine());
  }

  private static void insert(SqliteDatabase database) {
    database.writeOne(
        session -> session.statement("INSERT INTO t VALUES (1)").executeUpdate(), Deadline.none());
  }

  private Connection other() throws SQLException {
    return DriverManager.getConnection("jdbc:sqlite:" + file());
  }

  private static void insert(Connection other) throws SQLException {
    try (var statement = other.createStatement()) {
      statement.execute("INSERT INTO t VALUES (2)");
    }
  }

  /** So much later that the file system's clock shows it. */
  private void insertLater(Connection other) throws SQLException {
    var log = directory.resolve("a.db-wal").toFile();
    long before = log.lastModified();
    while (log.lastModified() == before) {
      insert(other);
    }
  }

  /** Until it would wait for a second, which is until it relies on being told. */
  private static void becomeQuiet(ChangeWatch watch) {
    for (int i = 0; i < 200 && watch.pauseNanos() < LookPace.LONGEST_NANOS; i++) {
      boolean ignored = watch.hasChanged();
    }
    assertThat(watch.pauseNanos()).isEqualTo(LookPace.LONGEST_NANOS);
  }

  private void awaitTold() throws InterruptedException {
    assertThat(told.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"true, true", "true, false", "false, true", "false, false"})
  void everyCommitIsSeenOnce(boolean wal, boolean listens) throws SQLException {
    try (var database = open(settings(wal));
        var watch = listens ? watch(database) : watch(database, SILENT);
        var other = other()) {
      assertThat(watch.hasChanged()).isTrue();
      assertThat(watch.hasChanged()).isFalse();
      for (int i = 0; i < 500; i++) {
        if (i % 2 == 0) {
          insert(database);
        } else {
          insert(other);
        }
        // Many fall into one tick of the file system's clock.
        assertThat(watch.hasChanged()).as("commit %d", i).isTrue();
        assertThat(watch.hasChanged()).isFalse();
      }
    }
  }

  @Test
  void whereNothingIsToldACommitAfterAQuietTimeIsSeen() {
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
    open(settings(true)).close();
    try (var database = SqliteDatabase.open(settings(true), time);
        var watch = watch(database, SILENT)) {
      assertThat(watch.hasChanged()).isTrue();
      for (int commit = 0; commit < 20; commit++) {
        for (int i = 0; i < 100; i++) {
          nanos.addAndGet(watch.pauseNanos());
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

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @EnabledOnOs(OS.LINUX)
  void theKernelTellsOfACommitWhileNobodyLooks(boolean wal) throws Exception {
    try (var database = open(settings(wal));
        var watch = watch(database);
        var other = other()) {
      for (int i = 0; i < 20; i++) {
        becomeQuiet(watch);
        told.drainPermits();
        insert(other);
        awaitTold();
        assertThat(watch.hasChanged()).isTrue();
        assertThat(watch.pauseNanos()).isLessThan(POLL.toNanos());
      }
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void theKernelTellsOfTheFileThatALinkLeadsTo() throws Exception {
    Files.createDirectory(directory.resolve("links"));
    var link = Files.createSymbolicLink(directory.resolve("links/b.db"), file());
    open(settings(true)).close();
    try (var database = SqliteDatabase.open(SqliteSettings.at(link), new WallTime());
        var watch = watch(database);
        var other = other()) {
      becomeQuiet(watch);
      told.drainPermits();
      insert(other);
      awaitTold();
      assertThat(watch.hasChanged()).isTrue();
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void ofAStreamOfCommitsOnlyTheFirstIsToldUntilTheNextQuiet() throws Exception {
    try (var database = open(settings(true));
        var watch = watch(database)) {
      becomeQuiet(watch);
      told.drainPermits();
      insert(database);
      awaitTold();
      for (int i = 0; i < 500; i++) {
        insert(database);
        assertThat(watch.hasChanged()).isTrue();
      }
      becomeQuiet(watch);
      assertThat(told.availablePermits()).isZero();
      insert(database);
      awaitTold();
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aWriteToAnotherFileIsNoReasonToLookForCommitsClosely() throws Exception {
    try (var database = open(settings(true));
        var watch = watch(database)) {
      becomeQuiet(watch);
      told.drainPermits();
      Files.writeString(directory.resolve("a.db2"), "x");
      awaitTold();
      assertThat(watch.hasChanged()).isFalse();
      assertThat(watch.pauseNanos()).isEqualTo(TimeUnit.MILLISECONDS.toNanos(20));
      becomeQuiet(watch);
      insert(database);
      awaitTold();
      assertThat(watch.hasChanged()).isTrue();
    }
  }

  @Test
  void withoutAWatchItIsLookedAtInTheUsersInterval() {
    // As when this user has as many as the system allows.
    Kernel exhausted = directory -> {
      throw new IOException("User limit of inotify instances reached");
    };
    try (var database = open(settings(true));
        var watch = watch(database, exhausted)) {
      assertThat(watch.hasChanged()).isTrue();
      for (int i = 0; i < 100; i++) {
        insert(database);
        assertThat(watch.hasChanged()).isTrue();
        assertThat(watch.pauseNanos()).isEqualTo(POLL.toNanos());
      }
      assertThat(threads.started).isEmpty();
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aWatchThatDidNotTellIsGivenUp() throws SQLException {
    var service = new AtomicReference<WatchService>();
    Kernel kernel = directory -> {
      service.set(directory.getFileSystem().newWatchService());
      return service.get();
    };
    // Nobody takes what it tells.
    threads.idle = true;
    try (var database = open(settings(true));
        var watch = watch(database, kernel);
        var other = other()) {
      becomeQuiet(watch);
      insertLater(other);
      assertThat(watch.hasChanged()).isTrue();
      for (int i = 0; i < 49; i++) {
        assertThat(watch.hasChanged()).isFalse();
        assertThat(watch.pauseNanos()).isLessThan(POLL.toNanos());
      }
      boolean ignored = watch.hasChanged();
      assertThat(watch.pauseNanos()).isEqualTo(POLL.toNanos());
      assertThatExceptionOfType(ClosedWatchServiceException.class)
          .isThrownBy(() -> service.get().poll());
      insert(other);
      assertThat(watch.hasChanged()).isTrue();
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void whenTheDirectoryHasMovedCommitsAreSeenAllTheSame() throws Exception {
    var home = Files.createDirectory(directory.resolve("home"));
    var settings = SqliteSettings.at(home.resolve("a.db"));
    try (var database = open(settings);
        var watch = watch(database)) {
      becomeQuiet(watch);
      told.drainPermits();
      Files.move(home, directory.resolve("moved"));
      insert(database);
      awaitTold();
      assertThat(watch.hasChanged()).isTrue();
      // It can't be armed again.
      for (int i = 0; i < 10; i++) {
        assertThat(watch.hasChanged()).isFalse();
      }
      assertThat(watch.pauseNanos()).isEqualTo(POLL.toNanos());
      insert(database);
      boolean seen = false;
      for (int i = 0; i < 40 && !seen; i++) {
        seen = watch.hasChanged();
      }
      assertThat(seen).isTrue();
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void closingEndsItsThreadAndGivesTheWatchBack() throws Exception {
    long before = watches();
    try (var database = open(settings(true))) {
      for (int i = 0; i < 200; i++) {
        try (var watch = watch(database)) {
          becomeQuiet(watch);
          if (i % 2 == 0) {
            insert(database);
          }
        }
      }
      assertThat(threads.started).hasSize(200);
      for (Thread thread : threads.started) {
        assertThat(thread.getName()).isEqualTo("pubsub/watch");
        thread.join(20_000);
        assertThat(thread.isAlive()).isFalse();
      }
    }
    assertThat(watches()).isEqualTo(before);
  }

  /** How many this process has, of which the system allows a user some hundred. */
  private static long watches() throws IOException {
    var open = Path.of("/proc/self/fd");
    assumeTrue(Files.isDirectory(open));
    long count = 0;
    try (var files = Files.list(open)) {
      for (Path file : files.toList()) {
        if (Files.isSymbolicLink(file)) {
          count += Files.readSymbolicLink(file).toString().contains("inotify") ? 1 : 0;
        }
      }
    }
    return count;
  }

  @Test
  void aMemoryDatabaseHasNobodyElse() {
    try (var database = open(SqliteSettings.inMemory());
        var watch = watch(database)) {
      assertThat(watch.hasChanged()).isFalse();
      assertThat(watch.pauseNanos()).isEqualTo(LookPace.LONGEST_NANOS);
      assertThat(threads.started).isEmpty();
      watch.close();
    }
  }
}
