// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import dev.pillion.concurrent.TimeSource;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;

/** Waits between attempts, on the runtime's clock. Thread-safe. */
final class Pauses {
  private final TimeSource time;
  private final Set<CountDownLatch> waiting = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  Pauses(TimeSource time) {
    this.time = time;
  }

  /** Whether waiting makes sense: nothing would end it at once. */
  boolean mayBegin() {
    return !closed && !Thread.currentThread().isInterrupted();
  }

  /**
   * Waits so long; less when the runtime closes.
   *
   * @return whether to go on
   * @throws InterruptedException when the thread is interrupted, or was before
   */
  boolean await(long nanos) throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    if (nanos == 0 || closed) {
      return !closed;
    }
    var over = new CountDownLatch(1);
    waiting.add(over);
    try {
      // Closing may have looked at those who wait just before this one joined them.
      if (closed) {
        return false;
      }
      var timer = time.schedule(Duration.ofNanos(nanos), over::countDown);
      try {
        over.await();
      } finally {
        timer.cancel();
      }
      return !closed;
    } finally {
      waiting.remove(over);
    }
  }

  /** Ends every pause, those to come included. */
  void close() {
    closed = true;
    waiting.forEach(CountDownLatch::countDown);
  }
}
