// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * What is fetched of a partition and not yet handed over. Bounded: when there is enough, fetching
 * pauses. Not thread-safe, guarded by its {@link PartitionQueue}.
 */
final class FetchBuffer {
  private static final int FULL = 500;
  private static final long FULL_BYTES = 1024 * 1024;

  private final Deque<KafkaMessage> messages = new ArrayDeque<>();
  private final int full;
  private long bytes;
  private long next;
  private boolean paused = true;

  /**
   * @param next the offset that is fetched first
   * @param batch there is never less room than this
   */
  FetchBuffer(long next, int batch) {
    this.next = next;
    this.full = Math.max(FULL, batch);
  }

  /** Whether a record comes before what was fetched already. */
  boolean isBehind(long offset) {
    return offset < next;
  }

  void add(KafkaMessage message) {
    messages.addLast(message);
    bytes += message.size();
    next = message.offset() + 1;
  }

  @Nullable
  KafkaMessage first() {
    return messages.peekFirst();
  }

  void removeFirst() {
    bytes -= messages.removeFirst().size();
  }

  int size() {
    return messages.size();
  }

  /** Whether fetching must pause, or may go on; null when it stays as it is. */
  @Nullable
  Boolean pausesNow() {
    if (!paused && (messages.size() >= full || bytes >= FULL_BYTES)) {
      paused = true;
      return true;
    }
    if (paused && isLow()) {
      paused = false;
      return false;
    }
    return null;
  }

  boolean isPaused() {
    return paused;
  }

  boolean isLow() {
    return messages.size() < full / 2 && bytes < FULL_BYTES / 2;
  }
}
