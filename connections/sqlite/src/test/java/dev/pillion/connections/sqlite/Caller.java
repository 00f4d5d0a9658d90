// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/** A call on a thread of its own. */
final class Caller {
  private final FutureTask<Object> task;
  private final Thread thread;

  Caller(Callable<?> call) {
    task = new FutureTask<>(call::call);
    thread = new Thread(task, "caller");
    thread.setDaemon(true);
    thread.start();
  }

  /** Until it waits for something: a leader, another process, or a gate. */
  void awaitParked() {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (thread.getState() != Thread.State.TIMED_WAITING) {
      if (System.nanoTime() > end) {
        throw new AssertionError("the call never waited; it is " + thread.getState());
      }
      Thread.onSpinWait();
    }
  }

  void interrupt() {
    thread.interrupt();
  }

  boolean isInterrupted() {
    return thread.isInterrupted();
  }

  Object result() throws Exception {
    return task.get(20, TimeUnit.SECONDS);
  }

  /** What the call threw; null when it returned. */
  Throwable failure() throws Exception {
    try {
      result();
      return null;
    } catch (ExecutionException e) {
      return e.getCause();
    }
  }
}
