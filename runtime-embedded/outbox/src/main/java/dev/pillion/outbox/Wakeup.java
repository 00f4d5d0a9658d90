// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import dev.pillion.concurrent.TimeSource;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** A pause that a signal ends, also one that came before it. Thread-safe; one waits at a time. */
final class Wakeup {
  private final TimeSource time;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private boolean signalled;

  Wakeup(TimeSource time) {
    this.time = time;
  }

  void signal() {
    lock.lock();
    try {
      signalled = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void await(Duration duration) throws InterruptedException {
    var timer = time.schedule(duration, this::signal);
    lock.lockInterruptibly();
    try {
      while (!signalled) {
        changed.await();
      }
      signalled = false;
    } finally {
      lock.unlock();
      timer.cancel();
    }
  }
}
