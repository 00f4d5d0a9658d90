// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.sqlite.SqliteSettings;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Message;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.pubsub.spi.TopicSubscription;
import dev.pillion.testkit.ManualTime;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a broker does within one process; no clock moves unless the test moves it. */
class SqliteDeliveryTest {
  private static final Duration PAUSE = Duration.ofSeconds(15);

  @TempDir
  Path directory;

  private final ManualTime time = new ManualTime();
  private final List<TestBroker> brokers = new ArrayList<>();
  private TestBroker broker;

  @BeforeEach
  void open() {
    broker = another(SqlitePubSub.at(file()));
  }

  @AfterEach
  void close() {
    brokers.forEach(TestBroker::close);
  }

  private Path file() {
    return directory.resolve("pubsub.db");
  }

  private TestBroker another(SqlitePubSub component) {
    var opened = new TestBroker(file(), component, time);
    brokers.add(opened);
    return opened;
  }

  @Test
  void eachGroupReceivesEachEventOnce() {
    var one = new TestReceiver();
    var two = new TestReceiver();
    broker.subscribe("paid", "one", one);
    broker.subscribe("paid", "two", two);
    broker.subscribe("shipped", "one", new TestReceiver(message -> {
      throw new AssertionError("another topic");
    }));
    broker.publish("paid", "a", "b", "c");
    one.awaitInAnyOrder("a", "b", "c");
    two.awaitInAnyOrder("a", "b", "c");
    broker.awaitAllDone();
  }

  @Test
  void theMembersOfAGroupShareIt() {
    var one = new TestReceiver();
    var two = new TestReceiver();
    var other = another(SqlitePubSub.at(file()));
    broker.subscribe("paid", "g", one);
    other.subscribe("paid", "g", two);
    for (int i = 0; i < 200; i++) {
      broker.publish("paid", "e" + i);
    }
    broker.awaitAllDone();
    await().atMost(TestReceiver.PATIENCE).untilAsserted(() -> assertThat(
            one.received.size() + two.received.size())
        .isEqualTo(200));
    var all = new ArrayList<>(one.texts());
    all.addAll(two.texts());
    assertThat(all).doesNotHaveDuplicates();
  }

  @Test
  void aNewGroupBeginsWithWhatIsStillThere() {
    broker.publish("paid", "a", "b");
    var late = new TestReceiver();
    broker.subscribe("paid", "late", late);
    late.awaitInAnyOrder("a", "b");
  }

  @Test
  void dataAndMetadataComeAsTheyWerePublished() {
    var receiver = new TestReceiver();
    broker.subscribe("paid", "g", 1, receiver);
    var metadata = Map.of("partitionKey", "k", "quote", "\"\u20ac\n", "empty", "");
    broker.component.publish(
        new OutgoingMessage("paid", new byte[] {0, -1, 7}, metadata, "application/json"),
        Deadline.none());
    broker.component.publish(new OutgoingMessage("paid", new byte[0], null, null), Deadline.none());
    receiver.awaitCount(2);
    var full = receiver.received.get(0);
    assertThat(full.data()).containsExactly(0, -1, 7);
    assertThat(full.metadata()).isEqualTo(metadata);
    var empty = receiver.received.get(1);
    assertThat(empty.data()).isEmpty();
    assertThat(empty.metadata()).isEmpty();
  }

  @Test
  void manyPublishedTogetherArriveInOrderOfTheirKey() {
    var receiver = new TestReceiver();
    broker.subscribe("paid", "g", receiver);
    var key = Map.of("partitionKey", "k");
    var failures = broker.component.publishAll(
        List.of(
            TestBroker.message("paid", "a", key),
            TestBroker.message("paid", "b", key),
            TestBroker.message("paid", "c", key)),
        Deadline.none());
    assertThat(failures).isEmpty();
    receiver.awaitTexts("a", "b", "c");
    assertThat(broker.component.publishAll(List.of(), Deadline.none())).isEmpty();
  }

