// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A place in some work where it waits until the test lets it go on. */
final class Gate {
  private final CountDownLatch reached = new CountDownLatch(1);
  private final CountDownLatch opened = new CountDownLatch(1);

  /** Called by the work. */
  void pass() {
    reached.countDown();
    await(opened);
  }

  /** Called by the test. */
  void awaitReached() {
    await(reached);
  }

  void open() {
    opened.countDown();
  }

  private static void await(CountDownLatch latch) {
    try {
      if (!latch.await(20, TimeUnit.SECONDS)) {
        throw new AssertionError("nobody came through the gate");
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
