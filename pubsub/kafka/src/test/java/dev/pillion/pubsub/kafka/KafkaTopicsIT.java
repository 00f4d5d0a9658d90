// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.pillion.BuildingBlockException;
import dev.pillion.ComponentException;
import dev.pillion.testkit.CapturedLog;
import dev.pillion.testservers.KafkaOptions;
import dev.pillion.testservers.KafkaServer;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Topics that are deleted, and made anew by the same name, while programs use them. */
@Timeout(200)
class KafkaTopicsIT {
  private static KafkaServer kafka;

  private TestBus bus;

  @BeforeAll
  static void start() {
    // Else a client that asks for the topic meanwhile makes it, with one partition.
    kafka = KafkaServer.start(new KafkaOptions().setting("auto.create.topics.enable", "false"));
  }

  @AfterAll
  static void stop() {
    kafka.close();
  }

  @BeforeEach
  void open() throws Exception {
    bus = new TestBus(kafka.bootstrap(), 4);
  }

  @AfterEach
  void close() throws Exception {
    bus.close();
  }

  private static void until(ThrowingCallable holds) {
    await().atMost(Duration.ofSeconds(90)).untilAsserted(holds::call);
  }

  /** Publishes numbered events until told to end, and remembers which were confirmed. */
  private final class Load implements Runnable {
    final Set<String> confirmed = ConcurrentHashMap.newKeySet();
    volatile boolean ends;

    @Override
    public void run() {
      var publishing = bus.open();
      for (int i = 0; !ends; i++) {
        try {
          publishing.publish(
              new dev.pillion.pubsub.spi.OutgoingMessage(
                  bus.topic, ("m" + i).getBytes(), null, null),
              bus.in(Duration.ofSeconds(5)));
          confirmed.add("m" + i);
        } catch (BuildingBlockException e) {
          // Not confirmed: it may be there or not.
          LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
      }
    }
  }

  /** The topic goes for so long, under load; what is confirmed from then on must all be handled. */
  private void madeAnew(int before, Duration gap) throws Exception {
    var recorder = Recorder.acknowledging();
    var component = bus.open();
    bus.subscribe(component, recorder);
    var load = new Load();
    var task = new FutureTask<>(load, true);
    new Thread(task, "load").start();
    until(() -> assertThat(recorder.seen).hasSizeGreaterThan(before));
    bus.deleteTopic(bus.topic);
    if (gap.compareTo(Duration.ZERO) > 0) {
      until(() -> assertThatThrownBy(() -> component.probe(bus.in(TestBus.PATIENCE)))
          .isInstanceOf(ComponentException.class)
          .hasMessageContaining(bus.topic)
          .hasMessageContaining("not there"));
      LockSupport.parkNanos(gap.toNanos());
    }
    bus.createTopic(bus.topic, 4);
    var earlier = new HashSet<>(load.confirmed);
    int target = earlier.size() + 2_000;
    until(() -> assertThat(load.confirmed).hasSizeGreaterThan(target));
    load.ends = true;
    task.get();

    var since = new HashSet<>(load.confirmed);
    since.removeAll(earlier);
    long begin = System.nanoTime();
    until(() -> assertThat(new HashSet<>(recorder.texts())).containsAll(since));
    System.out.printf(
        "[topic made anew after %s] %d confirmed before, %d since, %d deliveries, all handled %d ms after the last%n",
        gap,
        earlier.size(),
        since.size(),
        recorder.seen.size(),
        Duration.ofNanos(System.nanoTime() - begin).toMillis());
    until(() -> component.probe(bus.in(TestBus.PATIENCE)));
  }

  @Test
  void aTopicThatHasMoreThanWasReadWhenItIsFirstSeenAnewIsReadFromItsBeginning() throws Exception {
    var recorder = Recorder.acknowledging();
    bus.subscribe(bus.open(), recorder);
    for (int i = 0; i < 20; i++) {
      bus.send(i % 4, "old" + i);
    }
    until(() -> assertThat(recorder.seen).hasSize(20));
    bus.deleteTopic(bus.topic);
    bus.createTopic(bus.topic, 4);
    var fresh = new HashSet<String>();
    try (var other = new TestBus(kafka.bootstrap(), 1)) {
      for (int i = 0; i < 100; i++) {
        other.send(new org.apache.kafka.clients.producer.ProducerRecord<>(
            bus.topic, i % 4, null, ("new" + i).getBytes()));
        fresh.add("new" + i);
      }
    }

    until(() -> assertThat(new HashSet<>(recorder.texts())).containsAll(fresh));
  }

  @Test
  void aTopicThatIsMadeAnewAtOnceLosesNothingThatWasConfirmedSince() throws Exception {
    // Fewer than follow: what was read last is an offset of the new topic too.
    madeAnew(50, Duration.ZERO);
  }

  @Test
  void aTopicThatIsMadeAnewLaterLosesNothingThatWasConfirmedSince() throws Exception {
    try (var log = new CapturedLog(TopicIntake.class.getPackageName())) {
      madeAnew(2_000, Duration.ofSeconds(12));

      assertThat(log.warnings())
          .filteredOn(line -> line.contains("is not there"))
          .hasSize(1);
    }
  }
}
