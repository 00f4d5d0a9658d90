// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.postgresql;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.SQLExceptionOverride;
import dev.pillion.concurrent.Deadline;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A pool of our own. It asks Hikari in short steps, so that a call's deadline holds while the pool
 * is busy, and a server that is away is reported at once instead of at the end of a long wait.
 */
final class PooledSessions implements Sessions {
  /** The shortest wait Hikari knows. */
  private static final Duration STEP = Duration.ofMillis(250);

  private static final Duration VALIDATION = Duration.ofSeconds(1);
  private static final Duration SHORTEST_IDLE = Duration.ofSeconds(10);
  private static final Duration SHORTEST_LIFE = Duration.ofSeconds(30);

  private final Connector connector;
  private final HikariDataSource pool;

  PooledSessions(String name, Connector connector, DriverProperties.PoolSize size) {
    this.connector = connector;
    var config = new HikariConfig();
    config.setPoolName(name);
    config.setDataSource(connector);
    config.setMaximumPoolSize(size.max);
    config.setMinimumIdle(Math.min(size.min, size.max));
    var life = max(size.life, SHORTEST_LIFE);
    var idle = max(size.idle, SHORTEST_IDLE);
    config.setMaxLifetime(life.toMillis());
    config.setIdleTimeout(min(idle, life.minusSeconds(2)).toMillis());
    config.setConnectionTimeout(STEP.toMillis());
    config.setValidationTimeout(VALIDATION.toMillis());
    config.setInitializationFailTimeout(-1);
    // Broken connections are evicted by give(); Hikari would log each with its stack.
    config.setExceptionOverride(new SQLExceptionOverride() {
      @java.lang.Override
      public SQLExceptionOverride.Override adjudicate(SQLException e) {
        return SQLExceptionOverride.Override.DO_NOT_EVICT;
      }
    });
    this.pool = new HikariDataSource(config);
  }

  @Override
  public @Nullable Session take(Deadline deadline) throws SQLException {
    if (connector.outage() != null && isEmpty()) {
      connector.requireUp(Duration.ofNanos(deadline.remainingNanos()));
    }
    while (true) {
      try {
        return new Session(pool.getConnection(), true, 0);
      } catch (SQLTransientConnectionException e) {
        var outage = connector.outage();
        if (outage != null && isEmpty()) {
          throw outage;
        }
        if (deadline.hasPassed()) {
          return null;
        }
      }
    }
  }

  private boolean isEmpty() {
    return pool.getHikariPoolMXBean().getTotalConnections() == 0;
  }

  @Override
  public void give(Session session, boolean broken) {
    if (broken) {
      // Closes it as well; closing the proxy too would bring the connection back.
      pool.evictConnection(session.connection());
      return;
    }
    try {
      session.connection().close();
    } catch (SQLException e) {
      pool.evictConnection(session.connection());
    }
  }

  @Override
  public void close() {
    pool.close();
    try {
      connector.close();
    } catch (SQLException e) {
      // It was never used.
    }
  }

  private static Duration max(Duration a, Duration b) {
    return a.compareTo(b) > 0 ? a : b;
  }

  private static Duration min(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }
}
