// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import dev.pillion.BuildingBlockException;
import dev.pillion.ComponentException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.sqlite.SqliteSettings;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Message;
import dev.pillion.pubsub.spi.TopicSubscription;
import dev.pillion.testkit.ManualTime;
import dev.pillion.testservers.RawDatabase;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Leases, orders and old events; no clock moves unless the test moves it. */
class SqliteMembersTest {
  private static final Duration RENEWAL = Duration.ofSeconds(5);

  @TempDir
  Path directory;

  private final ManualTime time = new ManualTime();
  private final List<TestBroker> brokers = new ArrayList<>();

  @AfterEach
  void close() {
    brokers.forEach(TestBroker::close);
  }

  private Path file() {
    return directory.resolve("pubsub.db");
  }

  private SqlitePubSub.Builder builder() {
    return SqlitePubSub.builder(SqliteSettings.at(file()));
  }

  private TestBroker open(SqlitePubSub component) {
    return open(component, true);
  }

  private TestBroker open(SqlitePubSub component, boolean keeps) {
    var opened = new TestBroker(file(), component, time, keeps);
    brokers.add(opened);
    return opened;
  }

  /** Moves the time on, by one renewal after the other, so that {@code renewing} members renew. */
  private void advance(TestBroker any, int renewals, int renewing) {
    for (int i = 0; i < renewals; i++) {
      long before = any.number("SELECT coalesce(sum(renewals), 0) FROM pubsub_owners");
      time.advance(RENEWAL);
      any.awaitNumber("SELECT coalesce(sum(renewals), 0) FROM pubsub_owners", before + renewing);
    }
  }

  @Test
  void whatAStoppedMemberHeldComesToOthersAfterItsLease() {
    var gate = new CountDownLatch(1);
    var stopped = new TestReceiver(message -> SqliteDeliveryTest.awaiting(gate));
    var one = open(builder().build(), false);
    one.subscribe("paid", "g", 1, stopped);
    one.publishKeyed("paid", "k", "a", "b");
    one.publish("paid", "c");
    stopped.awaitTexts("a");
    one.awaitNumber("SELECT count(*) FROM pubsub_deliveries WHERE owner IS NOT NULL", 3);

    var othersGate = new CountDownLatch(1);
    var others = new TestReceiver(message -> SqliteDeliveryTest.awaiting(othersGate));
    var two = open(builder().build());
    two.subscribe("paid", "g", others);
    advance(two, 3, 1);
    assertThat(others.received).isEmpty();
    time.advance(RENEWAL);
    others.awaitInAnyOrder("a", "c");
    assertThat(others.received)
        .allMatch(message -> message.isRedelivered() && message.attempts() == 0);

    // The stopped one goes on: it learns of it at its next claim, and its success counts.
    one.publish("paid", "d");
    await().atMost(TestReceiver.PATIENCE).until(() -> stopped.revoked.equals(List.of("a")));
    gate.countDown();
    two.awaitNumber("SELECT count(*) FROM pubsub_deliveries WHERE event_id = 1", 0);
    var again = others.received.get(others.texts().indexOf("a"));
    assertThatExceptionOfType(ComponentException.class)
        .isThrownBy(() -> again.recordAttempts(1))
        .withMessageContaining("event 1 of topic \"paid\" is no longer held for group \"g\"");
    othersGate.countDown();
    two.awaitAllDone();
    assertThat(others.texts()).filteredOn("b"::equals).hasSize(1);
    assertThat(stopped.texts()).doesNotContain("b", "c");
  }

  @Test
  void whatWasLostIsNotTakenBackWhileItsHandlerStillRuns() {
    var gate = new CountDownLatch(1);
    var stopped = new TestReceiver(message -> SqliteDeliveryTest.awaiting(gate));
    var one = open(builder().build(), false);
    one.subscribe("paid", "g", 5, stopped);
    one.publish("paid", "a");
    one.publishKeyed("paid", "k", "b");
    stopped.awaitInAnyOrder("a", "b");
    try (var raw = new RawDatabase(file())) {
      // As if others had ended it and given everything back.
      raw.execute("UPDATE pubsub_deliveries SET owner = NULL, due_at = 0");
      raw.execute("DELETE FROM pubsub_owners");
    }
    one.publish("paid", "c");
    stopped.awaitInAnyOrder("a", "b", "c");
    assertThat(stopped.revoked).containsExactlyInAnyOrder("a", "b");
    one.awaitNumber("SELECT count(*) FROM pubsub_deliveries WHERE owner IS NOT NULL", 3);
    stopped.answer = message -> Disposition.ACKNOWLEDGE;
    gate.countDown();
    one.awaitAllDone();
    // Success ends it, although it had come once more.
    assertThat(stopped.texts()).containsExactlyInAnyOrder("a", "b", "c");
  }

