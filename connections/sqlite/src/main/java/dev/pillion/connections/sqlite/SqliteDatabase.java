// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import java.sql.SQLException;

/**
 * One SQLite database file, open for many readers and many writers of this process, beside other
 * processes on the same file.
 *
 * <p>Durable: it runs at {@code synchronous=FULL}, verified when it opens, and a write returns only
 * after the commit that holds it was synced. Writers that come at the same time share one commit,
 * and so one sync. Deadlines and the setting {@code timeout} hold for every call, whichever is
 * earlier. Thread-safe; after {@link #close} calls throw IllegalStateException.
 */
public final class SqliteDatabase implements AutoCloseable {
  private final SqliteSettings settings;
  private final TimeSource time;
  private final SqliteConnector connector;
  private final WriteTransaction transaction;
  private final GroupCommit writers;
  private final ReadPool readers;

  private SqliteDatabase(SqliteSettings settings, TimeSource time, NetworkFileSystem fileSystem) {
    this.settings = settings;
    this.time = time;
    connector = new SqliteConnector(settings, fileSystem);
    transaction = new WriteTransaction(settings, connector);
    writers = new GroupCommit(settings, time, transaction);
    readers = new ReadPool(settings, connector);
  }

  /**
   * Opens the database, creating its file when it is missing.
   *
   * @throws dev.pillion.ComponentException when that fails, or when the file lies on a network file
   *     system, where SQLite is not safe
   */
  public static SqliteDatabase open(SqliteSettings settings, TimeSource time) {
    return open(settings, time, NetworkFileSystem.ofThisMachine());
  }

  static SqliteDatabase open(
      SqliteSettings settings, TimeSource time, NetworkFileSystem fileSystem) {
    var database = new SqliteDatabase(settings, time, fileSystem);
    try {
      database.transaction.connected();
      return database;
    } catch (SQLException e) {
      throw SqliteErrors.translate(settings, e);
    }
  }

  /**
   * Runs statements that only read, each on the newest committed state.
   *
   * @throws dev.pillion.ComponentException when the database fails
   * @throws dev.pillion.CallTimeoutException when no connection was free by the deadline
   */
  public <T> T read(SqlWork<T> work, Deadline deadline) {
    // A database in memory belongs to its one connection.
    return settings.isInMemory() ? write(work, deadline) : readers.run(work, earlier(deadline));
  }

  /**
   * Runs several statements as one transaction: all of them are committed when this returns, none
   * when it throws.
   *
   * @throws dev.pillion.ComponentException when the database fails. After a transient one the
   *     outcome of the commit may be unknown
   * @throws dev.pillion.CallTimeoutException when the deadline passed; the message says whether the
   *     work was certainly not applied, or may have been
   */
  public <T> T write(SqlWork<T> work, Deadline deadline) {
    return writers.run(new Write<>(work, false, time.nanos()), earlier(deadline));
  }

  /** As {@link #write}, a little cheaper, for work in which at most one statement writes. */
  public <T> T writeOne(SqlWork<T> work, Deadline deadline) {
    return writers.run(new Write<>(work, true, time.nanos()), earlier(deadline));
  }

  /** A look at the commits of all processes; to be closed by the caller, before this. */
  public ChangeWatch watch(ChangeWatch.Listening listening) {
    return watch(listening, ChangeWatch.Kernel.ofThisMachine());
  }

  ChangeWatch watch(ChangeWatch.Listening listening, ChangeWatch.Kernel kernel) {
    return new ChangeWatch(settings, connector, time, listening, kernel);
  }

  /** How many transactions were committed since opening. */
  public long commits() {
    return transaction.commits();
  }

  /** How many writes those transactions held. */
  public long works() {
    return transaction.works();
  }

  /** Waits for calls under way and closes the connections. Idempotent. */
  @Override
  public void close() {
    readers.close();
    writers.close();
  }

  /** The file, or {@code :memory:}. */
  @Override
  public String toString() {
    return settings.toString();
  }

  private Deadline earlier(Deadline deadline) {
    var own = Deadline.after(settings.timeout(), time);
    return deadline.remainingNanos() < own.remainingNanos() ? deadline : own;
  }
}
