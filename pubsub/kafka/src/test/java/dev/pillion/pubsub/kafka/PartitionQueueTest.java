// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.concurrent.Threads;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Message;
import dev.pillion.pubsub.spi.MessageReceiver;
import dev.pillion.pubsub.spi.TopicSubscription;
import dev.pillion.testkit.ManualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

/** A partition without its broker: the test is the poll thread and the worker. */
class PartitionQueueTest {
  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final ManualTime time = new ManualTime();
  private final List<Message> received = new ArrayList<>();
  private Function<Message, Disposition> handler = message -> Disposition.ACKNOWLEDGE;
  private final PartitionQueue.Surroundings around = new PartitionQueue.Surroundings(
      new IntakeRules(
          HeaderRules.PLAIN, Redelivery.every(PAUSE).skipAfter(1), null, time, () -> false),
      new Receiver(),
      new Dispatcher(new NoThreads(), time, "test", 1),
      new CommitRequests(() -> {}));
  private final PartitionQueue queue = queue();

  private class Receiver implements MessageReceiver {
    @Override
    public Disposition receive(Message message) {
      received.add(message);
      return handler.apply(message);
    }

    @Override
    public List<Disposition> receiveAll(List<Message> messages) {
      return messages.stream().map(this::receive).toList();
    }

    @Override
    public void revoke(Message message) {}
  }

  /** Workers never begin: the test hands over. */
  private static final class NoThreads implements Threads {
    @Override
    public void execute(String name, Runnable task) {}

    @Override
    public Thread start(String name, Runnable loop) {
      throw new AssertionError("nothing starts a thread here");
    }
  }

  private PartitionQueue queue() {
    return queue(CommitNote.clean(0), around);
  }

  private static PartitionQueue queue(CommitNote note, PartitionQueue.Surroundings around) {
    var made = new PartitionQueue(new TopicPartition("t", 0), 0, note, around);
    commit(made);
    return made;
  }

  /** What allows attempts to begin. */
  private static void commit(PartitionQueue queue) {
    var snapshot = queue.toCommit();
    if (snapshot != null) {
      queue.committed(snapshot);
    }
  }

  private static List<ConsumerRecord<byte[], byte[]>> record(long offset, long timestamp) {
    return List.of(new ConsumerRecord<>(
        "t",
        0,
        offset,
        timestamp,
        TimestampType.CREATE_TIME,
        0,
        1,
        null,
        new byte[1],
        new RecordHeaders(),
        Optional.empty()));
  }

  private static long position(PartitionQueue queue) {
    return queue.end().offset().offset();
  }

  /** As often as the partition's pauses allow, so many times at most. */
  private void handle(int times) {
    for (int i = 0; i < times; i++) {
      queue.handle();
      time.advance(PAUSE);
    }
  }

  @Test
  void whatFailsTooOftenIsSkippedWhereASettingSaysSo() {
    handler = message -> Disposition.REDELIVER;
    queue.add(record(0, 1));

    handle(5);

    assertThat(received).hasSize(2);
    assertThat(position(queue)).isEqualTo(1);
  }

  @Test
  void whatComesBackWithoutAnAttemptIsNeitherCountedNorSkipped() {
    handler = message -> {
      message.notAttempted();
      return Disposition.REDELIVER;
    };
    queue.add(record(0, 1));

    handle(5);

    assertThat(received).hasSize(5);
    assertThat(received.get(0).attempts()).isZero();
    assertThat(received.get(0).isRedelivered()).isTrue();
    assertThat(position(queue)).isZero();
  }

  @Test
  void whatComesBackWithoutAnAttemptWaitsForThePauseOfAFailure() {
    handler = message -> {
      message.notAttempted();
      return Disposition.REDELIVER;
    };
    queue.add(record(0, 1));
    queue.handle();

    time.advance(PAUSE.minusMillis(1));
    assertThat(queue.handle()).isFalse();
    time.advance(Duration.ofMillis(1));
    assertThat(queue.handle()).isTrue();
  }

  @Test
  void aDeliveryWithoutAnAttemptExcusesNoLaterFailure() {
    handler = message -> {
      message.notAttempted();
      return Disposition.RELEASE;
    };
    queue.add(record(0, 1));
    handle(1);

    handler = message -> Disposition.REDELIVER;
    handle(5);

    assertThat(received).hasSize(3);
    assertThat(position(queue)).isEqualTo(1);
  }

