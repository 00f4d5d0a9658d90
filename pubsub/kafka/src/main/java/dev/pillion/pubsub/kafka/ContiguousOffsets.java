// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * How far one partition is done without a gap. Records are handed over in the order of their
 * offsets, which need not follow one another, and end in any order. Not thread-safe.
 */
final class ContiguousOffsets {
  private final Deque<Handed> open = new ArrayDeque<>();
  private long position;

  /** A record that has been handed over. */
  static final class Handed {
    private final long offset;
    private boolean done;

    private Handed(long offset) {
      this.offset = offset;
    }
  }

  /** @param position the first offset that is not done */
  ContiguousOffsets(long position) {
    this.position = position;
  }

  Handed handed(long offset) {
    var last = open.peekLast();
    if (offset < position || (last != null && offset <= last.offset)) {
      throw new IllegalArgumentException("offset %d is not behind the last one".formatted(offset));
    }
    var handed = new Handed(offset);
    open.addLast(handed);
    return handed;
  }

  /** Idempotent. */
  void done(Handed handed) {
    handed.done = true;
    for (var first = open.peekFirst(); first != null && first.done; first = open.peekFirst()) {
      position = first.offset + 1;
      open.removeFirst();
    }
  }

  /** Goes on at a later offset, unless something that was handed over is not done. */
  boolean skipTo(long offset) {
    if (!open.isEmpty() || offset <= position) {
      return false;
    }
    position = offset;
    return true;
  }

  /** What may be committed: everything below it is done. */
  long position() {
    return position;
  }
}
