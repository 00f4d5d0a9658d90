// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.testkit.ManualTime;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.clients.consumer.LogTruncationException;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.NoOffsetForPartitionException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The rule for groups that have committed nothing, and the one for those that have. */
class BeginningsTest {
  private static final TopicPartition FRESH = new TopicPartition("t", 0);
  private static final TopicPartition KNOWN = new TopicPartition("t", 1);

  private final ManualTime time = new ManualTime();
  private final LongAdder lost = new LongAdder();
  private final Brokers brokers = new Brokers();

  @AfterEach
  void close() {
    brokers.close();
  }

  /** Two partitions with offsets from 5 to 20; one has 7 committed. */
  private static final class Brokers extends MockConsumer<byte[], byte[]> {
    private Map<TopicPartition, Long> times = Map.of();
    private boolean isQuiet;

    private Brokers() {
      super("none");
      updateBeginningOffsets(Map.of(FRESH, 5L, KNOWN, 5L));
      updateEndOffsets(Map.of(FRESH, 20L, KNOWN, 20L));
    }

    @Override
    public synchronized Map<TopicPartition, OffsetAndMetadata> committed(
        Set<TopicPartition> partitions, Duration timeout) {
      var committed = new HashMap<TopicPartition, OffsetAndMetadata>();
      committed.put(FRESH, null);
      committed.put(KNOWN, new OffsetAndMetadata(7, "pillion/1 2000 0x2"));
      return committed;
    }

    @Override
    public synchronized Map<TopicPartition, OffsetAndTimestamp> offsetsForTimes(
        Map<TopicPartition, Long> asked, Duration timeout) {
      times = asked;
      var found = new HashMap<TopicPartition, OffsetAndTimestamp>();
      asked.forEach(
          (partition, at) -> found.put(partition, isQuiet ? null : new OffsetAndTimestamp(11, at)));
      return found;
    }
  }

  private Beginnings rule(String rule) {
    return Beginnings.take(new HashMap<>(Map.of("auto.offset.reset", rule)), time, lost);
  }

  private long fresh(String rule) {
    var found = rule(rule).find(brokers, Set.of(FRESH, KNOWN));
    // Whatever the rule: what is committed is not touched by it.
    assertThat(found.get(KNOWN).place().offset()).isEqualTo(7);
    assertThat(found.get(KNOWN).note().reach()).isEqualTo(20);
    assertThat(found.get(KNOWN).note().attempts()).containsEntry(7L, 2);
    return found.get(FRESH).place().offset();
  }

  @Test
  void aGroupThatHasCommittedNothingBeginsByTheRule() {
    assertThat(fresh("earliest")).isEqualTo(5);
    assertThat(fresh("latest")).isEqualTo(20);
    assertThat(fresh("by_duration:PT1H")).isEqualTo(11);
    assertThat(brokers.times)
        .containsOnly(Map.entry(FRESH, time.now().minus(Duration.ofHours(1)).toEpochMilli()));
    brokers.isQuiet = true;
    assertThat(fresh("by_duration:PT1H")).isEqualTo(20);
  }

  @Test
  void theConsumerAsksHereUnlessTheRuleIsToFailOrNoneThatKafkaKnows() {
    for (var rule : new String[] {"latest", "EARLIEST", "by_duration:PT1H"}) {
      var properties = new HashMap<String, Object>(Map.of("auto.offset.reset", rule));
      assertThat(Beginnings.take(properties, time, lost).isNone()).isFalse();
      assertThat(properties).containsEntry("auto.offset.reset", "none");
    }
    for (var rule : new String[] {"newest", "by_duration:1h", "by_duration:-PT1H"}) {
      var properties = new HashMap<String, Object>(Map.of("auto.offset.reset", rule));
      assertThat(Beginnings.take(properties, time, lost).isNone()).isFalse();
      assertThat(properties).containsEntry("auto.offset.reset", rule);
    }
    assertThat(rule("none").isNone()).isTrue();
    assertThatThrownBy(() -> rule("none").find(brokers, Set.of(FRESH)))
        .isInstanceOf(NoOffsetForPartitionException.class);
  }

  @Test
  void whatIsGoneIsFollowedByTheLogsStartOrByWhereTheLogParts() {
    var gone = Map.of(KNOWN, 3L);
    var latest = rule("latest");

    assertThat(latest.next(brokers, new OffsetOutOfRangeException(gone)))
        .containsExactly(Map.entry(KNOWN, 5L));
    assertThat(latest.next(brokers, new LogTruncationException(gone, Map.of())))
        .containsExactly(Map.entry(KNOWN, 5L));
    var parts = Map.of(KNOWN, new OffsetAndMetadata(9, Optional.of(3), ""));
    assertThat(latest.next(brokers, new LogTruncationException(gone, parts)))
        .containsExactly(Map.entry(KNOWN, 9L));
  }
}