  @Test
  void whatFailedComesAgainAfterThePauseWithItsAttempts() {
    var receiver = TestReceiver.failing("bad");
    broker.subscribe("paid", "g", receiver);
    broker.publish("paid", "bad", "good");
    receiver.awaitInAnyOrder("bad", "good");
    broker.awaitNumber("SELECT count(*) FROM pubsub_deliveries WHERE due_at > 0", 1);
    var first = receiver.received.get(receiver.texts().indexOf("bad"));
    assertThat(first.attempts()).isZero();
    assertThat(first.isRedelivered()).isFalse();

    receiver.answer = message -> {
      message.recordAttempts(message.attempts() + 2);
      return Disposition.REDELIVER;
    };
    time.advance(PAUSE.minusMillis(1));
    assertThat(receiver.received).hasSize(2);
    time.advance(Duration.ofMillis(1));
    receiver.awaitCount(3);
    assertThat(receiver.received.get(2).isRedelivered()).isTrue();
    broker.awaitNumber("SELECT count(*) FROM pubsub_deliveries WHERE due_at > 0", 1);

    receiver.answer = message -> Disposition.ACKNOWLEDGE;
    time.advance(PAUSE);
    receiver.awaitCount(4);
    assertThat(receiver.received.get(3).attempts()).isEqualTo(2);
    broker.awaitAllDone();
  }

  @Test
  void aClockThatIsSetBackHoldsNothingUp() {
    var receiver = TestReceiver.failing("bad");
    broker.subscribe("paid", "g", receiver);
    broker.publish("paid", "bad");
    broker.awaitNumber("SELECT count(*) FROM pubsub_deliveries WHERE due_at > 0", 1);
    receiver.answer = message -> Disposition.ACKNOWLEDGE;
    time.jump(Duration.ofHours(-1));
    receiver.awaitTexts("bad", "bad");
    broker.awaitAllDone();
  }

  @Test
  void whatIsReleasedComesAgainAtOnce() {
    var times = new AtomicInteger();
    var receiver = new TestReceiver(
        message -> times.incrementAndGet() < 3 ? Disposition.RELEASE : Disposition.ACKNOWLEDGE);
    broker.subscribe("paid", "g", receiver);
    broker.publishKeyed("paid", "k", "a", "b");
    receiver.awaitTexts("a", "a", "a", "b");
    assertThat(receiver.received.get(2).attempts()).isZero();
    assertThat(receiver.received.get(2).isRedelivered()).isTrue();
    // It was held, but nobody had seen it.
    assertThat(receiver.received.get(3).isRedelivered()).isFalse();
  }

  @Test
  void aFailingEventHoldsUpItsKeyAndNoOther() {
    var receiver = TestReceiver.failing("k1");
    var other = another(SqlitePubSub.at(file()));
    broker.subscribe("paid", "g", receiver);
    other.subscribe("paid", "g", receiver);
    broker.publishKeyed("paid", "k", "k1", "k2");
    broker.publishKeyed("paid", "l", "l1", "l2");
    broker.publish("paid", "x");
    receiver.awaitInAnyOrder("k1", "l1", "l2", "x");
    broker.awaitNumber("SELECT count(*) FROM pubsub_deliveries WHERE due_at > 0", 1);
    broker.publishKeyed("paid", "k", "k3");
    broker.awaitNumber("SELECT count(*) FROM pubsub_deliveries", 3);
    receiver.received.clear();
    receiver.answer = message -> Disposition.ACKNOWLEDGE;
    time.advance(PAUSE);
    receiver.awaitTexts("k1", "k2", "k3");
    assertThat(receiver.received)
        .extracting(Message::isRedelivered)
        .containsExactly(true, false, false);
    broker.awaitAllDone();
  }

  @Test
  void anEmptyPartitionKeyIsNone() {
    var receiver = TestReceiver.failing("a");
    broker.subscribe("paid", "g", receiver);
    broker.publishKeyed("paid", "", "a", "b");
    receiver.awaitInAnyOrder("a", "b");
  }

  @Test
  void withOrderingTopicOneEventIsUnderWayAndAFailingOneHoldsUpAll() {
    broker.close();
    var inFlight = new AtomicInteger();
    var most = new AtomicInteger();
    var receiver = new TestReceiver();
    var failed = new AtomicInteger();
    receiver.answer = message -> {
      most.accumulateAndGet(inFlight.incrementAndGet(), Math::max);
      inFlight.decrementAndGet();
      return TestReceiver.text(message).equals("c") && failed.getAndIncrement() == 0
          ? Disposition.REDELIVER
          : Disposition.ACKNOWLEDGE;
    };
    var one = another(inOrder());
    var two = another(inOrder());
    one.subscribe("paid", "g", receiver);
    two.subscribe("paid", "g", receiver);
    one.publishKeyed("paid", "k", "a");
    two.publishKeyed("paid", "l", "b");
    one.publish("paid", "c", "d");
    two.publish("paid", "e");
    receiver.awaitTexts("a", "b", "c");
    one.awaitNumber("SELECT count(*) FROM pubsub_deliveries WHERE due_at > 0", 1);
    assertThat(receiver.texts()).containsExactly("a", "b", "c");
    time.advance(PAUSE);
    receiver.awaitTexts("a", "b", "c", "c", "d", "e");
    assertThat(most).hasValue(1);
  }

