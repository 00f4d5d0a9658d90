// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One look-up at a time of each name: who comes first makes it on his own thread and until his own
 * deadline, who comes meanwhile waits for what he finds, until his. When he gives up, for himself,
 * the next of them makes it. Nothing is kept for those who come later. Thread-safe.
 *
 * @param <T> what is found
 */
final class SharedLookUps<T> {
  private static final String ERROR_CODE = "ERR_COMPONENT";

  private final TimeSource time;
  private final Map<Target, Running<T>> running = new ConcurrentHashMap<>();

  /**
   * A look-up that is being made.
   *
   * @param nanos how long it may take
   */
  private record Running<T>(long nanos, CompletableFuture<Outcome<T>> outcome) {}

  /**
   * How a look-up has ended; without either when it says nothing to others.
   *
   * @param late the wait for it has, rather
   */
  private record Outcome<T>(@Nullable T found, @Nullable ComponentException failure, boolean late) {
    static <T> Outcome<T> none() {
      return new Outcome<>(null, null, false);
    }
  }

  SharedLookUps(TimeSource time) {
    this.time = time;
  }

  /**
   * What is found under a name.
   *
   * @param lookUp made by this thread, unless another makes it already
   * @throws ComponentException when it can't be looked up, or the thread is interrupted
   * @throws CallTimeoutException when the deadline passes
   */
  T get(Target name, Deadline deadline, Supplier<T> lookUp) {
    while (true) {
      var mine = new Running<T>(deadline.remainingNanos(), new CompletableFuture<>());
      var other = running.putIfAbsent(name, mine);
      if (other == null) {
        return make(name, mine, lookUp);
      }
      var outcome = await(name, other, deadline);
      if (outcome.found() != null) {
        return outcome.found();
      }
      var failure = outcome.failure();
      // One that had less time than is left here may have failed for want of it.
      if (failure != null && deadline.remainingNanos() <= other.nanos()) {
        throw new ComponentException(
            failure.errorCode(),
            String.valueOf(failure.getMessage()),
            failure.isTransient(),
            failure);
      }
    }
  }

  private T make(Target name, Running<T> mine, Supplier<T> lookUp) {
    var outcome = Outcome.<T>none();
    try {
      var found = lookUp.get();
      outcome = new Outcome<>(found, null, false);
      return found;
    } catch (ComponentException e) {
      if (!Thread.currentThread().isInterrupted()) {
        outcome = new Outcome<>(null, e, false);
      }
      throw e;
    } finally {
      running.remove(name, mine);
      mine.outcome().complete(outcome);
    }
  }

  private Outcome<T> await(Target name, Running<T> other, Deadline deadline) {
    var waiting = other.outcome().copy();
    var alarm = deadline.isSet()
        ? time.schedule(
            Duration.ofNanos(Math.max(0, deadline.remainingNanos())),
            () -> waiting.complete(new Outcome<>(null, null, true)))
        : (TimeSource.Scheduled) () -> {};
    try {
      var outcome = waiting.get();
      if (outcome.late()) {
        throw late(name);
      }
      return outcome;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      // Whoever limits the call may end the wait at the same moment by an interrupt.
      throw deadline.hasPassed()
          ? late(name)
          : ComponentException.unavailable(
              "interrupted while waiting for another call to hear where \"%s\" is".formatted(name),
              e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("an outcome is no failure", e);
    } finally {
      alarm.cancel();
    }
  }

  private static CallTimeoutException late(Target name) {
    return new CallTimeoutException(
        ERROR_CODE,
        "the deadline passed before the name resolver had said where \"%s\" is".formatted(name),
        null);
  }
}