  @Test
  void aSlowHandlerKeepsWhatItHasForAsLongAsItTakes() {
    var gate = new CountDownLatch(1);
    var slow = new TestReceiver(message -> SqliteDeliveryTest.awaiting(gate));
    var one = open(builder().build());
    one.subscribe("paid", "g", 1, slow);
    one.publish("paid", "a");
    slow.awaitTexts("a");
    var others = new TestReceiver();
    var two = open(builder().build());
    two.subscribe("paid", "g", others);
    advance(two, 12, 2);
    gate.countDown();
    two.awaitAllDone();
    assertThat(others.received).isEmpty();
    assertThat(slow.revoked).isEmpty();
  }

  @Test
  void nobodyIsFoundGoneBecauseNobodyCouldWrite() {
    var one = open(builder().build());
    var two = open(builder().build());
    one.subscribe("paid", "g", new TestReceiver());
    two.subscribe("paid", "g", new TestReceiver());
    advance(one, 2, 2);
    String members = "SELECT group_concat(incarnation) FROM pubsub_owners";
    long renewals = one.number("SELECT sum(renewals) FROM pubsub_owners");
    try (var raw = new RawDatabase(file())) {
      var before = raw.text(members);
      raw.execute("BEGIN IMMEDIATE");
      for (int i = 0; i < 20; i++) {
        time.advance(RENEWAL);
      }
      raw.execute("COMMIT");
      await().atMost(TestReceiver.PATIENCE).until(() -> {
        time.advance(RENEWAL);
        return one.number("SELECT sum(renewals) FROM pubsub_owners") >= renewals + 8;
      });
      assertThat(raw.text(members)).isEqualTo(before);
    }
  }

  @Test
  void whatAClaimOfUnknownOutcomeHasTakenIsGivenBack() {
    var broker = open(builder().processingTimeout(Duration.ofHours(1)).build(), false);
    var receiver = new TestReceiver();
    var intake = broker.subscribe("paid", "g", receiver);
    broker.publish("paid", "a");
    receiver.awaitTexts("a");
    broker.awaitAllDone();
    try (var raw = new RawDatabase(file())) {
      raw.execute("BEGIN IMMEDIATE");
      // As if a claim of b had been committed, and nobody been told; c is there to be claimed.
      raw.execute(
          "INSERT INTO pubsub_events (topic_id, published_at, data) VALUES (1, 0, 'b'), (1, 0, 'c')");
      raw.execute("UPDATE pubsub_groups SET position = 2");
      raw.execute(
          "INSERT INTO pubsub_deliveries (group_id, event_id, owner, fetches) SELECT group_id, 2, incarnation, 1 FROM pubsub_owners");
      raw.execute("COMMIT");
      raw.execute("BEGIN IMMEDIATE");
      intake.resume();
      var warnings = warnings();
      await().atMost(TestReceiver.PATIENCE).until(() -> {
        time.advance(Duration.ofSeconds(1));
        return warnings.stream().anyMatch(line -> line.contains("can't go on for now"));
      });
      raw.execute("COMMIT");
    }
    receiver.awaitInAnyOrder("a", "b", "c");
    assertThat(receiver.received).noneMatch(Message::isRedelivered);
    broker.awaitAllDone();
  }

  @Test
  void anAttemptThatWasRecordedWithoutOurKnowingDoesNotCount() {
    var broker = open(builder().processingTimeout(Duration.ofHours(1)).build());
    var answers = new ArrayDeque<>(List.of(Disposition.RELEASE, Disposition.REDELIVER));
    var receiver = new TestReceiver(message -> {
      var answer = answers.poll();
      if (answer == null) {
        return Disposition.ACKNOWLEDGE;
      }
      try (var raw = new RawDatabase(file())) {
        // As if the record had been committed, and nobody been told.
        raw.execute("UPDATE pubsub_deliveries SET attempts = 1");
      }
      return answer;
    });
    broker.subscribe("paid", "g", receiver);
    broker.publish("paid", "a");
    receiver.awaitTexts("a", "a");
    broker.awaitNumber("SELECT count(*) FROM pubsub_deliveries WHERE due_at > 0", 1);
    time.advance(Duration.ofHours(1));
    receiver.awaitTexts("a", "a", "a");
    assertThat(receiver.received).allMatch(message -> message.attempts() == 0);
    broker.awaitAllDone();
  }

