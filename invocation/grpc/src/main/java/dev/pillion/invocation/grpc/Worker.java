// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The thread that works for a call of a peer, while it does, so that the end of the call ends its
 * work. Thread-safe.
 */
public final class Worker {
  private static final ThreadLocal<Worker> CURRENT = new ThreadLocal<>();

  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable Thread thread;
  private boolean stopped;
  private boolean detached;
  private boolean heldBack;

  Worker() {}

  /**
   * Does work that is not to be interrupted by the end of the peer's call which this thread serves,
   * if it serves one: the interrupt comes when the work is done. Interrupts by others, such as
   * limits of time, are not held back.
   */
  public static <T> T detached(Supplier<T> work) {
    var current = CURRENT.get();
    return current == null ? work.get() : current.detach(work);
  }

  private <T> T detach(Supplier<T> work) {
    boolean before = setDetached(true);
    try {
      return work.get();
    } finally {
      setDetached(before);
    }
  }

  private boolean setDetached(boolean value) {
    lock.lock();
    try {
      boolean before = detached;
      detached = value;
      if (!detached && heldBack) {
        heldBack = false;
        Thread.currentThread().interrupt();
      }
      return before;
    } finally {
      lock.unlock();
    }
  }

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
      CURRENT.set(this);
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void leave() {
    CURRENT.remove();
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
        if (detached) {
          heldBack = true;
        } else if (thread != null) {
          thread.interrupt();
        }
      }
    } finally {
      lock.unlock();
    }
  }
}
