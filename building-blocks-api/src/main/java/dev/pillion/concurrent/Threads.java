// SPDX-License-Identifier: Apache-2.0
package dev.pillion.concurrent;

/** The threads of one runtime, all named {@code app id/purpose}. Thread-safe. */
public interface Threads {
  /**
   * Runs {@code task} soon, on a virtual thread where the JVM has them, else on a pool with a hard
   * cap. Never queues.
   *
   * @param name what the thread is called after the app id, such as {@code pubsub/events}
   * @throws dev.pillion.CallRejectedException when the cap is reached
   * @throws IllegalStateException when the runtime is closed
   */
  void execute(String name, Runnable task);

  /**
   * Starts a long-lived daemon thread of its own for {@code loop}, which ends by itself when
   * interrupted.
   *
   * @param name what the thread is called after the app id, such as {@code reminders}
   */
  Thread start(String name, Runnable loop);
}
