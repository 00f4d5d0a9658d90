// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import java.io.IOException;
import java.nio.file.Files;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connection that writes, and how a batch goes through it. Used by one leader at a time.
 *
 * <p>A work that fails is undone by its savepoint, or, when it has none, by rolling back the whole
 * batch and letting each of its writes run again alone: nobody fails for another's fault.
 */
final class WriteTransaction {
  private static final Logger LOG = LoggerFactory.getLogger(WriteTransaction.class);

  /** SQLite empties its log only when no reader looks at it, which busy ones may never allow. */
  private static final long LONG_LOG_BYTES = 16 << 20;

  private static final int COMMITS_BETWEEN_LOOKS = 200;
  private static final int LOG_WAIT_MILLIS = 200;

  private final SqliteSettings settings;
  private final SqliteConnector connector;
  private final LongAdder commits = new LongAdder();
  private final LongAdder works = new LongAdder();
  private int commitsSinceLook;
  private @Nullable SqliteSession session;

  WriteTransaction(SqliteSettings settings, SqliteConnector connector) {
    this.settings = settings;
    this.connector = connector;
  }

  long commits() {
    return commits.sum();
  }

  long works() {
    return works.sum();
  }

  /** The connection, opened anew when the last one broke. */
  SqliteSession connected() throws SQLException {
    var connected = session;
    if (connected == null) {
      connected = connector.openWriter();
      session = connected;
    }
    return connected;
  }

  /** Begins a transaction; false when another process writes. */
  boolean begin() throws SQLException {
    try {
      connected().statement("BEGIN IMMEDIATE").executeUpdate();
      return true;
    } catch (SQLException e) {
      if (SqliteErrors.isBusy(e)) {
        return false;
      }
      discard();
      throw e;
    }
  }

  /**
   * Runs the writes in the transaction begun, and ends it. Afterwards each of them is done, or set
   * back to run alone.
   */
  void run(List<Write<?>> batch) {
    var connected = session;
    if (connected == null) {
      throw new IllegalStateException("no transaction was begun");
    }
    boolean alone = batch.size() == 1;
    for (Write<?> write : batch) {
      try {
        if (alone || write.isSingle()) {
          write.run(connected);
        } else {
          runInSavepoint(connected, write);
        }
      } catch (SQLException | RuntimeException | Error e) {
        rollback(connected, e);
        if (alone) {
          write.failure(e);
          write.finish();
        } else {
          batch.forEach(Write::againAlone);
        }
        return;
      }
    }
    commit(connected, batch);
  }

  /**
   * Whether the write-ahead log has become so long that it should be emptied; looks now and then.
   */
  boolean isLogLong() {
    var file = settings.file();
    if (file == null || !settings.usesWal() || commitsSinceLook < COMMITS_BETWEEN_LOOKS) {
      return false;
    }
    commitsSinceLook = 0;
    try {
      return Files.size(file.resolveSibling(file.getFileName() + "-wal")) > LONG_LOG_BYTES;
    } catch (IOException e) {
      return false;
    }
  }

  /** Tries to empty the log; readers under way may be slower, then the next attempt will do. */
  void emptyLog() {
    try {
      connected().emptyLog(LOG_WAIT_MILLIS);
    } catch (SQLException e) {
      LOG.debug("could not empty the write-ahead log of {}", settings, e);
    }
  }

  void close() {
    discard();
  }

  private static void runInSavepoint(SqliteSession connected, Write<?> write) throws SQLException {
    connected.statement("SAVEPOINT work").executeUpdate();
    try {
      write.run(connected);
    } catch (SQLException | RuntimeException e) {
      if (e instanceof SQLException) {
        connected.forgetStatements();
      }
      // Fails, too, when the error has ended the transaction: then everybody starts over.
      connected.statement("ROLLBACK TO work").executeUpdate();
      write.failure(e);
    }
    connected.statement("RELEASE work").executeUpdate();
  }

  private void commit(SqliteSession connected, List<Write<?>> batch) {
    try {
      connected.statement("COMMIT").executeUpdate();
      commits.increment();
      commitsSinceLook++;
      works.add(batch.size());
    } catch (SQLException e) {
      rollback(connected, e);
      batch.forEach(write -> write.failure(e));
    }
    batch.forEach(Write::finish);
  }

  private void rollback(SqliteSession connected, Throwable cause) {
    try {
      if (cause instanceof SQLException) {
        connected.forgetStatements();
      }
      connected.statement("ROLLBACK").executeUpdate();
      if (cause instanceof SQLException e && SqliteErrors.breaksConnection(e)) {
        discard();
      }
    } catch (SQLException e) {
      // The error had ended the transaction already, or the connection is of no use any more.
      discard();
    }
  }

  /** Closing ends an open transaction as well; the next write connects again. */
  private void discard() {
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
