// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Message;
import dev.pillion.testservers.KafkaServer;
import dev.pillion.testservers.RealServers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Order, waiting partitions, and what becomes of them when members come and go. */
@ExtendWith(RealServers.class)
@Timeout(200)
class KafkaGroupIT {
  private TestBus bus;

  @BeforeEach
  void open(KafkaServer kafka) throws Exception {
    bus = new TestBus(kafka.bootstrap(), 4);
  }

  @AfterEach
  void close() throws Exception {
    bus.close();
  }

  private static void until(org.assertj.core.api.ThrowableAssert.ThrowingCallable holds) {
    await().atMost(TestBus.PATIENCE).untilAsserted(holds::call);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await(60, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static org.awaitility.core.ConditionFactory await() {
    return org.awaitility.Awaitility.await();
  }

  @Test
  void aHandlerMayOutlastEveryTimeoutWhileOtherPartitionsGoOn() throws Exception {
    var mayEnd = new CountDownLatch(1);
    var recorder = new Recorder(message -> {
      if (Recorder.text(message).equals("slow")) {
        await(mayEnd);
      }
      return Disposition.ACKNOWLEDGE;
    });
    bus.subscribe(bus.open(bus.component(Map.of("max.poll.interval.ms", 6_000))), recorder);
    bus.send(0, "slow");
    bus.send(0, "behind");
    until(() -> assertThat(recorder.texts()).contains("slow"));

    long begin = System.nanoTime();
    int i = 0;
    while (System.nanoTime() - begin < TimeUnit.SECONDS.toNanos(10)) {
      var text = "quick" + i++;
      bus.send(1, text);
      until(() -> assertThat(recorder.texts()).contains(text));
    }
    assertThat(recorder.texts()).doesNotContain("behind").containsOnlyOnce("slow");
    assertThat(recorder.revoked).isEmpty();
    mayEnd.countDown();
    until(() -> assertThat(recorder.texts()).endsWith("behind"));
    until(() -> assertThat(bus.committed(0)).isEqualTo(2));
    assertThat(recorder.texts()).containsOnlyOnce("slow");
  }

  @Test
  void aFailingMessageHoldsItsPartitionAndNoOther() throws Exception {
    var healed = new CountDownLatch(1);
    var recorder =
        new Recorder(message -> Recorder.text(message).equals("bad") && healed.getCount() > 0
            ? Disposition.REDELIVER
            : Disposition.ACKNOWLEDGE);
    bus.subscribe(bus.open(), recorder);
    bus.send(0, "bad");
    bus.send(0, "behind");
    bus.send(1, "beside");

    until(() ->
        assertThat(recorder.texts().stream().filter("bad"::equals).count()).isGreaterThan(5));
    assertThat(recorder.texts()).contains("beside").doesNotContain("behind");
    assertThat(bus.committed(0)).isZero();
    healed.countDown();
    until(() -> assertThat(recorder.texts()).endsWith("behind"));
    until(() -> assertThat(bus.committed(0)).isEqualTo(2));
  }

  @Test
  void whatIsExhaustedIsSkippedOnlyWhereASettingSaysSo() throws Exception {
    var recorder = new Recorder(message ->
        Recorder.text(message).equals("bad") ? Disposition.REDELIVER : Disposition.ACKNOWLEDGE);
    bus.subscribe(bus.open(bus.component().skipAfter(2)), recorder);
    bus.send(0, "bad");
    bus.send(0, "behind");

    until(() -> assertThat(recorder.texts()).containsExactly("bad", "bad", "bad", "behind"));
    until(() -> assertThat(bus.committed(0)).isEqualTo(2));
  }

  @Test
  void whatEndsAfterTheRevocationIsNotCommitted() throws Exception {
    bus.createTopic(bus.topic + "-one", 1);
    var topic = bus.topic + "-one";
    var mayEnd = new CountDownLatch(1);
    var first = new Recorder(message -> {
      await(mayEnd);
      return Disposition.ACKNOWLEDGE;
    });
    var old = bus.open();
    var intake = old.subscribe(bus.subscription(topic), first);
    bus.send(new org.apache.kafka.clients.producer.ProducerRecord<>(topic, "m".getBytes()));
    until(() -> assertThat(first.seen).hasSize(1));
    intake.close(bus.in(Duration.ofMillis(50)));
    assertThat(first.revoked).hasSizeLessThanOrEqualTo(1);
    var second = Recorder.acknowledging();
    bus.open().subscribe(bus.subscription(topic), second);

    until(() -> assertThat(second.texts()).containsExactly("m"));
    // It may have been attempted: what it attempts of it goes on record.
    assertThat(second.seen.get(0).isRedelivered()).isTrue();
    assertThat(second.seen.get(0).attempts()).isZero();
    until(() -> assertThat(first.revoked).hasSize(1));
    mayEnd.countDown();
  }

  @Test
  void aHandlerWhosePartitionComesBackNeedNotRunAgain() throws Exception {
    var topic = bus.topic + "-one";
    bus.createTopic(topic, 1);
    var mayEnd = new CountDownLatch(1);
    var recorder = new Recorder(message -> {
      if (Recorder.text(message).equals("long")) {
        await(mayEnd);
      }
      return Disposition.ACKNOWLEDGE;
    });
    bus.open().subscribe(bus.subscription(topic), recorder);
    bus.send(new org.apache.kafka.clients.producer.ProducerRecord<>(topic, "long".getBytes()));
    bus.send(new org.apache.kafka.clients.producer.ProducerRecord<>(topic, "next".getBytes()));
    until(() -> assertThat(recorder.seen).hasSize(1));
    // Another topic's member in the same group: all partitions go and come back.
    bus.subscribe(bus.open(), Recorder.acknowledging());
    until(() -> assertThat(recorder.revoked).hasSize(1));
    until(() -> assertThat(bus.members()).isEqualTo(2));
    until(() -> assertThat(bus.committed()).hasSize(5));
    assertThat(recorder.texts()).containsExactly("long");
    mayEnd.countDown();

    until(() -> assertThat(recorder.texts()).containsExactly("long", "next"));
    until(() -> assertThat(bus.committed()
            .get(new org.apache.kafka.common.TopicPartition(topic, 0))
            .offset())
        .isEqualTo(2));
  }

  @Test
  void twentyRestartsInOrderWithAFullPrefetchPutNothingOnRecord() throws Exception {
    for (int i = 0; i < 2_000; i++) {
      bus.send(i % 4, "m" + i);
    }
    var seen = new ConcurrentLinkedQueue<Message>();
    for (int restart = 0; restart < 20; restart++) {
      var recorder = new Recorder(message -> {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        return Disposition.ACKNOWLEDGE;
      });
      var component = bus.component();
      bus.open(component);
      bus.subscribe(component, recorder);
      until(() -> assertThat(recorder.seen).hasSizeGreaterThan(10));
      component.close();
      seen.addAll(recorder.seen);
      assertThat(bus.committed().values())
          .allSatisfy(offset -> assertThat(offset.metadata()).isEqualTo("pillion/1 0"));
    }
    var recorder = Recorder.acknowledging();
    bus.subscribe(bus.open(), recorder);
    until(() -> assertThat(seen.size() + recorder.seen.size()).isGreaterThanOrEqualTo(2_000));
    seen.addAll(recorder.seen);
    assertThat(seen)
        .hasSize(2_000)
        .allMatch(message -> message.attempts() == 0 && !message.isRedelivered());
  }

  @Test
  void aStormOfMembersKeepsOrderAndLosesNothing() throws Exception {
    var active = ConcurrentHashMap.<String>newKeySet();
    var overlaps = new AtomicInteger();
    var firsts = new ConcurrentHashMap<String, List<Integer>>();
    var handled = ConcurrentHashMap.<String>newKeySet();
    var runs = new AtomicInteger();
    long seed = new Random().nextLong();
    var random = new Random(seed);
    var sending = new Thread(() -> {
      try {
        var producer = bus.open();
        for (int i = 0; i < 1_500; i++) {
          int key = i % 12;
          bus.publish(producer, key + ":" + i / 12, Map.of("partitionKey", "k" + key));
          LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(12));
        }
      } catch (RuntimeException e) {
        e.printStackTrace();
      }
    });
    sending.start();
    java.util.function.Supplier<Recorder> recorders = () -> new Recorder(message -> {
      var text = Recorder.text(message);
      if (!active.add(text)) {
        overlaps.incrementAndGet();
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1 + text.hashCode() % 5 * 4L));
      active.remove(text);
      runs.incrementAndGet();
      if (handled.add(text)) {
        var parts = text.split(":");
        firsts
            .computeIfAbsent(parts[0], key -> new java.util.concurrent.CopyOnWriteArrayList<>())
            .add(Integer.parseInt(parts[1]));
      }
      return Disposition.ACKNOWLEDGE;
    });
    var members = new ArrayList<KafkaPubSub>();
    for (int i = 0; i < 10; i++) {
      if (members.size() > 1 && (members.size() > 3 || random.nextBoolean())) {
        members.remove(random.nextInt(members.size())).close();
      } else {
        var member = bus.open();
        bus.subscribe(member, recorders.get());
        members.add(member);
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2_000));
    }
    sending.join();
    if (members.isEmpty()) {
      bus.subscribe(bus.open(), recorders.get());
    }
    until(() -> assertThat(handled).as("seed %d", seed).hasSize(1_500));
    System.out.println("[storm] seed " + seed + ", " + runs + " runs of 1500 messages");
    assertThat(overlaps).as("seed %d", seed).hasValue(0);
    firsts.forEach((key, order) ->
        assertThat(order).as("key %s, seed %d", key, seed).isSorted().doesNotHaveDuplicates());
    assertThat(runs.get()).isLessThan(1_700);
  }

  @Test
  void aMemberThatLeavesHandsOverAtOnce() throws Exception {
    var first = Recorder.acknowledging();
    var intake = bus.subscribe(bus.open(), first);
    bus.send(0, "1");
    until(() -> assertThat(first.seen).hasSize(1));
    var second = Recorder.acknowledging();
    bus.subscribe(bus.open(), second);
    until(() -> assertThat(bus.members()).isEqualTo(2));
    intake.close(bus.in(TestBus.PATIENCE));
    long begin = System.nanoTime();
    for (int partition = 0; partition < 4; partition++) {
      bus.send(partition, "next");
    }
    until(() -> assertThat(second.texts().stream().filter("next"::equals)).hasSize(4));

    // Without leaving it would take the session timeout of 6 s.
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(4));
  }

  @Test
  void bulkSubscriptionsGetThePartitionsInOrder() throws Exception {
    var recorder = Recorder.acknowledging();
    var seen = new HashMap<String, List<Integer>>();
    bus.open()
        .subscribe(
            new dev.pillion.pubsub.spi.TopicSubscription(
                bus.topic,
                bus.group,
                Map.of(),
                0,
                new dev.pillion.pubsub.spi.TopicSubscription.Bulk(50, Duration.ofMillis(100))),
            recorder);
    for (int i = 0; i < 1_000; i++) {
      bus.send(i % 4, i % 4 + ":" + i / 4);
    }
    until(() -> assertThat(recorder.seen).hasSize(1_000));
    for (var text : recorder.texts()) {
      var parts = text.split(":");
      seen.computeIfAbsent(parts[0], key -> new ArrayList<>()).add(Integer.parseInt(parts[1]));
    }
    assertThat(seen.keySet()).isEqualTo(Set.of("0", "1", "2", "3"));
    seen.values().forEach(order -> assertThat(order).hasSize(250).isSorted());
  }
}
