// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Waits for a condition, and says what was missing when its time is over. */
final class Await {
  private static final long POLL_NANOS = Duration.ofMillis(5).toNanos();

  private Await() {}

  /** A condition; an exception means "not yet" and is kept as the cause of a failure. */
  interface Condition {
    boolean holds() throws Exception;
  }

  static void until(Duration limit, Supplier<String> missing, Condition condition) {
    long deadline = System.nanoTime() + limit.toNanos();
    Exception last = null;
    do {
      try {
        if (condition.holds()) {
          return;
        }
        last = null;
      } catch (GaveUpException e) {
        throw e;
      } catch (Exception e) {
        last = e;
      }
      LockSupport.parkNanos(POLL_NANOS);
      if (Thread.currentThread().isInterrupted()) {
        throw new GaveUpException("interrupted while waiting: " + missing.get(), last);
      }
    } while (System.nanoTime() < deadline);
    throw new GaveUpException("after " + limit.toMillis() + " ms: " + missing.get(), last);
  }

  /** Waiting is over; a condition may throw it to end the wait before its time. */
  static final class GaveUpException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    GaveUpException(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }
}
