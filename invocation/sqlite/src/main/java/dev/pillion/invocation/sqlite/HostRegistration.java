// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.sqlite;

import dev.pillion.BuildingBlockException;
import dev.pillion.ComponentException;
import dev.pillion.Registration;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource.Scheduled;
import dev.pillion.connections.sqlite.SqliteDatabase;
import dev.pillion.invocation.spi.AppInstance;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This runtime's row: renews it, and makes it again when a peer has deleted it. Failures are logged
 * once, until it is in order again. Thread-safe; the timer's thread waits for nothing here.
 */
final class HostRegistration implements Registration {
  private static final Logger LOG = LoggerFactory.getLogger(HostRegistration.class);
  private static final Duration AGAIN = Duration.ofMillis(500);

  private final ComponentContext context;
  private final SqliteDatabase database;
  private final HostTable table;
  private final Duration interval;
  private final Duration timeout;
  private final AppInstance self;
  private final String address;
  private final String id = UUID.randomUUID().toString();

  /** Held while the row is written: a renewal must not make the row again that close deleted. */
  private final ReentrantLock writing = new ReentrantLock();

  private final AtomicReference<@Nullable ComponentException> failure = new AtomicReference<>();
  private final AtomicReference<@Nullable Scheduled> next = new AtomicReference<>();
  private final AtomicBoolean closed = new AtomicBoolean();

  HostRegistration(
      ComponentContext context,
      SqliteDatabase database,
      HostTable table,
      Duration interval,
      Duration timeout,
      AppInstance self) {
    this.context = context;
    this.database = database;
    this.table = table;
    this.interval = interval;
    this.timeout = timeout;
    this.self = self;
    this.address = self.address().toString();
  }

  /**
   * Writes the row and keeps it fresh from then on. While another's row has the same address, it
   * waits for that to expire.
   *
   * @throws BuildingBlockException when the database can't be written
   */
  void start() {
    writing.lock();
    try {
      outcome(write());
    } finally {
      writing.unlock();
    }
  }

  /** @throws ComponentException when the row is not in order */
  void probe() {
    var cause = failure.get();
    if (cause != null) {
      throw new ComponentException(
          cause.errorCode(), String.valueOf(cause.getMessage()), cause.isTransient(), cause);
    }
  }

  @Override
  public void close() {
    boolean isClosed = closed.getAndSet(true);
    cancel(next.getAndSet(null));
    writing.lock();
    try {
      if (isClosed) {
        return;
      }
      database.writeOne(session -> table.delete(session, id, address), deadline());
    } catch (BuildingBlockException e) {
      LOG.warn(
          "app \"{}\" could not be deregistered; peers stop finding {} when its row expires",
          self.appId(),
          address,
          e);
    } finally {
      writing.unlock();
    }
  }

  /** Runs on the shared timer thread: only hands over. */
  private void tick() {
    try {
      context.threads().execute("nameresolution/" + context.name(), this::renew);
    } catch (RuntimeException e) {
      outcome(ComponentException.unavailable(
          "the registration of app \"%s\" could not be renewed".formatted(self.appId()), e));
    }
  }

  private void renew() {
    writing.lock();
    try {
      if (closed.get()) {
        return;
      }
      ComponentException problem;
      try {
        problem = write();
      } catch (ComponentException e) {
        problem = e;
      } catch (RuntimeException e) {
        problem = ComponentException.unavailable(
            "the registration of app \"%s\" could not be renewed: %s"
                .formatted(self.appId(), e.getMessage()),
            e);
      }
      outcome(problem);
    } finally {
      writing.unlock();
    }
  }

  /** What stands in the way of the row; null when it has been written. */
  private @Nullable ComponentException write() {
    Optional<String> other = database.write(
        session -> table.renewOrInsert(session, id, address, self.appId())
            ? Optional.empty()
            : Optional.of(table.holder(session, address)),
        deadline());
    return other.isEmpty()
        ? null
        : ComponentException.unavailable(
            "%s is registered for app \"%s\" by another process, and not for app \"%s\" before that has expired"
                .formatted(address, other.get(), self.appId()),
            null);
  }

  /** Tells of what has changed, and waits for the next time. One attempt follows another. */
  private void outcome(@Nullable ComponentException problem) {
    if (closed.get()) {
      return;
    }
    boolean failed = failure.getAndSet(problem) != null;
    if (problem != null && !failed) {
      LOG.warn(
          "app \"{}\" is not registered at {}: {}; trying again every {} ms",
          self.appId(),
          address,
          problem.getMessage(),
          AGAIN.toMillis());
    } else if (problem == null && failed) {
      LOG.info("app \"{}\" is registered at {} again", self.appId(), address);
    }
    scheduleNext(problem == null ? interval : AGAIN);
  }

  private void scheduleNext(Duration pause) {
    next.set(context.time().schedule(pause, this::tick));
    if (closed.get()) {
      cancel(next.getAndSet(null));
    }
  }

  private static void cancel(@Nullable Scheduled task) {
    if (task != null) {
      task.cancel();
    }
  }

  private Deadline deadline() {
    return Deadline.after(timeout, context.time());
  }
}
