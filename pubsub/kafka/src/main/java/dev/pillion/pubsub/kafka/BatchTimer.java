// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

/**
 * How long the messages of a bulk subscription wait for others to fill their batch. Not
 * thread-safe, guarded by its {@link PartitionQueue}.
 */
final class BatchTimer {
  private final IntakeRules rules;
  private final Runnable whenOver;
  private boolean over;
  private boolean running;

  /** @param whenOver called by another thread; it calls {@link #isOver} under the guard */
  BatchTimer(IntakeRules rules, Runnable whenOver) {
    this.rules = rules;
    this.whenOver = whenOver;
  }

  /** Whether what is there has waited long enough; begins to count when nothing has. */
  boolean hasWaited() {
    if (!over && !running) {
      running = true;
      rules.time().schedule(rules.batchAwait(), whenOver);
    }
    return over;
  }

  /** The time has come. */
  void isOver() {
    running = false;
    over = true;
  }

  /** A batch is handed over. */
  void reset() {
    over = false;
  }
}
