// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.postgresql;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;

/**
 * Connects for the pool, and remembers whether the last attempt failed: while the server is away,
 * one caller at a time tries whether it is back, and all others are told at once.
 */
final class Connector implements DataSource {
  private static final String URL = "jdbc:postgresql://";

  private final Properties properties;
  private final ReentrantLock attempt = new ReentrantLock();
  private final AtomicReference<@Nullable Connection> spare = new AtomicReference<>();
  private volatile @Nullable SQLException outage;

  Connector(Properties properties) {
    this.properties = properties;
  }

  /** Why the last attempt to connect failed; null when it did not. */
  @Nullable
  SQLException outage() {
    return outage;
  }

  /** After an outage: returns when the server is back, and throws what is wrong when it is not. */
  void requireUp(Duration limit) throws SQLException {
    var last = outage;
    if (last == null) {
      return;
    }
    if (!attempt.tryLock()) {
      throw last;
    }
    try {
      if (outage != null) {
        offer(connect(limit));
      }
    } finally {
      attempt.unlock();
    }
  }

  /** A new connection, by {@code limit}, which counts in whole seconds here. */
  Connection connect(Duration limit) throws SQLException {
    var limited = new Properties();
    limited.putAll(properties);
    long seconds = Math.max(1, limit.plusMillis(999).toSeconds());
    for (String name : new String[] {"connectTimeout", "socketTimeout"}) {
      long set = Long.parseLong(properties.getProperty(name, Long.toString(seconds)));
      limited.setProperty(name, Long.toString(Math.min(set == 0 ? seconds : set, seconds)));
    }
    return connect(limited);
  }

  /** Leaves a connection for the pool to take as its next one. */
  void offer(Connection connection) throws SQLException {
    int millis = Integer.parseInt(properties.getProperty("socketTimeout", "0")) * 1000;
    connection.setNetworkTimeout(Runnable::run, millis);
    var unused = spare.getAndSet(connection);
    if (unused != null) {
      unused.close();
    }
  }

  @Override
  public Connection getConnection() throws SQLException {
    var ready = spare.getAndSet(null);
    return ready != null ? ready : connect(properties);
  }

  private Connection connect(Properties given) throws SQLException {
    try {
      var connection = new Driver().connect(URL, given);
      if (connection == null) {
        throw new SQLException("the driver does not know its own URL");
      }
      outage = null;
      return connection;
    } catch (SQLException e) {
      outage = e;
      throw e;
    }
  }

  /** Closes what the pool has not taken. */
  void close() throws SQLException {
    var unused = spare.getAndSet(null);
    if (unused != null) {
      unused.close();
    }
  }

  @Override
  public Connection getConnection(String user, String password) throws SQLException {
    throw new SQLFeatureNotSupportedException("the user is part of the settings");
  }

  @Override
  public @Nullable PrintWriter getLogWriter() {
    return null;
  }

  @Override
  public void setLogWriter(@Nullable PrintWriter out) {}

  /** The pool's: its own limits are in the properties. */
  @Override
  public void setLoginTimeout(int seconds) {}

  @Override
  public int getLoginTimeout() {
    return 1;
  }

  @Override
  public Logger getParentLogger() throws SQLFeatureNotSupportedException {
    throw new SQLFeatureNotSupportedException();
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    throw new SQLException("not a wrapper");
  }

  @Override
  public boolean isWrapperFor(Class<?> type) {
    return false;
  }
}
