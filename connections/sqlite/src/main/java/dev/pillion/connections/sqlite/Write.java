// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One caller's work on its way through {@link GroupCommit}. The caller may withdraw it until a
 * leader has taken it; from then on only the leader decides.
 */
final class Write<T> {
  private enum State {
    QUEUED,
    RUNNING,
    WITHDRAWN,
    DONE
  }

  private final SqlWork<T> work;
  private final boolean single;
  private boolean alone;
  private final Thread caller = Thread.currentThread();
  private final long queuedNanos;
  private final AtomicReference<State> state = new AtomicReference<>(State.QUEUED);
  private @Nullable T result;
  private @Nullable Throwable failure;

  Write(SqlWork<T> work, boolean single, long queuedNanos) {
    this.work = work;
    this.single = single;
    this.queuedNanos = queuedNanos;
  }

  /** Whether a failure can't leave half of it behind, so that it needs no savepoint. */
  boolean isSingle() {
    return single;
  }

  Thread caller() {
    return caller;
  }

  long queuedNanos() {
    return queuedNanos;
  }

  boolean isDone() {
    return state.get() == State.DONE;
  }

  /** The caller's way out; false when a leader was faster. */
  boolean withdraw() {
    return state.compareAndSet(State.QUEUED, State.WITHDRAWN);
  }

  /** The leader's way in; false when the caller was faster. */
  boolean take() {
    return state.compareAndSet(State.QUEUED, State.RUNNING);
  }

  /** Runs the work, keeping its result until {@link #finish}. */
  void run(SqliteSession session) throws SQLException {
    result = work.run(session);
  }

  /** Notes why it failed; the caller learns it from {@link #finish} on. */
  void failure(Throwable cause) {
    failure = cause;
  }

  void finish() {
    state.set(State.DONE);
  }

  /** What it did was undone because of another work: it is to run again, in a batch of one. */
  void againAlone() {
    alone = true;
    failure = null;
    state.set(State.QUEUED);
  }

  boolean mustRunAlone() {
    return alone;
  }

  @Nullable
  Throwable failure() {
    return failure;
  }

  /** Only after {@link #isDone} without a {@link #failure}. */
  @SuppressWarnings("NullAway") // T itself decides whether null is a result
  T result() {
    return result;
  }
}
