// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import dev.pillion.ComponentException;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.runtime.EmbeddedRuntime;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes the events of the table as they are committed: one thread, one batch at a time. Relays
 * of other processes may be at the same table. Thread-safe.
 */
final class Relay implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Relay.class);

  /** A commit is near when an event has been written: so soon the relay looks, then ever later. */
  private static final Duration SOON = Duration.ofMillis(5);

  private static final int SETTLE_TRIES = 10;
  private static final Duration SETTLE_PAUSE = Duration.ofMillis(500);
  private static final long LAST_WORD_MILLIS = 1000;

  private final DataSource dataSource;
  private final OutboxTable table;
  private final RelaySettings settings;
  private final EmbeddedRuntime runtime;
  private final TimeSource time;
  private final Wakeup wakeup;
  private final Outages outages;
  private final Incident database;
  private volatile boolean closed;
  private volatile boolean commitExpected;
  private Duration pause;
  private volatile @Nullable Thread thread;

  Relay(DataSource dataSource, OutboxTable table, RelaySettings settings, EmbeddedRuntime runtime) {
    this.dataSource = dataSource;
    this.table = table;
    this.settings = settings;
    this.runtime = runtime;
    this.time = runtime.time();
    this.wakeup = new Wakeup(time);
    this.outages = new Outages(table.name(), time);
    this.database = new Incident(table.name(), "the database", time);
    this.pause = settings.pollInterval();
  }

  void start() {
    thread = runtime.threads().start("outbox/" + table.name(), this::run);
  }

  String appId() {
    return runtime.appId();
  }

  boolean isClosed() {
    return closed;
  }

  void wake() {
    wakeup.signal();
  }

  /** An event has been written, and will be there when its transaction commits. */
  void expectCommit() {
    commitExpected = true;
    wakeup.signal();
  }

  /**
   * Returns when events go through.
   *
   * @throws ComponentException when they don't, saying why
   */
  void requireWell() {
    var running = thread;
    if (running == null || !running.isAlive()) {
      throw ComponentException.failed(
          "the relay of the outbox \"%s\" has ended; the log says why".formatted(table.name()),
          null);
    }
    var wrong = database.reason();
    var reasons = wrong == null ? outages.reasons() : wrong;
    if (!reasons.isEmpty()) {
      throw ComponentException.unavailable(
          "events wait in the outbox \"%s\": %s".formatted(table.name(), reasons), null);
    }
  }

  /** Lets what is being published end within the drain timeout; the rest waits in the table. */
  @Override
  public void close() throws InterruptedException {
    closed = true;
    wakeup.signal();
    var running = thread;
    if (running != null && running != Thread.currentThread()) {
      TimeUnit.NANOSECONDS.timedJoin(running, Math.max(1, runtime.drainTimeout().toNanos()));
      running.interrupt();
      running.join(LAST_WORD_MILLIS);
    }
  }

  private void run() {
    try {
      while (!closed) {
        if (pass()) {
          continue;
        }
        wakeup.await(nextPause());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Duration nextPause() {
    if (database.reason() != null) {
      return database.left();
    }
    if (commitExpected) {
      commitExpected = false;
      pause = SOON;
    } else {
      var next = pause.multipliedBy(2);
      pause = next.compareTo(settings.pollInterval()) > 0 ? settings.pollInterval() : next;
    }
    return outages.next(pause);
  }

  /** One batch; whether it published anything, so that there may be more. */
  private boolean pass() throws InterruptedException {
    if (database.left().compareTo(Duration.ZERO) > 0) {
      return false;
    }
    try (var connection = RelayConnection.open(dataSource, table)) {
      return batch(connection.get());
    } catch (SQLException | RuntimeException e) {
      if (!closed) {
        database.failed(e);
      }
      return false;
    }
  }

  private boolean batch(Connection connection) throws SQLException, InterruptedException {
    var token = UUID.randomUUID().toString();
    var rows = table.take(
        connection,
        new OutboxTable.Taking(
            runtime.appId(),
            token,
            time.now(),
            outages.away(),
            settings.batchSize(),
            settings.lease()));
    database.worked();
    if (rows.isEmpty()) {
      return false;
    }
    var held = new Held(connection, token);
    var outcome = new Publishing(runtime, outages, rows, held::mayGoOn).publish();
    settle(connection, token, outcome);
    return !outcome.done().isEmpty() || !outcome.refused().isEmpty();
  }

  /**
   * Writes down what became of the rows. The events are with the broker: what is not deleted is
   * published again, so this is tried with fresh connections too.
   */
  private void settle(Connection first, String token, Outcome outcome)
      throws SQLException, InterruptedException {
    try {
      table.settle(first, token, outcome);
      return;
    } catch (SQLException e) {
      log.debug("the outbox \"{}\": {}", table.name(), e.getMessage());
    }
    for (int tries = 1; ; tries++) {
      if (!closed) {
        wakeup.await(SETTLE_PAUSE);
      }
      try (var fresh = RelayConnection.open(dataSource, table)) {
        table.settle(fresh.get(), token, outcome);
        return;
      } catch (SQLException e) {
        if (closed || tries == SETTLE_TRIES) {
          log.warn(
              "{} events of the outbox \"{}\" were published and can't be taken out of it; they will be published again",
              outcome.done().size(),
              table.name());
          throw e;
        }
      }
    }
  }

  /** The hold on what was taken. */
  private final class Held {
    private final Connection connection;
    private final String token;
    private long renewedNanos = time.nanos();

    Held(Connection connection, String token) {
      this.connection = connection;
      this.token = token;
    }

    boolean mayGoOn() {
      if (closed) {
        return false;
      }
      long now = time.nanos();
      if (now - renewedNanos < table.renewEvery(settings.lease()).toNanos()) {
        return true;
      }
      renewedNanos = now;
      try {
        if (table.renew(connection, token, time.now().plus(settings.lease()))) {
          return true;
        }
        log.debug("the outbox \"{}\": what was taken is no longer held", table.name());
        return false;
      } catch (SQLException e) {
        log.debug("the outbox \"{}\": {}", table.name(), e.getMessage());
        return false;
      }
    }
  }
}
