// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells whether anybody, another process or this one, has committed to a database file. Asking is
 * cheap enough to be done many times a second. Not thread-safe; it has a connection of its own.
 */
public final class ChangeWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ChangeWatch.class);

  private final SqliteSettings settings;
  private final SqliteConnector connector;
  private @Nullable SqliteSession session;
  private long version;

  ChangeWatch(SqliteSettings settings, SqliteConnector connector) {
    this.settings = settings;
    this.connector = connector;
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
