// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.testkit.ManualTime;
import dev.pillion.testkit.PlainThreads;
import dev.pillion.testkit.RealTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetCommitCallback;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.internals.KafkaFutureImpl;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the thread that polls does when brokers are late, and when it fails itself. */
class PollThreadTest {
  private static final TopicPartition PARTITION = new TopicPartition("t", 0);
  private static final TopicPartition OTHER = new TopicPartition("t", 1);
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final RealTime time = new RealTime();
  private final CommitRequests commits = new CommitRequests(() -> {});
  private final Recorder recorder = Recorder.acknowledging();

  @AfterEach
  void end() {
    time.close();
  }

  /** Brokers that answer when the test says so. */
  private static class LateBrokers extends MockConsumer<byte[], byte[]> {
    final List<Map<TopicPartition, OffsetAndMetadata>> sent = new ArrayList<>();
    final List<Runnable> answers = new ArrayList<>();
    boolean silent;
    volatile int asked;

    LateBrokers() {
      super("earliest");
      updateBeginningOffsets(Map.of(PARTITION, 0L, OTHER, 0L));
    }

    @Override
    public synchronized void commitAsync(
        Map<TopicPartition, OffsetAndMetadata> offsets, OffsetCommitCallback callback) {
      sent.add(offsets);
      answers.add(() -> callback.onComplete(offsets, null));
    }

    @Override
    public synchronized Map<TopicPartition, OffsetAndMetadata> committed(
        Set<TopicPartition> partitions, Duration timeout) {
      asked++;
      if (silent) {
        throw new TimeoutException("as the test wants it");
      }
      return new HashMap<>();
    }
  }

  private Assignment assignment(CommitRequests requests) {
    return new Assignment(
        new PartitionQueue.Surroundings(
            new IntakeRules(
                HeaderRules.PLAIN,
                Redelivery.every(Duration.ofSeconds(1)),
                null,
                time,
                () -> false),
            recorder,
            new Dispatcher(new PlainThreads(), time, "test", 1),
            requests),
        Beginnings.take(
            new HashMap<>(Map.of("auto.offset.reset", "earliest")), time, new LongAdder()),
        time);
  }

  private TopicIntake intake(Supplier<Consumer<byte[], byte[]>> consumers) {
    var context = new ComponentContext(
        "shop", "", "bus", time, new PlainThreads(), Deadline.after(PATIENCE, time));
    return new TopicIntake(
        context,
        "t",
        consumers,
        new TopicWatch("t", () -> KafkaFuture.completedFuture(Uuid.ONE_UUID), time),
        Duration.ofMillis(500),
        it -> assignment(it.commits()));
  }

  private static ConsumerRecord<byte[], byte[]> record(TopicPartition of, long offset) {
    return new ConsumerRecord<>(of.topic(), of.partition(), offset, new byte[1], new byte[1]);
  }

  @Test
  void theNextCommitWaitsForTheAnswerToTheLastOne() throws Exception {
    var brokers = new LateBrokers();
    brokers.assign(List.of(PARTITION));
    var assignment = assignment(commits);
    assignment.assign(List.of(PARTITION));
    assignment.prepare(brokers);
    assignment.commit(brokers);

    var asked = commits.now();
    assignment.commit(brokers);
    assignment.commit(brokers);

    assertThat(brokers.sent).hasSize(1);
    brokers.answers.get(0).run();
    assertThat(asked).isNotDone();
    brokers.addRecord(record(PARTITION, 0));
    assignment.add(brokers, brokers.poll(Duration.ZERO));
    await().atMost(PATIENCE).until(() -> !assignment.isBusy() && assignment.isActive());
    assignment.commit(brokers);
    assertThat(brokers.sent).hasSize(2);
    brokers.answers.get(1).run();
    assertThat(asked).isDone();
  }

  @Test
  void aConsumerThatIsMadeAnewDoesNotWaitForTheAnswerToTheOldOne() {
    var assignment = assignment(commits);
    for (int i = 0; i < 2; i++) {
      var brokers = new LateBrokers();
      brokers.assign(List.of(PARTITION));
      assignment.assign(List.of(PARTITION));
      assignment.prepare(brokers);
      assignment.commit(brokers);
      assertThat(brokers.sent).hasSize(1);
      assignment.lose(List.of(PARTITION));
    }
  }

