// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import dev.pillion.BuildingBlockException;
import dev.pillion.CallRejectedException;
import dev.pillion.call.Call;
import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.invocation.InvocationException;
import dev.pillion.pubsub.SubscriptionDeclaration;
import dev.pillion.runtime.EmbeddedRuntime;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The subscriptions of a program while it comes and goes: each time it has come it is asked what it
 * wants to be told of, and while it is away it is told of nothing. One step at a time, on a thread
 * of the runtime. Thread-safe.
 */
final class AppSubscriptions implements Consumer<AppState>, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(AppChannel.class);
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
  private static final Duration LONGEST_PAUSE_AWAY = Duration.ofSeconds(1);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(60);

  private final AppChannel channel;
  private final AppEvents events;
  private final String app;
  private final EmbeddedRuntime runtime;
  private final AppIntake intake;
  private volatile List<SubscriptionDeclaration> requested = List.of();

  // Touched by one step after the other only.
  private Duration pause = FIRST_PAUSE;
  private String lastFailure = "";

  private final ReentrantLock lock = new ReentrantLock();
  private AppState state = AppState.WAITING;
  private boolean stepping;
  private boolean due;
  private boolean closed;
  private TimeSource.@Nullable Scheduled next;

  AppSubscriptions(AppChannel channel, AppEvents events, String app, EmbeddedRuntime runtime) {
    this.channel = channel;
    this.events = events;
    this.app = app;
    this.runtime = runtime;
    this.intake = new AppIntake(channel, events, app, runtime, this::lost);
  }

  /** What the program has asked for; empty before it was asked. */
  List<SubscriptionDeclaration> requested() {
    return requested;
  }

  @Override
  public void accept(AppState now) {
    lock.lock();
    try {
      state = now;
    } finally {
      lock.unlock();
    }
    step();
  }

  /** The program was not found, or has gone: whoever answers next may be another one. */
  void lost() {
    lock.lock();
    try {
      if (stepping) {
        return;
      }
    } finally {
      lock.unlock();
    }
    step();
  }

  /** Sees to it that a step follows, soon and elsewhere. */
  private void step() {
    lock.lock();
    try {
      due = true;
      if (closed || stepping) {
        return;
      }
      stepping = true;
      cancelNext();
    } finally {
      lock.unlock();
    }
    try {
      runtime.threads().execute("app-subscriptions", this::steps);
    } catch (CallRejectedException e) {
      log.debug("no thread for the subscriptions of {}", app, e);
      stepped();
      later(LONGEST_PAUSE_AWAY);
    } catch (IllegalStateException e) {
      log.debug("the runtime ended before the subscriptions of {}", app, e);
      stepped();
    }
  }

  private void steps() {
    while (isDue()) {
      var wait = LONGEST_PAUSE;
      try {
        wait = isWell() ? ask() : away();
      } catch (IllegalStateException e) {
        log.debug("the runtime ended before the subscriptions of {}", app, e);
        wait = Duration.ZERO;
      } catch (RuntimeException e) {
        log.error("the subscriptions of {} could not be seen to", app, e);
      }
      if (!wait.isZero()) {
        later(wait);
      }
    }
  }

  private boolean isDue() {
    lock.lock();
    try {
      boolean more = due && !closed;
      due = false;
      stepping = more;
      return more;
    } finally {
      lock.unlock();
    }
  }

  private void stepped() {
    lock.lock();
    try {
      stepping = false;
    } finally {
      lock.unlock();
    }
  }

  private boolean isWell() {
    lock.lock();
    try {
      return state == AppState.HEALTHY;
    } finally {
      lock.unlock();
    }
  }

  private void later(Duration wait) {
    lock.lock();
    try {
      if (!closed && next == null) {
        next = runtime.time().schedule(wait, this::again);
      }
    } finally {
      lock.unlock();
    }
  }

  private void again() {
    lock.lock();
    try {
      next = null;
    } finally {
      lock.unlock();
    }
    step();
  }

  private void cancelNext() {
    if (next != null) {
      next.cancel();
      next = null;
    }
  }

  private Duration away() {
    intake.pause();
    return Duration.ZERO;
  }

  /**
   * Asks the program and takes in what it wants.
   *
   * @return when to do so again; zero for not before it has been away
   */
  private Duration ask() {
    if (!intake.isPossible()) {
      return Duration.ZERO;
    }
    try {
      var call = Call.inbound(
          "invocation",
          runtime.appId(),
          "listSubscriptions",
          true,
          CallContext.EMPTY.with(Deadline.after(PATIENCE, runtime.time())));
      requested = events.subscriptions(channel, call);
    } catch (InvocationException e) {
      intake.pause();
      told(e);
      return longer(LONGEST_PAUSE_AWAY);
    } catch (BuildingBlockException | IllegalArgumentException e) {
      told(e);
      // What is declared, and what it asked for before, does not wait for this.
      intake.take(requested);
      return longer(LONGEST_PAUSE);
    }
    lastFailure = "";
    if (intake.take(requested)) {
      pause = FIRST_PAUSE;
      return Duration.ZERO;
    }
    return longer(LONGEST_PAUSE);
  }

  private void told(RuntimeException e) {
    var failure = String.valueOf(e.getMessage());
    if (failure.equals(lastFailure)) {
      log.debug("{} still does not tell what it subscribes to", app, e);
    } else {
      lastFailure = failure;
      log.warn("{} does not tell what it subscribes to, and is asked again: {}", app, failure);
    }
  }

  private Duration longer(Duration longest) {
    var wait = pause.compareTo(longest) > 0 ? longest : pause;
    pause = wait.multipliedBy(2);
    return wait;
  }

  /** Drains them all, side by side. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      cancelNext();
    } finally {
      lock.unlock();
    }
    intake.close();
  }
}
