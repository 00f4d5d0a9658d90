// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import java.io.File;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells whether anybody, another process or this one, has committed to a database file. Asking is
 * cheap enough to be done many times a second. Not thread-safe; it has a connection of its own.
 *
 * <p>SQLite knows exactly, but asking it costs far more than a look at when the file that commits
 * are written to was last modified. So SQLite is asked when that has moved, some more times after
 * it, because two commits may fall into one tick of the file system's clock, and now and then in
 * any case.
 */
public final class ChangeWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ChangeWatch.class);

  /** Calls after a modification that ask SQLite, to be longer than the file system's tick. */
  private static final int EXACT_AFTER_CHANGE = 5;

  /** One of so many calls asks SQLite in any case. */
  private static final int EXACT_EVERY = 40;

  private final SqliteSettings settings;
  private final SqliteConnector connector;
  private final @Nullable File written;
  private int exact;
  private int calls;
  private long modified;
  private @Nullable SqliteSession session;
  private long version;

  ChangeWatch(SqliteSettings settings, SqliteConnector connector) {
    this.settings = settings;
    this.connector = connector;
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
      exact = EXACT_AFTER_CHANGE;
    } else if (exact > 0) {
      exact--;
    } else {
      return session == null || calls == 0;
    }
    return true;
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
