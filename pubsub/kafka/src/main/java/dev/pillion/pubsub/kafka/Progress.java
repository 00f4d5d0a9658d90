// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import java.util.TreeMap;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.jspecify.annotations.Nullable;

/**
 * What is done of a partition, what attempts are on record, and what of both is committed. Not
 * thread-safe, guarded by its {@link PartitionQueue}.
 *
 * <p>No attempt begins at an offset that the last commit's {@link CommitNote#reach} does not cover.
 * So whoever has the partition after a crash knows which messages may have been attempted, and puts
 * on record what he attempts of those; of all others the first attempt costs nothing.
 */
final class Progress {
  /** How far attempts may run ahead of the last commit, in offsets. */
  static final int AHEAD = 2_000;

  private final PartitionQueue queue;
  private final ContiguousOffsets offsets;
  private final TreeMap<Long, Integer> attempts;
  private final long suspectUntil;
  private long reach;
  private long promised;
  private long change = 1;
  private long committedChange;

  /** A state to commit, and which change it has seen. */
  record Snapshot(PartitionQueue queue, OffsetAndMetadata offset, long reach, long change) {}

  Progress(PartitionQueue queue, long position, CommitNote note) {
    this.queue = queue;
    this.offsets = new ContiguousOffsets(position);
    this.attempts = new TreeMap<>(note.attempts().tailMap(position));
    this.suspectUntil = note.reach();
    this.reach = position;
    this.promised = position;
  }

  int attempts(long offset) {
    return attempts.getOrDefault(offset, 0);
  }

  /** Whether an attempt may have begun that is not on record. */
  boolean isSuspect(long offset) {
    return offset < suspectUntil;
  }

  boolean mayBegin(long offset) {
    return offset < reach;
  }

  /** Whether it is time to commit, lest the next attempts have to wait for it. */
  boolean isNearReach(long offset) {
    return promised - offset < AHEAD / 2;
  }

  /** There is something to commit. */
  void changed() {
    change++;
  }

  boolean isDirty() {
    return change != committedChange;
  }

  void handed(KafkaMessage message) {
    message.handed(offsets.handed(message.offset()));
  }

  void done(KafkaMessage message) {
    var handed = message.handed();
    if (handed != null) {
      offsets.done(handed);
      attempts.remove(message.offset());
      change++;
    }
  }

  /** Nothing is left before this offset; false while something is handed over. */
  boolean skipTo(long offset) {
    boolean skips = offsets.skipTo(offset);
    if (skips) {
      attempts.headMap(offset).clear();
      change++;
    }
    return skips;
  }

  /**
   * Sets how many attempts have begun; null for none on record.
   *
   * @return what was there before
   */
  @Nullable
  Integer record(long offset, @Nullable Integer begun) {
    change++;
    return begun == null || begun == 0 ? attempts.remove(offset) : attempts.put(offset, begun);
  }

  /** The state now, with which attempts may begin beyond what has begun. */
  Snapshot ahead(long lastBegun) {
    var snapshot = snapshot(Math.max(offsets.position(), lastBegun) + AHEAD);
    promised = Math.max(promised, snapshot.reach());
    return snapshot;
  }

  /** The state at the end: what lies beyond {@code lastBegun} nobody has attempted here. */
  Snapshot last(long lastBegun) {
    return snapshot(Math.max(offsets.position(), lastBegun));
  }

  private Snapshot snapshot(long newReach) {
    long position = offsets.position();
    var note = new CommitNote(Math.max(newReach, suspectUntil), attempts.tailMap(position));
    return new Snapshot(
        queue, new OffsetAndMetadata(position, note.write(position)), newReach, change);
  }

  void committed(Snapshot snapshot) {
    reach = Math.max(reach, snapshot.reach());
    committedChange = Math.max(committedChange, snapshot.change());
  }
}
