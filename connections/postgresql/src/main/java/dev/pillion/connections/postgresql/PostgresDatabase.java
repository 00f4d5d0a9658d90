// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.postgresql;

import dev.pillion.BuildingBlockException;
import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;

/**
 * One PostgreSQL database as a component uses it: a pool of its own, or the application's data
 * source. Every call has a limit, which the socket enforces; what is still running on the server is
 * then cancelled. Failures of the driver become {@link ComponentException} or
 * {@link CallTimeoutException} here, once. After an outage it works again by itself. Thread-safe.
 */
public final class PostgresDatabase implements AutoCloseable {
  private final @Nullable PostgresSettings settings;
  private final @Nullable DataSource borrowed;
  private final Duration timeout;
  private volatile @Nullable Opened opened;

  private PostgresDatabase(
      @Nullable PostgresSettings settings, @Nullable DataSource borrowed, Duration timeout) {
    this.settings = settings;
    this.borrowed = borrowed;
    this.timeout = timeout;
  }

  /** A database with a connection pool of its own, made by {@link #open} and ended by close. */
  public static PostgresDatabase at(PostgresSettings settings) {
    return new PostgresDatabase(settings, null, settings.timeout());
  }

  /** The application's own connections, which {@link #close} leaves alone. */
  public static PostgresDatabase on(DataSource dataSource, Duration timeout) {
    return new PostgresDatabase(null, Objects.requireNonNull(dataSource, "dataSource"), timeout);
  }

  /**
   * What is done on a connection. It is in auto-commit; whoever changes that changes it back, and
   * ends transactions before returning or throwing.
   */
  @FunctionalInterface
  public interface Work<T> {
    /** Failures of the driver are passed on as they are. */
    T run(Connection connection) throws SQLException;
  }

  /** What is done once, before a database counts as open; the rules are those of {@link Work}. */
  @FunctionalInterface
  public interface Preparation {
    /** Failures of the driver are passed on as they are. */
    void run(Connection connection) throws SQLException;
  }

  private record Opened(ComponentContext context, Sessions sessions, SqlFailures failures) {}

  /**
   * Connects, and runs {@code preparation} on the first connection; both have until the context's
   * deadline.
   *
   * @throws ComponentException when there is no connection, or the preparation fails; nothing is
   *     left open then
   */
  public void open(ComponentContext context, Preparation preparation) {
    var failures = new SqlFailures(context.name(), toString());
    try {
      opened = settings == null
          ? openBorrowed(context, preparation, failures)
          : openPool(settings, context, preparation, failures);
    } catch (CallTimeoutException e) {
      throw ComponentException.unavailable(
          e.getMessage() + "; \"initTimeout\" says how long opening may take", e);
    }
  }

  private Opened openBorrowed(
      ComponentContext context, Preparation preparation, SqlFailures failures) {
    var sessions = new BorrowedSessions(Objects.requireNonNull(borrowed));
    var candidate = new Opened(context, sessions, failures);
    run(candidate, opening(context), connection -> {
      preparation.run(connection);
      return candidate;
    });
    return candidate;
  }

  private Opened openPool(
      PostgresSettings given,
      ComponentContext context,
      Preparation preparation,
      SqlFailures failures) {
    DriverLog.quiet();
    var deadline = opening(context);
    var connector = new Connector(DriverSession.properties(given, context.appId()));
    Connection first;
    try {
      first = connector.connect(Duration.ofNanos(deadline.remainingNanos()));
    } catch (SQLException e) {
      throw failures.connecting(e);
    }
    boolean done = false;
    try {
      limit(first, deadline);
      preparation.run(first);
      connector.offer(first);
      var sessions =
          new PooledSessions(context.appId() + "/" + context.name(), connector, given.pool());
      done = true;
      return new Opened(context, sessions, failures);
    } catch (SQLException e) {
      throw failed(first, e, context, failures);
    } finally {
      if (!done) {
        closeQuietly(first);
      }
    }
  }

