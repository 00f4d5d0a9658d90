// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import java.util.concurrent.CountDownLatch;

/** Closes a runtime when the JVM shuts down while somebody waits for its end. */
final class ShutdownHook {
  private ShutdownHook() {}

  static void awaitClosed(EmbeddedRuntime runtime, CountDownLatch closed)
      throws InterruptedException {
    var hook = new Thread(runtime::close, runtime.appId() + "/shutdown");
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      closed.await();
    } finally {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        // The JVM is shutting down: the hook is what closed the runtime.
      }
    }
  }
}