  @Test
  void attemptsThatAreOverCountAlthoughTheyCouldNotBeRecorded() {
    var broker = open(builder().processingTimeout(Duration.ofHours(1)).build(), false);
    var locked = new CountDownLatch(1);
    var failures = new CopyOnWriteArrayList<RuntimeException>();
    var receiver = new TestReceiver(message -> {
      SqliteDeliveryTest.awaiting(locked);
      try {
        // One is over either way: the first, or the one before the second.
        message.recordAttempts(TestReceiver.text(message).equals("failed") ? 1 : 2);
      } catch (BuildingBlockException e) {
        failures.add(e);
      }
      return Disposition.REDELIVER;
    });
    broker.subscribe("paid", "g", 2, receiver);
    broker.publish("paid", "failed", "to begin again");
    receiver.awaitCount(2);
    broker.awaitNumber("SELECT count(*) FROM pubsub_deliveries WHERE owner IS NOT NULL", 2);
    try (var raw = new RawDatabase(file())) {
      raw.execute("BEGIN IMMEDIATE");
      locked.countDown();
      await().atMost(TestReceiver.PATIENCE).until(() -> {
        time.advance(Duration.ofSeconds(1));
        return failures.size() == 2;
      });
      raw.execute("COMMIT");
    }
    broker.awaitNumber(
        "SELECT count(*) FROM pubsub_deliveries WHERE due_at > 0 AND attempts = 1", 2);
  }

  private static List<String> warnings() {
    return warnings(SqliteIntake.class);
  }

  /** What a class logs from now on. */
  private static List<String> warnings(Class<?> of) {
    var lines = new CopyOnWriteArrayList<String>();
    var appender = new AppenderBase<ILoggingEvent>() {
      @Override
      protected void append(ILoggingEvent event) {
        lines.add(event.getFormattedMessage());
      }
    };
    appender.start();
    ((Logger) LoggerFactory.getLogger(of)).addAppender(appender);
    return lines;
  }

  @Test
  void subscriptionMetadataThatNobodyReadsIsWarnedOf() {
    var broker = open(builder().build());
    var warnings = warnings(SqlitePubSub.class);
    broker.component.subscribe(
        new TopicSubscription(
            "paid",
            "g",
            Map.of("ordering", "topic", "rawPayload", "true", "consumerID", "g"),
            0,
            null),
        new TestReceiver());
    assertThat(warnings)
        .containsExactly(
            "pubsub \"pubsub\": the subscription metadata \"ordering\" of the topic \"paid\" has no effect; this broker knows \"rawPayload\" alone");
  }

  @Test
  void theMembersOfAGroupHaveOneOrdering() {
    var byKey = open(builder().build());
    var failing = TestReceiver.failing("a");
    var intake = byKey.subscribe("paid", "g", failing);
    byKey.publishKeyed("paid", "k", "a", "b");
    byKey.publish("paid", "c");
    failing.awaitInAnyOrder("a", "c");
    byKey.awaitNumber("SELECT count(*) FROM pubsub_deliveries WHERE due_at > 0", 1);
    byKey.publishKeyed("paid", "k", "d");
    byKey.awaitNumber("SELECT count(*) FROM pubsub_deliveries", 3);

    var byTopic = open(builder().ordering(Ordering.TOPIC).build());
    var receiver = new TestReceiver();
    assertThatExceptionOfType(ComponentException.class)
        .isThrownBy(() -> byTopic.subscribe("paid", "g", receiver))
        .withMessage(
            "group \"g\" of topic \"paid\" has members with ordering \"key\", and \"topic\" is asked for; close those first, or set \"ordering\" alike in all processes")
        .matches(ComponentException::isTransient);
    byTopic.subscribe("paid", "other", new TestReceiver());

    intake.close(Deadline.none());
    var inOrder = byTopic.subscribe("paid", "g", receiver);
    receiver.awaitTexts("a", "b", "d");
    inOrder.close(Deadline.none());

    byTopic.publishKeyed("paid", "k", "e", "f");
    byTopic.publish("paid", "g");
    var back = new TestReceiver();
    byKey.subscribe("paid", "g", back);
    back.awaitInAnyOrder("e", "f", "g");
    byKey.awaitAllDone();
  }

  @Test
  void aLateSuccessLetsTheNextOfItsKeyComeAfterTheOrderingHasChanged() {
    var gate = new CountDownLatch(1);
    var late = new TestReceiver(message -> SqliteDeliveryTest.awaiting(gate));
    var byKey = open(builder().build(), false);
    byKey.subscribe("paid", "g", late);
    byKey.publishKeyed("paid", "k", "a");
    late.awaitTexts("a");
    endMembers();
    var byTopic = open(builder().ordering(Ordering.TOPIC).build());
    var receiver = TestReceiver.failing("a");
    byTopic.subscribe("paid", "g", receiver);
    byTopic.awaitNumber("SELECT count(*) FROM pubsub_deliveries WHERE due_at > 0", 1);
    byTopic.publish("paid", "b");
    byTopic.awaitNumber(
        "SELECT count(*) FROM pubsub_deliveries WHERE owner IS NULL AND due_at IS NULL", 1);
    gate.countDown();
    receiver.awaitTexts("a", "b");
    byTopic.awaitAllDone();
  }

