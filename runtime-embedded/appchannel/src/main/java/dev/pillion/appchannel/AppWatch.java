// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import dev.pillion.CallRejectedException;
import dev.pillion.Registration;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.Threads;
import dev.pillion.concurrent.TimeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows whether a program is there and well, by looking: first whether it listens, with growing
 * pauses, then by its health check. One look at a time. Thread-safe.
 */
final class AppWatch implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(AppChannel.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

  private final AppOptions options;
  private final AppTransport transport;
  private final TimeSource time;
  private final Threads threads;
  private final String appId;

  /** Held while listeners are told: each is told every change once, in order. */
  private final ReentrantLock telling = new ReentrantLock();

  private final Map<Object, Consumer<AppState>> listeners = new LinkedHashMap<>();
  private volatile AppState state = AppState.WAITING;

  // Touched by one look after the other only.
  private boolean listening;
  private boolean waitLogged;
  private Duration pause = FIRST_PAUSE;
  private int failures;

  private final ReentrantLock lock = new ReentrantLock();
  private TimeSource.@Nullable Scheduled next;
  private boolean closed;

  AppWatch(
      AppOptions options, AppTransport transport, TimeSource time, Threads threads, String appId) {
    this.options = options;
    this.transport = transport;
    this.time = time;
    this.threads = threads;
    this.appId = appId;
  }

  /** Begins to look, elsewhere. */
  void start() {
    dispatch();
  }

  AppState state() {
    return state;
  }

  /** Tells the listener the state now, and each change from now on. */
  Registration add(Consumer<AppState> listener) {
    var key = new Object();
    telling.lock();
    try {
      listeners.put(key, listener);
      tell(listener, state);
    } finally {
      telling.unlock();
    }
    return () -> remove(key);
  }

  private void remove(Object key) {
    telling.lock();
    try {
      listeners.remove(key);
    } finally {
      telling.unlock();
    }
  }

  private void become(AppState other) {
    telling.lock();
    try {
      if (state == other || isClosed()) {
        return;
      }
      state = other;
      // Whoever is told may send away another, or itself.
      for (var key : new ArrayList<>(listeners.keySet())) {
        var listener = listeners.get(key);
        if (listener != null) {
          tell(listener, other);
        }
      }
    } finally {
      telling.unlock();
    }
  }

  private void tell(Consumer<AppState> listener, AppState now) {
    try {
      listener.accept(now);
    } catch (RuntimeException e) {
      log.error("a listener of the app at {} failed on {}", options.address(), now, e);
    }
  }

  private void dispatch() {
    try {
      threads.execute("app-watch", this::look);
    } catch (CallRejectedException e) {
      log.debug("no thread to look at the app at {}", options.address(), e);
      lookAgainIn(LONGEST_PAUSE);
    } catch (IllegalStateException e) {
      log.debug("the runtime ended before the channel to the app at {}", options.address(), e);
    }
  }

  private void lookAgainIn(Duration delay) {
    lock.lock();
    try {
      if (!closed) {
        next = time.schedule(delay, this::dispatch);
      }
    } finally {
      lock.unlock();
    }
  }

  private void look() {
    if (isClosed()) {
      return;
    }
    long begun = time.nanos();
    if (!listening) {
      listening = holds(() -> transport.isListening(Deadline.after(LONGEST_PAUSE, time)));
      if (!listening) {
        stillWaiting();
        return;
      }
      log.info("\"{}\" has found its app listening on {}", appId, options.address());
    }
    var check = options.healthCheck();
    if (check == null) {
      become(AppState.HEALTHY);
      return;
    }
    probed(
        holds(() -> transport.isHealthy(Deadline.after(check.timeout(), time))), check.threshold());
    var rest = check.interval().minusNanos(time.nanos() - begun);
    lookAgainIn(rest.isNegative() ? Duration.ZERO : rest);
  }

  /** Whatever a transport does, the watch goes on. */
  private boolean holds(BooleanSupplier question) {
    try {
      return question.getAsBoolean();
    } catch (RuntimeException e) {
      log.error("the transport to the app at {} failed to look at it", options.address(), e);
      return false;
    }
  }

  private void stillWaiting() {
    if (!waitLogged && !isClosed()) {
      waitLogged = true;
      log.info("\"{}\" waits for its app to listen on {}", appId, options.address());
    }
    lookAgainIn(pause);
    var longer = pause.multipliedBy(2);
    pause = longer.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : longer;
  }

  private void probed(boolean healthy, int threshold) {
    if (isClosed()) {
      return;
    }
    if (healthy) {
      failures = 0;
      if (state != AppState.HEALTHY) {
        log.info("the app at {} is healthy", options.address());
        become(AppState.HEALTHY);
      }
      return;
    }
    failures = Math.min(failures + 1, threshold);
    if (failures == threshold && state != AppState.UNHEALTHY) {
      log.warn(
          "the app at {} is unhealthy: {} probes in a row have failed",
          options.address(),
          threshold);
      become(AppState.UNHEALTHY);
    }
  }

  private boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  /** Looks no more and tells nobody anything. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      if (next != null) {
        next.cancel();
      }
    } finally {
      lock.unlock();
    }
  }
}
