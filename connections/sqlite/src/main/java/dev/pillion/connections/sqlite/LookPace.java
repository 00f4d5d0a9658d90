// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import java.util.concurrent.TimeUnit;

/**
 * When to look for commits while the kernel tells of writes.
 *
 * <p>It tells of a write before the commit it belongs to can be seen, for that waits for its sync;
 * and of the commit itself it tells nothing. So after an event it is looked at once and again and
 * again, with pauses that double, for as long as there are writes whose commit was not seen. They
 * stay short while commits come, when nobody is told of each, and grow to a second when none do:
 * that look costs nothing and would find what was not told. Not thread-safe.
 */
final class LookPace {
  static final long SHORTEST_NANOS = TimeUnit.MICROSECONDS.toNanos(500);
  static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** The longest pause while there is something to expect. */
  private static final long BUSY_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  /** So many looks at most for one commit: some seconds. */
  private static final int MAX_EXPECTING = 100;

  /** So many looks at most without being told, in a directory where other files are written to. */
  private static final int MAX_UNARMED = 50;

  /** For so many looks an event may be on its way: some time in which this process did run. */
  private static final int MAX_DOUBTING = 50;

  private final long busyNanos;
  private long pause = SHORTEST_NANOS;
  private int expecting = MAX_EXPECTING;
  private int unarmed;
  private int others;
  private boolean armed;
  private int doubting;

  /** @param pollNanos what the user takes for often */
  LookPace(long pollNanos) {
    busyNanos = Math.min(BUSY_NANOS, Math.max(SHORTEST_NANOS, pollNanos));
  }

  /** How long to wait before the next look, unless something is told. */
  long pauseNanos() {
    return pause;
  }

  boolean isArmed() {
    return armed;
  }

  /** There was an event, which ended the watch: of the database, or of another file. */
  void told(WriteEvents.Event event) {
    armed = false;
    doubting = 0;
    if (event == WriteEvents.Event.OWN) {
      pause = SHORTEST_NANOS;
      expecting = MAX_EXPECTING;
      others = 0;
      unarmed = 0;
    } else {
      // While they come closely every time for longer: to be told of each costs more than looking.
      pause = Math.min(pause, busyNanos);
      others = Math.min(2 * others + 1, MAX_UNARMED);
      unarmed = others;
    }
  }

  /**
   * What a look has found.
   *
   * @param changed whether there was a commit
   * @param pending whether there were writes after the last commit that was found
   * @param untold whether there were writes after the watch was armed
   */
  record Look(boolean changed, boolean pending, boolean untold) {}

  void looked(Look look) {
    if (look.changed()) {
      expecting = MAX_EXPECTING;
      pause = pause > busyNanos ? SHORTEST_NANOS : Math.min(2 * pause, busyNanos);
    } else {
      boolean expects = look.pending() && expecting > 0;
      expecting = expects ? expecting - 1 : expecting;
      boolean busy = !armed || doubting > 0 || expects;
      pause = Math.min((expects ? 2 : 8) * pause, busy ? busyNanos : LONGEST_NANOS);
      others = armed ? others / 2 : others;
    }
    // The event of what was found may be on its way.
    if (doubting > 0 || (look.changed() && look.untold())) {
      doubting++;
    }
  }

  /** Whether what a look has found was not told, for so long that it won't be any more. */
  boolean isUntold() {
    return doubting > MAX_DOUBTING;
  }

  /** Whether to arm the watch after a look, and to look once more then. */
  boolean mayArm(boolean changed) {
    if (armed || changed || pause < busyNanos) {
      return false;
    }
    unarmed--;
    return unarmed < 0;
  }

  void armed() {
    armed = true;
  }
}
