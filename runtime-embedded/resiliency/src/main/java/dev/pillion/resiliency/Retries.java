// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import dev.pillion.BulkException;
import dev.pillion.CallRejectedException;
import dev.pillion.EtagMismatchException;
import dev.pillion.InvalidConfigurationException;
import dev.pillion.NoSuchComponentException;
import dev.pillion.SerializationException;
import dev.pillion.TransactionException;
import dev.pillion.call.Call;
import dev.pillion.call.CallBody;
import dev.pillion.call.StatusCoded;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.pubsub.NotHandledException;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs a call until it succeeds, its policy is at its end, or another attempt would be of no use.
 * Attempts follow each other on the caller's thread: two never overlap. Thread-safe.
 */
final class Retries {
  private final TimeSource time;
  private final Pauses pauses;
  private final DoubleSupplier random;

  Retries(TimeSource time, Pauses pauses, DoubleSupplier random) {
    this.time = time;
    this.pauses = pauses;
    this.random = random;
  }

  <T extends @Nullable Object, E extends Exception> T run(
      Call call, RetryPolicy policy, TargetPolicies target, CallBody<T, E> attempt) throws E {
    long begun = time.nanos();
    BackOff backOff = null;
    Exception earlier = null;
    while (true) {
      try {
        return attempt.run(call);
      } catch (Exception e) {
        if (e instanceof CallRejectedException && earlier != null && e.getCause() != earlier) {
          e.addSuppressed(earlier);
        }
        if (!mayHelp(call, policy, e)) {
          throw e;
        }
        backOff = backOff == null ? new BackOff(policy, random) : backOff;
        long pause = backOff.next(time.nanos() - begun);
        if (pause == BackOff.STOP
            || pause >= call.context().deadline().remainingNanos()
            || !pauses.mayBegin()) {
          throw e;
        }
        target.onRetry(call, e, time.nanos());
        if (!pause(pause)) {
          throw e;
        }
        earlier = e;
      }
    }
  }

  /** Whether to go on afterwards. */
  private boolean pause(long nanos) {
    try {
      return pauses.await(nanos);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private static boolean mayHelp(Call call, RetryPolicy policy, Exception failure) {
    if (Hop.is(call)) {
      return Hop.isLost(failure);
    }
    if (isFinal(failure)) {
      return false;
    }
    if (call.direction() == Call.Direction.OUTBOUND
        && (failure instanceof IllegalArgumentException
            || failure instanceof IllegalStateException)) {
      // The caller's own mistake, or a runtime that closes.
      return false;
    }
    return !(failure instanceof StatusCoded coded) || policy.matches(coded.statusCode());
  }

  /** Whether the same call will fail in the same way, or must not be made again. */
  private static boolean isFinal(Throwable failure) {
    if (failure instanceof TransactionException && failure.getCause() != null) {
      return isFinal(failure.getCause());
    }
    if (failure instanceof BulkException bulk) {
      return bulk.failures().values().stream().allMatch(Retries::isFinal);
    }
    return failure instanceof CallRejectedException
        || failure instanceof EtagMismatchException
        || failure instanceof NoSuchComponentException
        || failure instanceof SerializationException
        || failure instanceof InvalidConfigurationException
        || failure instanceof NotHandledException
        || failure instanceof InterruptedException;
  }
}
