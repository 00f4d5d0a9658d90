// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.concurrent.Threads;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.testkit.ManualTime;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class DispatcherTest {
  private static final Duration PAUSE = Duration.ofSeconds(1);

  /** Work begins when time goes on, and no partition's lock is held. */
  private record LaterThreads(ManualTime time) implements Threads {
    @Override
    public void execute(String name, Runnable task) {
      time.schedule(Duration.ZERO, task);
    }

    @Override
    public Thread start(String name, Runnable loop) {
      throw new AssertionError("nothing starts a thread here");
    }
  }

  @Test
  void anErrorOfTheReceiverKeepsNeitherThePartitionNorItsWorker() {
    var time = new ManualTime();
    var fails = new boolean[] {true};
    var recorder = new Recorder(message -> {
      if (fails[0]) {
        fails[0] = false;
        throw new NoClassDefFoundError("as the test wants it");
      }
      return Disposition.ACKNOWLEDGE;
    });
    var queue = new PartitionQueue(
        new TopicPartition("t", 0),
        0,
        CommitNote.clean(0),
        new PartitionQueue.Surroundings(
            new IntakeRules(HeaderRules.PLAIN, Redelivery.every(PAUSE), null, time, () -> false),
            recorder,
            new Dispatcher(new LaterThreads(time), time, "test", 1),
            new CommitRequests(() -> {})));
    queue.committed(queue.toCommit());
    queue.add(List.of(new ConsumerRecord<>("t", 0, 0, new byte[1], new byte[1])));

    time.advance(PAUSE);
    time.advance(PAUSE);

    assertThat(recorder.seen).hasSize(2);
    assertThat(queue.end().offset().offset()).isEqualTo(1);
  }
}