  /** Another assignment of the partition, which begins while or after the first one's handler. */
  private PartitionQueue next(PartitionQueue before) {
    before.stop();
    before.end();
    var next = queue();
    next.follow(before);
    return next;
  }

  @Test
  void whatAnEarlierAssignmentHasDoneMeanwhileIsNotDoneAgain() {
    var next = new ArrayList<PartitionQueue>();
    handler = message -> {
      if (next.isEmpty()) {
        next.add(next(queue));
      }
      return Disposition.ACKNOWLEDGE;
    };
    queue.add(record(0, 1));
    queue.handle();

    next.get(0).add(record(0, 1));
    next.get(0).add(record(1, 2));
    next.get(0).handle();

    assertThat(received).extracting(Message::toString).containsExactly("t-0@0", "t-0@1");
    assertThat(position(next.get(0))).isEqualTo(2);
  }

  @Test
  void aRecordOfATopicMadeAnewIsHandledThoughItsOffsetWasDone() {
    var next = new ArrayList<PartitionQueue>();
    handler = message -> {
      if (next.isEmpty()) {
        next.add(next(queue));
      }
      return Disposition.ACKNOWLEDGE;
    };
    queue.add(record(0, 1));
    queue.handle();

    next.get(0).add(record(0, 7));
    next.get(0).handle();

    assertThat(received).hasSize(2);
    assertThat(received.get(1).metadata()).containsEntry("__timestamp", "7");
  }

  @Test
  void aRecordOfATopicMadeAnewIsHandledThoughItsOffsetWasDoneBeforeAnyoneFollowed() {
    handler = message -> {
      queue.stop();
      queue.end();
      return Disposition.ACKNOWLEDGE;
    };
    queue.add(record(0, 1));
    queue.handle();
    var same = next(queue);
    var other = next(queue);

    same.add(record(0, 1));
    same.handle();
    assertThat(received).hasSize(1);
    other.add(record(0, 7));
    other.handle();
    assertThat(received).hasSize(2);
  }

  @Test
  void whatMayHaveEndedItsProcessGoesAloneAndNotInABatch() {
    var batches = new ArrayList<Integer>();
    var bulk = new PartitionQueue.Surroundings(
        new IntakeRules(
            HeaderRules.PLAIN,
            Redelivery.every(PAUSE),
            new TopicSubscription.Bulk(10, PAUSE),
            time,
            () -> false),
        new Receiver() {
          @Override
          public List<Disposition> receiveAll(List<Message> messages) {
            batches.add(messages.size());
            return super.receiveAll(messages);
          }
        },
        around.dispatcher(),
        around.commits());
    var suspicious = queue(new CommitNote(2, new TreeMap<>(Map.of(2L, 1))), bulk);
    for (int offset = 0; offset < 6; offset++) {
      suspicious.add(record(offset, offset));
    }

    suspicious.flow();

    // None of the first three waits for others.
    assertThat(suspicious.handle()).isTrue();
    assertThat(suspicious.handle()).isTrue();
    assertThat(suspicious.handle()).isTrue();
    assertThat(suspicious.handle()).isFalse();
    time.advance(PAUSE);
    assertThat(suspicious.handle()).isTrue();

    assertThat(batches).containsExactly(1, 1, 1, 3);
  }

  @Test
  void aMessageKnowsOfARevocationThatItsReceiverHasMissed() {
    var revoked = new ArrayList<Boolean>();
    handler = message -> {
      revoked.add(message.isRevoked());
      queue.stop();
      revoked.add(message.isRevoked());
      return Disposition.RELEASE;
    };
    queue.add(record(0, 1));
    queue.handle();

    assertThat(revoked).containsExactly(false, true);
  }

  @Test
  void nobodyAsksAgainForWhatACommitUnderWayWillAllow() {
    for (int offset = 0; offset < 1_500; offset++) {
      queue.add(record(offset, offset));
    }
    int begun = 0;
    while (!around.commits().isAsked()) {
      assertThat(queue.handle()).isTrue();
      begun++;
    }
    around.commits().take();
    assertThat(queue.toCommit()).isNotNull();

    for (int i = 0; i < 100; i++) {
      assertThat(queue.handle()).isTrue();
    }

    assertThat(begun).isBetween(Progress.AHEAD / 2, Progress.AHEAD);
    assertThat(around.commits().isAsked()).isFalse();
  }
}