  @Test
  void brokersThatDoNotSayWhereAPartitionBeginsCostNoOther() {
    var brokers = new LateBrokers();
    brokers.assign(List.of(PARTITION, OTHER));
    var assignment = assignment(commits);
    assignment.assign(List.of(PARTITION));
    assignment.prepare(brokers);
    assignment.commit(brokers);
    brokers.answers.get(0).run();

    brokers.silent = true;
    assignment.assign(List.of(OTHER));
    assignment.prepare(brokers);
    assignment.prepare(brokers);

    assertThat(brokers.asked).isEqualTo(2);
    assertThat(assignment.partitions()).containsExactlyInAnyOrder(PARTITION, OTHER);
    brokers.addRecord(record(PARTITION, 0));
    assignment.add(brokers, brokers.poll(Duration.ZERO));
    await().atMost(PATIENCE).until(() -> recorder.seen.size() == 1);
    brokers.silent = false;
    await().atMost(PATIENCE).until(() -> {
      assignment.prepare(brokers);
      return brokers.asked > 2;
    });
    assignment.commit(brokers);
    assertThat(brokers.sent.get(1)).containsKey(OTHER);
  }

  /** Fails as it is told, one telling a poll. */
  private static final class Failing extends LateBrokers {
    private final BlockingQueue<Error> errors;

    Failing(BlockingQueue<Error> errors) {
      this.errors = errors;
    }

    @Override
    public synchronized ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
      var error = errors.poll();
      if (error != null) {
        throw error;
      }
      return super.poll(Duration.ofMillis(1));
    }
  }

  /**
   * Is given a partition within a poll, which then lasts until it is woken, as it has no records.
   */
  private static final class Assigning extends LateBrokers {
    private final CountDownLatch woken = new CountDownLatch(1);
    private final AtomicBoolean assigned = new AtomicBoolean();

    @Override
    public ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
      if (assigned.compareAndSet(false, true)) {
        rebalance(List.of(PARTITION));
        awaitWakeup();
      }
      return super.poll(Duration.ofMillis(1));
    }

    private void awaitWakeup() {
      try {
        assertThat(woken.await(60, TimeUnit.SECONDS)).isTrue();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public void wakeup() {
      super.wakeup();
      woken.countDown();
    }
  }

  @Test
  void whatIsAssignedDoesNotWaitForTheEndOfThePoll() {
    var brokers = new Assigning();
    var intake = intake(() -> brokers);

    intake.start();

    await().atMost(PATIENCE).until(() -> brokers.asked > 0);
    intake.close(Deadline.after(PATIENCE, time));
    assertThat(intake.isOverAndDone()).isTrue();
  }

  @Test
  void anErrorIsSaidAndTheTopicIsTakenInAgain() {
    var errors = new LinkedBlockingQueue<Error>();
    errors.add(new NoClassDefFoundError("as the test wants it"));
    var made = new AtomicInteger();
    Supplier<Consumer<byte[], byte[]>> consumers = () -> {
      if (made.incrementAndGet() == 2) {
        throw new OutOfMemoryError("as the test wants it");
      }
      return new Failing(errors);
    };
    var intake = intake(consumers);

    intake.start();

    await()
        .atMost(PATIENCE)
        .until(() -> intake.trouble() != null
            && intake.trouble().contains("\"t\"")
            && intake.trouble().contains("NoClassDefFoundError"));
    await().atMost(PATIENCE).until(() -> made.get() >= 3 && intake.trouble() == null);
    intake.close(Deadline.after(PATIENCE, time));
    assertThat(intake.isOverAndDone()).isTrue();
    assertThat(intake.trouble()).isNull();
  }

  @Test
  void aTopicIsWatchedForItsIdNowAndThen() throws Exception {
    var answers = new LinkedBlockingQueue<KafkaFuture<Uuid>>();
    var manual = new ManualTime();
    var watch = new TopicWatch("t", answers::remove, manual);
    var found = new ArrayList<String>();
    var gone = new KafkaFutureImpl<Uuid>();
    gone.completeExceptionally(new UnknownTopicOrPartitionException());
    var forbidden = new KafkaFutureImpl<Uuid>();
    forbidden.completeExceptionally(new TopicAuthorizationException("t"));
    var first = Uuid.randomUuid();
    var second = Uuid.randomUuid();
    for (var answer : List.of(
        gone,
        KafkaFuture.completedFuture(first),
        forbidden,
        KafkaFuture.completedFuture(first),
        gone,
        gone,
        KafkaFuture.completedFuture(second),
        KafkaFuture.completedFuture(second))) {
      answers.add(answer);
      assertThat(watch.isAnotherOne()).isFalse();
      boolean another = watch.isAnotherOne();
      found.add((watch.isGone() ? "gone" : "there") + (another ? ", another" : ""));
      manual.advance(Duration.ofSeconds(5));
    }

    assertThat(found)
        .containsExactly(
            "there", "there", "there", "there", "gone", "gone", "there, another", "there");
  }
}