  /**
   * Runs {@code work} on a connection, within the timeout setting and {@code deadline}, whichever
   * is earlier.
   *
   * @throws CallTimeoutException when neither connection nor answer came in time
   * @throws ComponentException when the server can't be reached, or said no
   * @throws IllegalStateException when the database is not open
   */
  public <T> T call(Deadline deadline, Work<T> work) {
    var current = current();
    return run(current, until(current.context, deadline), work);
  }

  /** As {@link #call}, but the deadline alone limits it: for work of unknown length. */
  public <T> T longCall(Deadline deadline, Work<T> work) {
    return run(current(), deadline, work);
  }

  /** Asks the server for a sign of life. */
  public void probe(Deadline deadline) {
    call(deadline, connection -> {
      try (var statement = connection.createStatement()) {
        return statement.execute("SELECT 1");
      }
    });
  }

  /** Closes the pool, if it is this database's own. Idempotent. */
  @Override
  public void close() {
    var current = opened;
    opened = null;
    if (current != null) {
      current.sessions.close();
    }
  }

  /** Where it is, without secrets. */
  @Override
  public String toString() {
    return settings == null ? "the application's data source" : settings.toString();
  }

  private <T> T run(Opened current, Deadline deadline, Work<T> work) {
    var session = take(current, deadline);
    var connection = session.connection();
    boolean broken = false;
    try {
      limit(connection, deadline);
      return work.run(connection);
    } catch (SQLException e) {
      broken = SqlFailures.isBroken(e);
      throw failed(connection, e, current.context, current.failures);
    } finally {
      current.sessions.give(session, broken || isClosed(connection));
    }
  }

  private static Sessions.Session take(Opened current, Deadline deadline) {
    try {
      var session = deadline.hasPassed() ? null : current.sessions.take(deadline);
      if (session == null) {
        throw current.failures.noConnection(null);
      }
      return session;
    } catch (SQLException e) {
      throw deadline.hasPassed()
          ? current.failures.noConnection(e)
          : current.failures.connecting(e);
    }
  }

  private static void limit(Connection connection, Deadline deadline) throws SQLException {
    long millis = TimeUnit.NANOSECONDS.toMillis(deadline.remainingNanos()) + 1;
    connection.setNetworkTimeout(
        Runnable::run, (int) Math.min(Math.max(millis, 1), Integer.MAX_VALUE));
  }

  private static BuildingBlockException failed(
      Connection connection, SQLException e, ComponentContext context, SqlFailures failures) {
    if (SqlFailures.isTimeout(e)) {
      cancel(connection, context);
    }
    return failures.of(e);
  }

  /** Ends what the server may still be doing for a caller that has gone, from another thread. */
  private static void cancel(Connection connection, ComponentContext context) {
    try {
      var executor = connection.unwrap(BaseConnection.class).getQueryExecutor();
      context.threads().execute("postgresql/cancel", () -> {
        try {
          executor.sendQueryCancel();
        } catch (SQLException e) {
          // The server can't be reached, or has ended it by itself.
        }
      });
    } catch (SQLException | RuntimeException e) {
      // Not the driver's connection, or no thread: the server ends by itself when it answers.
    }
  }

  /** Migrations may take longer than any call: where there is a deadline, it alone limits them. */
  private Deadline opening(ComponentContext context) {
    return context.deadline().isSet()
        ? context.deadline()
        : Deadline.after(timeout, context.time());
  }

  private Deadline until(ComponentContext context, Deadline deadline) {
    return deadline.isSet() && deadline.remainingNanos() <= timeout.toNanos()
        ? deadline
        : Deadline.after(timeout, context.time());
  }

  private Opened current() {
    var current = opened;
    if (current == null) {
      throw new IllegalStateException("PostgreSQL at " + this + " is not open");
    }
    return current;
  }

  private static boolean isClosed(Connection connection) {
    try {
      return connection.isClosed();
    } catch (SQLException e) {
      return true;
    }
  }

  private static void closeQuietly(Connection connection) {
    try {
      connection.close();
    } catch (SQLException e) {
      // The reason why it is closed is on its way to the caller.
    }
  }
}