  @Test
  void whatWaitsBehindAFailureComesAlthoughALateSuccessHasEndedThat() {
    var gate = new CountDownLatch(1);
    var late = new TestReceiver(message -> SqliteDeliveryTest.awaiting(gate));
    var one = open(builder().build(), false);
    one.subscribe("paid", "g", late);
    one.publishKeyed("paid", "k", "a", "b");
    late.awaitTexts("a");
    one.awaitNumber("SELECT count(*) FROM pubsub_deliveries WHERE owner IS NOT NULL", 2);
    endMembers();
    var othersGate = new CountDownLatch(1);
    var others = new TestReceiver(message -> {
      SqliteDeliveryTest.awaiting(othersGate);
      return TestReceiver.text(message).equals("a")
          ? Disposition.REDELIVER
          : Disposition.ACKNOWLEDGE;
    });
    var two = open(builder().build());
    two.subscribe("paid", "g", others);
    others.awaitTexts("a");
    two.awaitNumber("SELECT count(*) FROM pubsub_deliveries WHERE owner IS NOT NULL", 2);
    gate.countDown();
    two.awaitNumber("SELECT count(*) FROM pubsub_deliveries WHERE event_id = 1", 0);
    othersGate.countDown();
    two.awaitAllDone();
    // Either of the two may have been the first to ask for it.
    assertThat(Stream.concat(late.texts().stream(), others.texts().stream()))
        .containsExactlyInAnyOrder("a", "a", "b");
  }

  /** As if others had ended all members and given everything back. */
  private void endMembers() {
    try (var raw = new RawDatabase(file())) {
      raw.execute("BEGIN IMMEDIATE");
      raw.execute(
          "UPDATE pubsub_deliveries SET owner = NULL, due_at = CASE event_id WHEN 1 THEN 0 END");
      raw.execute("DELETE FROM pubsub_owners");
      raw.execute("COMMIT");
    }
  }

  @Test
  void eventsDoneByAllGroupsAreRemovedWhenTheyAreOldEnough() {
    var broker = open(builder().retention(Duration.ofHours(1)).build());
    var failing = TestReceiver.failing("a");
    broker.subscribe("paid", "one", failing);
    var lagging = broker.subscribe("paid", "two", new TestReceiver());
    broker.publish("paid", "a", "b", "c");
    broker.publish("unheard", "x");
    failing.awaitInAnyOrder("a", "b", "c");
    broker.awaitNumber("SELECT count(*) FROM pubsub_deliveries", 1);
    lagging.close(Deadline.none());
    broker.publish("paid", "d");
    failing.awaitInAnyOrder("a", "b", "c", "d");
    broker.awaitNumber("SELECT count(*) FROM pubsub_deliveries", 1);

    time.advance(Duration.ofMinutes(61));
    // a failed in one, d was not looked at by two; x nobody has asked for.
    broker.awaitNumber("SELECT count(*) FROM pubsub_events", 2);
    assertThat(broker.number("SELECT sum(id) FROM pubsub_events")).isEqualTo(1 + 5);

    failing.answer = message -> Disposition.ACKNOWLEDGE;
    var two = new TestReceiver();
    broker.subscribe("paid", "two", two);
    two.awaitTexts("d");
    time.advance(Duration.ofMinutes(61));
    broker.awaitAllDone();
    time.advance(Duration.ofMinutes(10));
    broker.awaitNumber("SELECT count(*) FROM pubsub_events", 0);
    // A removed event's id is never given out again: positions would be wrong.
    broker.publish("paid", "e");
    await().atMost(TestReceiver.PATIENCE).until(() -> failing.texts().contains("e"));
  }

  @Test
  void whatIsYoungerThanTheRetentionStaysForNewGroups() {
    var broker = open(builder().retention(Duration.ofHours(1)).build());
    var receiver = new TestReceiver();
    broker.subscribe("paid", "one", receiver);
    broker.publish("paid", "old");
    receiver.awaitCount(1);
    time.advance(Duration.ofMinutes(40));
    broker.publish("paid", "young");
    receiver.awaitCount(2);
    broker.awaitAllDone();
    time.advance(Duration.ofMinutes(30));
    broker.awaitNumber("SELECT count(*) FROM pubsub_events", 1);
    var late = new TestReceiver();
    broker.subscribe("paid", "late", late);
    late.awaitTexts("young");
  }
}