  private SqlitePubSub inOrder() {
    return SqlitePubSub.builder(SqliteSettings.at(file()))
        .ordering(Ordering.TOPIC)
        .build();
  }

  @Test
  void atMostSoManyAreHandledAtATime() throws Exception {
    var gate = new CountDownLatch(1);
    var receiver = new TestReceiver(message -> awaiting(gate));
    broker.subscribe("paid", "g", 3, receiver);
    for (int i = 0; i < 20; i++) {
      broker.publish("paid", "e" + i);
    }
    broker.awaitNumber("SELECT count(*) FROM pubsub_deliveries WHERE owner IS NOT NULL", 20);
    assertThat(receiver.received).hasSize(3);
    gate.countDown();
    receiver.awaitCount(20);
    broker.awaitAllDone();
  }

  @Test
  void noMoreIsHeldThanTheQueueIsDeep() {
    broker.close();
    var gate = new CountDownLatch(1);
    var receiver = new TestReceiver(message -> awaiting(gate));
    var shallow =
        another(SqlitePubSub.builder(SqliteSettings.at(file())).queueDepth(5).build());
    shallow.subscribe("paid", "g", 2, receiver);
    for (int i = 0; i < 20; i++) {
      shallow.publish("paid", "e" + i);
    }
    shallow.awaitNumber("SELECT count(*) FROM pubsub_deliveries", 5);
    gate.countDown();
    receiver.awaitCount(20);
    shallow.awaitAllDone();
  }

  @Test
  void aSlowSubscriberHoldsNoMoreThanItsQueueUnderAFlood() {
    var gate = new CountDownLatch(1);
    var receiver = new TestReceiver(message -> awaiting(gate));
    broker.subscribe("paid", "g", 3, receiver);
    int count = 0;
    for (int batch = 0; batch < 5; batch++) {
      var messages = new ArrayList<OutgoingMessage>();
      for (int i = 0; i < 1_000; i++) {
        messages.add(TestBroker.message("paid", "e" + count++, null));
      }
      assertThat(broker.component.publishAll(messages, Deadline.none())).isEmpty();
      var held = "SELECT count(*) FROM pubsub_deliveries WHERE owner IS NOT NULL";
      broker.awaitNumber(held, 100);
      await()
          .during(Duration.ofMillis(200))
          .atMost(TestReceiver.PATIENCE)
          .until(() -> broker.number(held) == 100);
    }
    assertThat(receiver.received).hasSize(3);
    gate.countDown();
    receiver.awaitCount(count);
    broker.awaitAllDone();
    assertThat(receiver.texts()).doesNotHaveDuplicates();
  }

  @Test
  void aPauseGivesBackWhatWaitsAndEndsWithResume() {
    var gate = new CountDownLatch(1);
    var receiver = new TestReceiver(message -> awaiting(gate));
    var intake = broker.subscribe("paid", "g", 1, receiver);
    broker.publish("paid", "a", "b", "c");
    broker.publishKeyed("paid", "k", "d", "e");
    broker.awaitNumber("SELECT count(*) FROM pubsub_deliveries WHERE owner IS NOT NULL", 5);
    receiver.awaitTexts("a");
    intake.pause();
    intake.pause();
    broker.awaitNumber("SELECT count(*) FROM pubsub_deliveries WHERE owner IS NOT NULL", 1);
    var others = new TestReceiver();
    var other = broker.subscribe("paid", "g", 1, others);
    others.awaitInAnyOrder("b", "c", "d", "e");
    assertThat(others.received).allMatch(message -> !message.isRedelivered());
    other.close(Deadline.none());
    gate.countDown();
    broker.awaitAllDone();
    broker.publish("paid", "f");
    assertThat(receiver.texts()).containsExactly("a");
    intake.resume();
    receiver.awaitTexts("a", "f");
  }

