// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Waits with a limit. */
final class Gates {
  private Gates() {}

  static void await(CountDownLatch gate) {
    try {
      if (!gate.await(30, TimeUnit.SECONDS)) {
        throw new AssertionError("the gate was not opened within 30 s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
