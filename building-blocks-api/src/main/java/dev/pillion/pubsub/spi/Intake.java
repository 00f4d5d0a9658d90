// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.spi;

import dev.pillion.concurrent.Deadline;

/** The messages of one topic, taken in for one group. Thread-safe. */
public interface Intake {
  /** Receives nothing new until {@link #resume}; what is being received goes on. Idempotent. */
  void pause();

  /** Ends a {@link #pause}. Idempotent. */
  void resume();

  /**
   * Ends it: fetches nothing more, waits until the deadline for what is being received, and leaves
   * everything that is not done to the group. Messages fetched and not yet received come to others
   * without delay where the broker can do that. Idempotent.
   */
  void close(Deadline deadline);
}
