// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testkit;

import dev.pillion.concurrent.Threads;

/**
 * A new daemon thread for every task, for a component that is tested without a runtime.
 * Thread-safe.
 */
public final class PlainThreads implements Threads {
  /** Threads named {@code testkit/…}. */
  public PlainThreads() {}

  @Override
  public void execute(String name, Runnable task) {
    start(name, task);
  }

  @Override
  public Thread start(String name, Runnable loop) {
    var thread = daemon(loop, "testkit/" + name);
    thread.start();
    return thread;
  }

  static Thread daemon(Runnable task, String name) {
    var thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }
}
