// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The thread that works for a call, while it does, so that the end of the call ends its work. */
final class Worker {
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable Thread thread;
  private boolean stopped;

  /** Does the work on this thread, unless it was stopped before. */
  void run(Runnable work) {
    if (!enter()) {
      return;
    }
    try {
      work.run();
    } finally {
      leave();
    }
  }

  private boolean enter() {
    lock.lock();
    try {
      if (stopped) {
        return false;
      }
      thread = Thread.currentThread();
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void leave() {
    lock.lock();
    try {
      thread = null;
      if (stopped) {
        // It was meant for this work, and the thread does other work next.
        Thread.interrupted();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Interrupts the work; what has not begun does not begin. Idempotent. */
  void stop() {
    lock.lock();
    try {
      if (!stopped) {
        stopped = true;
        if (thread != null) {
          thread.interrupt();
        }
      }
    } finally {
      lock.unlock();
    }
  }
}
