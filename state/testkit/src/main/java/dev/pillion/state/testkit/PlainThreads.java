// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import dev.pillion.concurrent.Threads;

/** A new daemon thread for every task. */
final class PlainThreads implements Threads {
  @Override
  public void execute(String name, Runnable task) {
    start(name, task);
  }

  @Override
  public Thread start(String name, Runnable loop) {
    var thread = SystemTime.daemon(loop, "contract/" + name);
    thread.start();
    return thread;
  }
}
