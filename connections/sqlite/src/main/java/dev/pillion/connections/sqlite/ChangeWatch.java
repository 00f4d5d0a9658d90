// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import dev.pillion.concurrent.TimeSource;
import java.io.File;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells whether anybody, another process or this one, has committed to a database file. Asking is
 * cheap enough to be done many times a second. Not thread-safe; it has a connection of its own.
 *
 * <p>SQLite knows exactly, but asking it costs far more than a look at when the file that commits
 * are written to was last modified. So SQLite is asked when that has moved, for a while after it,
 * because two commits may fall into one tick of the file system's clock, and now and then in any
 * case.
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

  private final SqliteSettings settings;
  private final SqliteConnector connector;
  private final TimeSource time;
  private final @Nullable File written;
  private boolean exact;
  private long exactSinceNanos;
  private int calls;
  private long modified;
  private @Nullable SqliteSession session;
  private long version;

  ChangeWatch(SqliteSettings settings, SqliteConnector connector, TimeSource time) {
    this.settings = settings;
    this.connector = connector;
    this.time = time;
    written = written(settings);
  }

  /** What commits are written to; null where its time of modification tells nothing. */
  private static @Nullable File written(SqliteSettings settings) {
    var file = settings.file();
    // Windows tells a new time only when the file is closed.
    return file == null || File.separatorChar == '\\'
        ? null
        : new File(settings.usesWal() ? file + "-wal" : file.toString());
  }

  /**
   * Whether there was a commit since this was last asked; true the first time. A database in memory
   * belongs to one component, which knows of its own commits: there it is always false.
   *
   * @throws dev.pillion.ComponentException when the database can't be asked; the next call tries
   *     again
   */
  public boolean hasChanged() {
    if (settings.isInMemory() || !isWorthAsking()) {
      return false;
    }
    try {
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
    } catch (SQLException e) {
      close();
      throw SqliteErrors.translate(settings, e);
    }
  }

  private boolean isWorthAsking() {
    if (written == null) {
      return true;
    }
    long last = modified;
    modified = written.lastModified();
    calls = (calls + 1) % EXACT_EVERY;
    if (modified != last) {
      exact = true;
      exactSinceNanos = time.nanos();
    } else if (exact) {
      exact = time.nanos() - exactSinceNanos < EXACT_NANOS;
    }
    return exact || session == null || calls == 0;
  }

  private static long read(SqliteSession session) throws SQLException {
    try (var result = session.statement("PRAGMA data_version").executeQuery()) {
      return result.next() ? result.getLong(1) : 0;
    }
  }

  /** Closes its connection. Idempotent. */
  @Override
  public void close() {
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
}
