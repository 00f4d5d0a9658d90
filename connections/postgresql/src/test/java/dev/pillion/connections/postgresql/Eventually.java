// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.postgresql;

import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;

/** Waits for what must become true, ten seconds at most. */
final class Eventually {
  private Eventually() {}

  static void holds(Callable<Boolean> condition) {
    long end = System.nanoTime() + 10_000_000_000L;
    Exception last = null;
    while (System.nanoTime() < end) {
      try {
        if (condition.call()) {
          return;
        }
      } catch (Exception e) {
        last = e;
      }
      LockSupport.parkNanos(10_000_000);
    }
    throw new AssertionError("did not become true in ten seconds", last);
  }
}
