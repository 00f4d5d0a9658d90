// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import dev.pillion.concurrent.TimeSource;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Interrupts the thread that made it unless it is disarmed in time, and leaves no interrupt behind.
 * Used by that thread and by the timer, for one run of user code.
 */
final class TimeLimit {
  private enum State {
    ARMED,
    /** The timer is about to interrupt. */
    FIRING,
    /** The timer has interrupted the thread. */
    FIRED,
    /** The time is up, but somebody else had interrupted the thread before: the flag is theirs. */
    FIRED_LATE,
    DISARMED
  }

  private final Thread thread = Thread.currentThread();
  private final AtomicReference<State> state = new AtomicReference<>(State.ARMED);
  private final AtomicInteger stuck;
  private final TimeSource.Scheduled timer;

  /**
   * Arms it.
   *
   * @param stuck counts, from the interrupt on, the runs that have not returned
   */
  TimeLimit(long nanos, TimeSource time, AtomicInteger stuck) {
    this.stuck = stuck;
    this.timer = time.schedule(Duration.ofNanos(nanos), this::fire);
  }

  private void fire() {
    if (!state.compareAndSet(State.ARMED, State.FIRING)) {
      return;
    }
    stuck.incrementAndGet();
    boolean theirs = thread.isInterrupted();
    if (!theirs) {
      thread.interrupt();
    }
    state.set(theirs ? State.FIRED_LATE : State.FIRED);
  }

  /**
   * Ends it, when the code has returned; afterwards no interrupt of this limit is pending.
   *
   * @return whether the code returned in time
   */
  boolean disarm() {
    if (state.compareAndSet(State.ARMED, State.DISARMED)) {
      timer.cancel();
      return true;
    }
    // The timer is between two instructions: without this its interrupt could hit what comes next.
    while (state.get() == State.FIRING) {
      Thread.onSpinWait();
    }
    if (state.get() == State.FIRED) {
      // Whether the code has consumed it or not: the flag that is there now was set by us.
      Thread.interrupted();
    }
    stuck.decrementAndGet();
    return false;
  }
}
