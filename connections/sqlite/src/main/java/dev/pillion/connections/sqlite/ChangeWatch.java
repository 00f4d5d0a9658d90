// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import dev.pillion.concurrent.Threads;
import dev.pillion.concurrent.TimeSource;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.WatchService;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells whether anybody, another process or this one, has committed to a database file, and when it
 * is worth asking. Not thread-safe; it has a connection of its own.
 *
 * <p>On Linux the kernel tells of writes (inotify), and asking is worth while for a moment after
 * one. Where it does not, and from the first time on that it was found not to have told of one, the
 * caller asks at its own interval. Then SQLite, which knows exactly, would cost far more than a
 * look at when the file that commits are written to was last modified. So it is asked when that has
 * moved, for a while after it, because two commits may fall into one tick of the file system's
 * clock, and now and then in any case.
 */
public final class ChangeWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ChangeWatch.class);

  /**
   * For so long after a modification SQLite is asked: longer than a tick of the file system's
   * clock, and than most syncs, for a commit is seen only after its sync.
   */
  private static final long EXACT_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  /** One of so many calls asks SQLite in any case. */
  private static final int EXACT_EVERY = 40;

  /** The same where a look is taken once a second. */
  private static final int CALM_EVERY = 5;

  private final SqliteSettings settings;
  private final SqliteConnector connector;
  private final TimeSource time;
  private final Listening listening;
  private final Kernel kernel;
  private final LookPace pace;
  private final @Nullable Path file;
  private final @Nullable File written;
  private boolean asked;
  private @Nullable WriteEvents events;
  private boolean exact;
  private long exactSinceNanos;
  private int calls;
  private long modified;
  private long seen;
  private long armedAt;
  private @Nullable SqliteSession session;
  private long version;

  /**
   * Who waits between two looks, and how.
   *
   * @param pollInterval how long it waits where the kernel tells nothing
   * @param told called on another thread when it should wait no longer
   * @param threadName what that thread is called
   */
  public record Listening(
      Duration pollInterval, Runnable told, Threads threads, String threadName) {}

  /** Where a watch of directories is to be had. */
  interface Kernel {
    /** Null where it would only be a loop that looks. */
    @Nullable
    WatchService watch(Path directory) throws IOException;

    /** As this machine has it. */
    static Kernel ofThisMachine() {
      // Elsewhere the JDK polls, or, on Windows, hears of a write only when the file is closed.
      boolean inotify = System.getProperty("os.name", "").equals("Linux");
      return directory -> inotify ? directory.getFileSystem().newWatchService() : null;
    }
  }

  ChangeWatch(
      SqliteSettings settings,
      SqliteConnector connector,
      TimeSource time,
      Listening listening,
      Kernel kernel) {
    this.settings = settings;
    this.connector = connector;
    this.time = time;
    this.listening = listening;
    this.kernel = kernel;
    pace = new LookPace(listening.pollInterval().toNanos());
    file = real(settings.file());
    // Windows tells a new time only when the file is closed.
    written = file == null || File.separatorChar == '\\'
        ? null
        : new File(settings.usesWal() ? file + "-wal" : file.toString());
  }

  /** SQLite puts its log beside the file that a link leads to. */
  private static @Nullable Path real(@Nullable Path file) {
    try {
      return file == null ? null : file.toRealPath();
    } catch (IOException e) {
      return file.toAbsolutePath();
    }
  }

  /**
   * Whether there was a commit since this was last asked; true the first time. A database in memory
   * belongs to one component, which knows of its own commits: there it is always false.
   *
   * @throws dev.pillion.ComponentException when the database can't be asked; the next call tries
   *     again
   */
  public boolean hasChanged() {
    if (settings.isInMemory()) {
      return false;
    }
    if (!asked) {
      asked = true;
      listen();
    }
    try {
      var listened = events;
      return listened == null ? isWorthAsking() && ask() : look(listened);
    } catch (SQLException e) {
      disconnect();
      throw SqliteErrors.translate(settings, e);
    }
  }

  /** How long the caller may wait before it asks again, unless it is told to. */
  public long pauseNanos() {
    if (settings.isInMemory()) {
      return LookPace.LONGEST_NANOS;
    }
    // Without a connection something is wrong, and looking more often makes it no better.
    return events == null || session == null
        ? listening.pollInterval().toNanos()
        : pace.pauseNanos();
  }

  private boolean look(WriteEvents listened) throws SQLException {
    var event = listened.take();
    if (event != null) {
      pace.told(event);
    }
    boolean changed = (event != null || !isCalm()) && askNow();
    pace.looked(
        new LookPace.Look(changed, modified != seen, pace.isArmed() && modified != armedAt));
    if (pace.isUntold()) {
      poll("a commit was not told of", null);
    } else if (pace.mayArm(changed) && arm(listened)) {
      // What was written before is not told.
      changed = askNow();
    }
    return changed;
  }

  /**
   * Nothing was written for long, and SQLite need not be asked; now and then it is all the same.
   */
  private boolean isCalm() {
    calls = (calls + 1) % CALM_EVERY;
    return calls > 0
        && session != null
        && pace.pauseNanos() == LookPace.LONGEST_NANOS
        && modified == seen
        && modified == modified();
  }

  private boolean askNow() throws SQLException {
    modified = modified();
    boolean changed = ask();
    seen = changed ? modified : seen;
    return changed;
  }

  private void listen() {
    var directory = file == null ? null : file.getParent();
    if (file == null || directory == null) {
      return;
    }
    try {
      var service = kernel.watch(directory);
      if (service != null) {
        var opened = new WriteEvents(service, directory, file, listening.told());
        events = opened;
        opened.start(listening.threads(), listening.threadName());
      }
    } catch (IOException e) {
      // Too many of them, of all programs of this user.
      poll("there is no watch to be had", e);
    }
  }

  private boolean arm(WriteEvents listened) {
    try {
      listened.arm();
      armedAt = modified();
      pace.armed();
      return true;
    } catch (IOException e) {
      poll("its directory can't be watched", e);
      return false;
    }
  }

  /** From now on, for good. */
  private void poll(String reason, @Nullable IOException cause) {
    LOG.info(
        "sqlite database \"{}\" is looked at every {} ms for others' commits: {}{}",
        settings,
        listening.pollInterval().toMillis(),
        reason,
        cause == null ? "" : " (" + cause.getMessage() + ")");
    deafen();
    exact = true;
    exactSinceNanos = time.nanos();
  }

  private long modified() {
    return written == null ? 0 : written.lastModified();
  }

  private boolean isWorthAsking() {
    if (written == null) {
      return true;
    }
    long last = modified;
    modified = modified();
    calls = (calls + 1) % EXACT_EVERY;
    if (modified != last) {
      exact = true;
      exactSinceNanos = time.nanos();
    } else if (exact) {
      exact = time.nanos() - exactSinceNanos < EXACT_NANOS;
    }
    return exact || session == null || calls == 0;
  }

  private boolean ask() throws SQLException {
    var connected = session;
    if (connected == null) {
      connected = connector.openReader();
      session = connected;
      version = read(connected);
      return true;
    }
    long last = version;
    version = read(connected);
    return version != last;
  }

  private static long read(SqliteSession session) throws SQLException {
    try (var result = session.statement("PRAGMA data_version").executeQuery()) {
      return result.next() ? result.getLong(1) : 0;
    }
  }

  private void deafen() {
    var listened = events;
    events = null;
    if (listened != null) {
      listened.close();
    }
  }

  private void disconnect() {
    var connected = session;
    session = null;
    if (connected != null) {
      try {
        connected.close();
      } catch (SQLException e) {
        LOG.warn("could not close a connection to {}", settings, e);
      }
    }
  }

  /** Closes its connection, and ends its threads. Idempotent. */
  @Override
  public void close() {
    deafen();
    disconnect();
  }
}
