// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import dev.pillion.pubsub.spi.Message;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** A record on its way to the receiver, within one assignment of its partition. */
final class KafkaMessage implements Message {
  private final ConsumerRecord<byte[], byte[]> record;
  private final HeaderRules headers;
  private final PartitionQueue queue;
  private volatile @Nullable Map<String, String> metadata;
  private volatile int attempts;
  private volatile boolean redelivered;
  private volatile boolean postponed;

  // Guarded by the queue.
  private ContiguousOffsets.@Nullable Handed handed;
  private int failures;
  private long failedAt;

  KafkaMessage(
      ConsumerRecord<byte[], byte[]> record,
      HeaderRules headers,
      PartitionQueue queue,
      int attempts,
      boolean redelivered) {
    this.record = record;
    this.headers = headers;
    this.queue = queue;
    this.attempts = attempts;
    this.redelivered = redelivered;
  }

  long offset() {
    return record.offset();
  }

  long timestamp() {
    return record.timestamp();
  }

  /** What it takes of memory, nearly. */
  int size() {
    return Math.max(0, record.serializedValueSize()) + Math.max(0, record.serializedKeySize()) + 64;
  }

  @Override
  public byte[] data() {
    var value = record.value();
    // What a tombstone is to Dapr's apps.
    return value == null ? "null".getBytes(StandardCharsets.UTF_8) : value;
  }

  @Override
  public Map<String, String> metadata() {
    var known = metadata;
    if (known == null) {
      known = headers.metadata(record);
      metadata = known;
    }
    return known;
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
  public void recordAttempts(int begun) {
    queue.record(this, begun);
    attempts = begun;
  }

  @Override
  public void notAttempted() {
    postponed = true;
  }

  @Override
  public boolean isRevoked() {
    return queue.isStopped();
  }

  /** Whether it comes back without an attempt; said once. */
  boolean wasPostponed() {
    boolean was = postponed;
    postponed = false;
    return was;
  }

  ContiguousOffsets.@Nullable Handed handed() {
    return handed;
  }

  void handed(ContiguousOffsets.Handed as) {
    handed = as;
  }

  /** It was given back: it comes again. */
  void comesBack() {
    redelivered = true;
  }

  /** It has failed. The first attempt is not on record; it is known here all the same. */
  void failed(long nanos) {
    if (failures++ == 0) {
      failedAt = nanos;
    }
    attempts = Math.max(1, attempts);
    redelivered = true;
  }

  int failures() {
    return failures;
  }

  /** When it failed for the first time. */
  long failedAt() {
    return failedAt;
  }

  @Override
  public String toString() {
    return "%s-%d@%d".formatted(record.topic(), record.partition(), record.offset());
  }
}
