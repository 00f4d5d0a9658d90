// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.pubsub.spi.Message;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A delivery and the thread that carries it out. A stop ends the pause between two attempts and
 * keeps a further one from beginning; what runs goes on. No interrupt of ours outlives the phase it
 * was meant for. Thread-safe.
 */
final class RunningDelivery {
  private enum Phase {
    /** The delivery's own work: reading, the record, dead letters. Never interrupted. */
    WORKING,
    /** Between two attempts: only a policy's pause can be going on. */
    BETWEEN,
    /** The program's handler runs. */
    HANDLING
  }

  private final List<Message> messages;
  private final Thread thread = Thread.currentThread();
  private final ReentrantLock lock = new ReentrantLock();
  private Phase phase = Phase.WORKING;
  private boolean stopped;
  private boolean interrupted;

  /** The delivery of these by the present thread. */
  RunningDelivery(List<Message> messages) {
    this.messages = messages;
  }

  /** Whether this very message is a part of it. */
  boolean has(Message message) {
    for (var one : messages) {
      if (one == message) {
        return true;
      }
    }
    return false;
  }

  /**
   * Before the handler starts.
   *
   * @return whether it may
   */
  boolean begin() {
    lock.lock();
    try {
      settle(stopped ? Phase.WORKING : Phase.HANDLING);
      return !stopped;
    } finally {
      lock.unlock();
    }
  }

  /**
   * What follows is the delivery's own work: after the handler, after policies, and while an
   * attempt is put on record.
   */
  void working() {
    lock.lock();
    try {
      settle(Phase.WORKING);
    } finally {
      lock.unlock();
    }
  }

  /** When the attempt has failed and policies decide what follows. */
  void between() {
    lock.lock();
    try {
      settle(Phase.BETWEEN);
      if (stopped) {
        interruptThread();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Leaves a phase, and with it an interrupt that was meant for it. */
  private void settle(Phase next) {
    if (interrupted) {
      Thread.interrupted();
      interrupted = false;
    }
    phase = next;
  }

  /** Lets no further attempt begin. */
  void stop() {
    lock.lock();
    try {
      stopped = true;
      if (phase == Phase.BETWEEN) {
        interruptThread();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Stops it, the handler that runs included. */
  void interrupt() {
    lock.lock();
    try {
      stopped = true;
      if (phase != Phase.WORKING) {
        interruptThread();
      }
    } finally {
      lock.unlock();
    }
  }

  private void interruptThread() {
    if (!interrupted && !thread.isInterrupted()) {
      interrupted = true;
      thread.interrupt();
    }
  }

  boolean isStopped() {
    lock.lock();
    try {
      return stopped;
    } finally {
      lock.unlock();
    }
  }

  /** Whether another thread than the caller's carries it out. */
  boolean isElsewhere() {
    return thread != Thread.currentThread();
  }
}
