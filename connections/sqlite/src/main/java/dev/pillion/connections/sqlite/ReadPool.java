// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import dev.pillion.concurrent.Deadline;
import java.sql.SQLException;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The connections that read; opened when needed, the one used last is used first. */
final class ReadPool {
  private static final int SIZE = 8;
  private static final long CLOSE_WAIT_SECONDS = 10;
  private static final Logger LOG = LoggerFactory.getLogger(ReadPool.class);

  private final SqliteSettings settings;
  private final SqliteConnector connector;
  private final Semaphore permits = new Semaphore(SIZE);
  private final ConcurrentLinkedDeque<SqliteSession> idle = new ConcurrentLinkedDeque<>();
  private volatile boolean closed;

  ReadPool(SqliteSettings settings, SqliteConnector connector) {
    this.settings = settings;
    this.connector = connector;
  }

  <T> T run(SqlWork<T> work, Deadline deadline) {
    acquire(deadline);
    SqliteSession session = null;
    boolean intact = false;
    try {
      if (closed) {
        throw new IllegalStateException("sqlite database \"%s\" is closed".formatted(settings));
      }
      session = idle.pollFirst();
      if (session == null) {
        session = connector.openReader();
      }
      T result = work.run(session);
      intact = true;
      return result;
    } catch (SQLException e) {
      throw SqliteErrors.translate(settings, e);
    } finally {
      if (session != null) {
        if (intact && !closed) {
          idle.addFirst(session);
        } else {
          discard(session);
        }
      }
      permits.release();
    }
  }

  /** Waits for reads under way. */
  void close() {
    closed = true;
    boolean interrupted = false;
    try {
      if (permits.tryAcquire(SIZE, CLOSE_WAIT_SECONDS, TimeUnit.SECONDS)) {
        permits.release(SIZE);
      }
    } catch (InterruptedException e) {
      interrupted = true;
    }
    for (var session = idle.pollFirst(); session != null; session = idle.pollFirst()) {
      discard(session);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void acquire(Deadline deadline) {
    if (deadline.hasPassed()) {
      throw timeout();
    }
    if (permits.tryAcquire()) {
      return;
    }
    try {
      if (!permits.tryAcquire(deadline.remainingNanos(), TimeUnit.NANOSECONDS)) {
        throw timeout();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ComponentException.unavailable(
          "sqlite database \"%s\": interrupted while a read waited for a connection"
              .formatted(settings),
          e);
    }
  }

  private CallTimeoutException timeout() {
    return new CallTimeoutException(
        "ERR_COMPONENT",
        "sqlite database \"%s\": the deadline passed before a read got a connection"
            .formatted(settings),
        null);
  }

  private void discard(SqliteSession session) {
    try {
      session.close();
    } catch (SQLException e) {
      LOG.warn("could not close a connection to {}", settings, e);
    }
  }
}
