// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Closes a runtime when the JVM shuts down while somebody waits for its end. */
final class ShutdownHook {
  private static final Logger log = LoggerFactory.getLogger(ShutdownHook.class);
  private static final Duration BEYOND_DRAINING = Duration.ofSeconds(10);

  private ShutdownHook() {}

  static void awaitClosed(EmbeddedRuntime runtime, CountDownLatch closed)
      throws InterruptedException {
    var hook = new Thread(() -> close(runtime, closed), runtime.appId() + "/shutdown");
    try {
      Runtime.getRuntime().addShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM is shutting down already, and nobody else will close the runtime.
      close(runtime, closed);
      return;
    }
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

  /** The JVM ends when its hooks have: a close that another thread has begun is waited for. */
  private static void close(EmbeddedRuntime runtime, CountDownLatch closed) {
    try {
      runtime.close();
      var patience = runtime.drainTimeout().plus(BEYOND_DRAINING);
      if (!closed.await(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        log.warn("\"{}\" is still closing after {}, the JVM ends now", runtime.appId(), patience);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      log.error("\"{}\" did not close cleanly", runtime.appId(), e);
    }
  }
}
