// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import dev.pillion.ComponentException;
import dev.pillion.pubsub.spi.Message;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An entry of a stream that is in our pending list, or was. Thread-safe. */
final class StreamEntry implements Message {
  private static final byte[] NO_DATA = new byte[0];

  private final Group group;
  private final String id;
  private final byte[] data;
  private final Map<String, String> metadata;
  private final boolean redelivered;
  private volatile int attempts;
  private volatile boolean inDoubt;
  private volatile long claimedAt;
  private volatile boolean taken;

  private StreamEntry(
      Group group, String id, Fields fields, int attempts, boolean redelivered, long claimedAt) {
    this.group = group;
    this.id = id;
    this.data = fields.data == null ? NO_DATA : fields.data;
    this.metadata = MetadataField.read(fields.metadata);
    this.attempts = attempts;
    this.redelivered = redelivered;
    this.claimedAt = claimedAt;
  }

  /** One that nobody has had before. */
  static StreamEntry fresh(Group group, String id, Fields fields, long claimedAt) {
    return new StreamEntry(group, id, fields, 0, false, claimedAt);
  }

  /** One that a consumer has had before, with the count of deliveries that the server keeps. */
  static StreamEntry reclaimed(
      Group group, String id, Fields fields, long deliveries, long claimedAt) {
    int attempts = (int) Math.max(0, Math.min(deliveries - 1, Integer.MAX_VALUE));
    return new StreamEntry(group, id, fields, attempts, true, claimedAt);
  }

  String id() {
    return id;
  }

  /**
   * The count of deliveries to leave the entry with: the one that the server has, unless it may
   * have counted what we were not told of.
   */
  int countToLeave() {
    return inDoubt ? Group.deliveries(attempts) : Group.KEEP_COUNT;
  }

  /** The reading of the monotonic clock since which the claim was ours at the last look. */
  long claimedAt() {
    return claimedAt;
  }

  void claimed(long sentAt) {
    claimedAt = sentAt;
    taken = false;
  }

  /** Another consumer has it, or has done it. */
  void taken() {
    taken = true;
  }

  boolean isTaken() {
    return taken;
  }

  @Override
  public byte[] data() {
    return data;
  }

  @Override
  public Map<String, String> metadata() {
    return metadata;
  }

  @Override
  public int attempts() {
    return attempts;
  }

  @Override
  public boolean isRedelivered() {
    return redelivered;
  }

  @Override
  public void recordAttempts(int count) {
    // Whether the server is told or not, so many are over: all, or all but the one to begin.
    boolean isOver = count < attempts || (count == 1 && !redelivered);
    attempts = isOver ? count : count - 1;
    inDoubt = true;
    boolean held = group.record(this, count);
    inDoubt = false;
    if (!held) {
      throw ComponentException.failed(
          "message \"%s\" of topic \"%s\" is no longer held here: another consumer has it, or it was removed from the stream"
              .formatted(id, group.topic()),
          null);
    }
    attempts = count;
  }

  @Override
  public String toString() {
    return "message \"%s\" of topic \"%s\"".formatted(id, group.topic());
  }

  /** The two fields of an entry that are read; others are passed over. */
  static final class Fields {
    private byte @Nullable [] data;
    private byte @Nullable [] metadata;

    void put(byte[] name, byte[] value) {
      if (Arrays.equals(name, Publisher.DATA)) {
        data = value;
      } else if (Arrays.equals(name, Publisher.METADATA)) {
        metadata = value;
      }
    }
  }
}