  @Test
  void closingWaitsForTheHandlerAndLeavesTheRestUntouched() throws Exception {
    var gate = new CountDownLatch(1);
    var receiver = new TestReceiver(message -> awaiting(gate));
    var intake = broker.subscribe("paid", "g", 1, receiver);
    broker.publishKeyed("paid", "k", "a", "b");
    broker.publish("paid", "c");
    receiver.awaitTexts("a");
    var closed = new Thread(() -> intake.close(Deadline.none()));
    closed.start();
    // Others have what waited before the handler has returned.
    var others = new TestReceiver();
    broker.subscribe("paid", "g", others);
    others.awaitTexts("c");
    assertThat(closed.isAlive()).isTrue();
    gate.countDown();
    closed.join();
    intake.close(Deadline.none());
    others.awaitTexts("c", "b");
    assertThat(others.received)
        .allMatch(message -> message.attempts() == 0 && !message.isRedelivered());
    broker.awaitNumber("SELECT count(*) FROM pubsub_owners", 1);
    broker.awaitAllDone();
  }

  @Test
  void whatAHandlerHasAfterTheDeadlineStaysItsOwn() {
    var gate = new CountDownLatch(1);
    var receiver = new TestReceiver(message -> awaiting(gate));
    var intake = broker.subscribe("paid", "g", 1, receiver);
    broker.publish("paid", "a", "b");
    receiver.awaitTexts("a");
    intake.close(broker.in(Duration.ZERO));
    var others = new TestReceiver();
    broker.subscribe("paid", "g", others);
    others.awaitTexts("b");
    // Its lease is still renewed.
    for (int i = 0; i < 6; i++) {
      long before = broker.number("SELECT sum(renewals) FROM pubsub_owners");
      time.advance(Duration.ofSeconds(5));
      broker.awaitNumber("SELECT sum(renewals) FROM pubsub_owners", before + 2);
    }
    gate.countDown();
    broker.awaitAllDone();
    assertThat(others.texts()).containsExactly("b");
    broker.awaitNumber("SELECT count(*) FROM pubsub_owners", 1);
  }

  @Test
  void aBatchIsFullOrHasWaitedLongEnough() {
    var receiver = new TestReceiver();
    bulk(receiver, 3, Duration.ofSeconds(2));
    broker.publishKeyed("paid", "k", "a", "b");
    time.awaitPending(1);
    assertThat(receiver.batches).isEmpty();
    broker.publishKeyed("paid", "k", "c");
    receiver.awaitTexts("a", "b", "c");
    broker.publish("paid", "d");
    time.awaitPending(2);
    time.advance(Duration.ofSeconds(2));
    receiver.awaitTexts("a", "b", "c", "d");
    assertThat(receiver.batches).containsExactly(List.of("a", "b", "c"), List.of("d"));
  }

  @Test
  void inABatchWhatStandsBehindAFailedEventOfItsKeyComesAgainAfterIt() {
    var receiver = TestReceiver.failing("b");
    bulk(receiver, 4, Duration.ofSeconds(2));
    broker.component.publishAll(
        List.of(
            TestBroker.message("paid", "a", Map.of("partitionKey", "k")),
            TestBroker.message("paid", "b", Map.of("partitionKey", "k")),
            TestBroker.message("paid", "c", Map.of("partitionKey", "k")),
            TestBroker.message("paid", "x", null)),
        Deadline.none());
    receiver.awaitInAnyOrder("a", "b", "c", "x");
    broker.awaitNumber("SELECT count(*) FROM pubsub_deliveries WHERE owner IS NULL", 2);
    receiver.answer = message -> Disposition.ACKNOWLEDGE;
    receiver.received.clear();
    time.advance(PAUSE);
    time.awaitPending(1);
    await().atMost(TestReceiver.PATIENCE).until(() -> {
      time.advance(Duration.ofSeconds(1));
      return receiver.received.size() == 2;
    });
    assertThat(receiver.texts()).containsExactly("b", "c");
    assertThat(receiver.received).allMatch(Message::isRedelivered);
  }

  private void bulk(TestReceiver receiver, int max, Duration await) {
    broker.component.subscribe(
        new TopicSubscription("paid", "g", Map.of(), 1, new TopicSubscription.Bulk(max, await)),
        receiver);
  }

  @Test
  void inMemoryItWorksAlike() {
    var receiver = new TestReceiver();
    try (var memory =
        new TestBroker(file(), SqlitePubSub.builder(SqliteSettings.inMemory()).build(), time)) {
      memory.subscribe("paid", "g", receiver);
      memory.publishKeyed("paid", "k", "a", "b", "c");
      receiver.awaitTexts("a", "b", "c");
    }
  }

  static Disposition awaiting(CountDownLatch gate) {
    try {
      gate.await();
      return Disposition.ACKNOWLEDGE;
    } catch (InterruptedException e) {
      return Disposition.RELEASE;
    }
  }
}
