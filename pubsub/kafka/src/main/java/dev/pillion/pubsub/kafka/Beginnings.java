// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import dev.pillion.concurrent.TimeSource;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.LogTruncationException;
import org.apache.kafka.clients.consumer.NoOffsetForPartitionException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a group begins with its partitions, and where it goes on when what it was to read next is
 * not there any more. A consumer by itself has one rule for both: one that begins with what comes
 * next passes over all that is still there when retention was faster than the group. Here that rule
 * is for groups that have committed nothing. Thread-safe.
 */
final class Beginnings {
  private static final Logger log = LoggerFactory.getLogger(Beginnings.class);

  /** Other partitions wait meanwhile, and what was answered in part need not be asked for again. */
  private static final Duration ANSWER = Duration.ofSeconds(1);

  private static final String EARLIEST = "earliest";
  private static final String LATEST = "latest";
  private static final String NONE = "none";
  private static final String DURATION = "by_duration:";

  private final String rule;
  private final TimeSource time;
  private final LongAdder lost;

  /** Where a partition begins, and what the owner before has left on record. */
  record Beginning(OffsetAndMetadata place, CommitNote note) {
    private Beginning upTo(long end) {
      return new Beginning(place, new CommitNote(Math.min(note.reach(), end), note.attempts()));
    }
  }

  private Beginnings(String rule, TimeSource time, LongAdder lost) {
    this.rule = rule;
    this.time = time;
    this.lost = lost;
  }

  /**
   * Takes the rule from a consumer's properties, and has the consumer ask. What Kafka's client does
   * not know stays, for it to say so.
   *
   * @param lost counts offsets that were gone before they were read
   */
  static Beginnings take(Map<String, Object> consumer, TimeSource time, LongAdder lost) {
    var rule = String.valueOf(consumer.get(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG))
        .toLowerCase(Locale.ROOT);
    if (rule.equals(EARLIEST) || rule.equals(LATEST) || isDuration(rule)) {
      consumer.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, NONE);
    }
    return new Beginnings(rule, time, lost);
  }

  private static boolean isDuration(String rule) {
    try {
      return rule.startsWith(DURATION) && !duration(rule).isNegative();
    } catch (DateTimeException e) {
      return false;
    }
  }

  private static Duration duration(String rule) {
    return Duration.parse(rule.substring(DURATION.length()));
  }

  /** Whether the consumer is to fail where there is no offset to go on at, as Kafka's own rule. */
  boolean isNone() {
    return rule.equals(NONE);
  }

  /**
   * Asks where partitions begin.
   *
   * @throws org.apache.kafka.common.errors.TimeoutException when nobody says so in time
   * @throws NoOffsetForPartitionException by the rule {@code none}
   */
  Map<TopicPartition, Beginning> find(
      Consumer<byte[], byte[]> consumer, Set<TopicPartition> partitions) {
    var committed = consumer.committed(Set.copyOf(partitions), ANSWER);
    var beginnings = new HashMap<TopicPartition, Beginning>();
    var suspects = new HashSet<TopicPartition>();
    var fresh = new HashSet<TopicPartition>();
    for (var partition : partitions) {
      var found = committed.get(partition);
      if (found == null) {
        fresh.add(partition);
        continue;
      }
      var note = CommitNote.read(found.offset(), found.metadata());
      beginnings.put(partition, new Beginning(found, note));
      if (note.reach() > found.offset()) {
        suspects.add(partition);
      }
    }
    // What is not written yet nobody can have attempted.
    consumer
        .endOffsets(suspects, ANSWER)
        .forEach((partition, end) ->
            beginnings.computeIfPresent(partition, (same, found) -> found.upTo(end)));
    first(consumer, fresh)
        .forEach((partition, offset) -> beginnings.put(
            partition, new Beginning(new OffsetAndMetadata(offset), CommitNote.clean(offset))));
    return beginnings;
  }

  private Map<TopicPartition, Long> first(
      Consumer<byte[], byte[]> consumer, Set<TopicPartition> partitions) {
    if (partitions.isEmpty()) {
      return Map.of();
    }
    if (isNone()) {
      throw new NoOffsetForPartitionException(partitions);
    }
    if (rule.equals(EARLIEST)) {
      return consumer.beginningOffsets(partitions, ANSWER);
    }
    var offsets = new HashMap<>(consumer.endOffsets(partitions, ANSWER));
    if (isDuration(rule)) {
      long since = time.now().minus(duration(rule)).toEpochMilli();
      var times = new HashMap<TopicPartition, Long>();
      partitions.forEach(partition -> times.put(partition, since));
      consumer.offsetsForTimes(times, ANSWER).forEach((partition, found) -> {
        if (found != null) {
          offsets.put(partition, found.offset());
        }
      });
    }
    return offsets;
  }

  /**
   * Where to go on with partitions whose next record is gone: at the log's start, or where the log
   * parts from what was read.
   *
   * @throws org.apache.kafka.common.errors.TimeoutException when nobody says so in time
   */
  Map<TopicPartition, Long> next(
      Consumer<byte[], byte[]> consumer, OffsetOutOfRangeException gone) {
    Collection<TopicPartition> partitions = gone.offsetOutOfRangePartitions().keySet();
    var next = new HashMap<>(consumer.beginningOffsets(partitions, ANSWER));
    if (gone instanceof LogTruncationException truncation) {
      truncation
          .divergentOffsets()
          .forEach((partition, divergent) -> next.merge(partition, divergent.offset(), Math::max));
    }
    return next;
  }

  /** Says and counts that what lies between was removed before it was read. */
  void lost(TopicPartition partition, long from, long to) {
    lost.add(to - from);
    log.warn(
        "{} goes on at {}: up to {} messages, from offset {} to {}, were lost to retention before they were read",
        partition,
        to,
        to - from,
        from,
        to - 1);
  }
}
