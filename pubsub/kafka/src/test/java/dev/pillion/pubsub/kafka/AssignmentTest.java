// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.ComponentException;
import dev.pillion.concurrent.Threads;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Message;
import dev.pillion.pubsub.spi.MessageReceiver;
import dev.pillion.testkit.ManualTime;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An assignment without its broker: the test is the poll thread. */
class AssignmentTest {
  private static final TopicPartition PARTITION = new TopicPartition("t", 0);
  private static final long PATIENCE_SECONDS = 5;

  private final ManualTime time = new ManualTime();
  private final Receiver receiver = new Receiver();
  private final Semaphore asked = new Semaphore(0);
  private final CommitRequests commits = new CommitRequests(asked::release);
  private final Assignment assignment = new Assignment(
      new PartitionQueue.Surroundings(
          new IntakeRules(
              HeaderRules.PLAIN, Redelivery.every(Duration.ofSeconds(1)), null, time, () -> false),
          receiver,
          new Dispatcher(new PlainThreads(), time, "test", 1),
          commits),
      Beginnings.take(
          new HashMap<>(Map.of("auto.offset.reset", "earliest")), time, new LongAdder()),
      time);
  private final MockConsumer<byte[], byte[]> consumer = new MockConsumer<>("earliest");

  /** Puts an attempt on record when it is told to, and says what came of it. */
  private static final class Receiver implements MessageReceiver {
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch records = new CountDownLatch(1);
    private final CompletableFuture<String> outcome = new CompletableFuture<>();

    @Override
    public Disposition receive(Message message) {
      begun.countDown();
      try {
        records.await();
        message.recordAttempts(1);
        outcome.complete("on record");
      } catch (ComponentException | InterruptedException e) {
        outcome.complete(String.valueOf(e.getMessage()));
      }
      return Disposition.RELEASE;
    }

    @Override
    public List<Disposition> receiveAll(List<Message> messages) {
      throw new AssertionError("nothing asks for batches here");
    }

    @Override
    public void revoke(Message message) {}
  }

  private static final class PlainThreads implements Threads {
    @Override
    public void execute(String name, Runnable task) {
      start(name, task);
    }

    @Override
    public Thread start(String name, Runnable loop) {
      var thread = new Thread(loop, name);
      thread.setDaemon(true);
      thread.start();
      return thread;
    }
  }

  @BeforeEach
  void aHandlerRuns() throws InterruptedException {
    consumer.assign(List.of(PARTITION));
    consumer.updateBeginningOffsets(Map.of(PARTITION, 0L));
    assignment.assign(List.of(PARTITION));
    assignment.prepare(consumer);
    assignment.commit(consumer);
    consumer.addRecord(new ConsumerRecord<>("t", 0, 0, new byte[1], new byte[1]));
    assignment.add(consumer, consumer.poll(Duration.ZERO));
    assertThat(receiver.begun.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    asked.drainPermits();
  }

  @AfterEach
  void close() {
    receiver.records.countDown();
    consumer.close();
  }

  /**
   * A request that is refused lets the handler ask for the next one, on the poll thread and in the
   * midst of its refusals, and gives it the time to.
   */
  private void asksAgainWhenRefused() {
    var first = (CompletableFuture<?>) commits.now();
    asked.drainPermits();
    first.whenComplete((done, failure) -> {
      receiver.records.countDown();
      try {
        for (int i = 0; i < 500 && !receiver.outcome.isDone(); i++) {
          if (asked.tryAcquire(10, TimeUnit.MILLISECONDS)) {
            return;
          }
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    });
  }

  @Test
  void noWorkerBeginsToWaitForACommitWhileItsPartitionIsGivenBack() {
    asksAgainWhenRefused();

    assignment.release(consumer, List.of(PARTITION), Duration.ofSeconds(1).toNanos(), commits);

    assertThat(receiver.outcome)
        .succeedsWithin(Duration.ofSeconds(1))
        .asString()
        .contains("no longer held");
  }

  @Test
  void noWorkerBeginsToWaitForACommitWhileItsPartitionIsLost() {
    asksAgainWhenRefused();

    assignment.lose(List.of(PARTITION));

    assertThat(receiver.outcome)
        .succeedsWithin(Duration.ofSeconds(1))
        .asString()
        .contains("no longer held");
  }
}
