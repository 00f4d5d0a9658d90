// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pillion.connections.sqlite.SqliteSettings;
import dev.pillion.testservers.RawDatabase;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several processes on one file, some of which are killed or stopped. */
class SqliteProcessesIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir
  Path directory;

  private Path file;
  private Path journal;
  private TestBroker broker;
  private final List<SubscriberProcess> processes = new ArrayList<>();

  @BeforeEach
  void open() {
    file = directory.resolve("pubsub.db");
    journal = directory.resolve("journal");
    broker = new TestBroker(file, SqlitePubSub.at(file), new WallTime());
  }

  @AfterEach
  void close() {
    processes.forEach(SubscriberProcess::close);
    broker.close();
  }

  private SubscriberProcess subscriber(int concurrency, Ordering ordering) throws Exception {
    int before = texts("ready").size();
    var process = SubscriberProcess.start(file, journal, concurrency, ordering);
    processes.add(process);
    await().atMost(PATIENCE).until(() -> texts("ready").size() > before);
    return process;
  }

  private List<String> texts(String verb) {
    return SubscriberProcess.texts(journal, verb);
  }

  private void awaitAllDone() {
    await()
        .atMost(PATIENCE)
        .until(() -> broker.number("SELECT count(*) FROM pubsub_deliveries") == 0
            && broker.number("SELECT max(id) FROM pubsub_events")
                == broker.number("SELECT min(position) FROM pubsub_groups"));
  }

  @Test
  void whatAKilledSubscriberWasHandlingComesToAnother() throws Exception {
    var one = subscriber(1, Ordering.KEY);
    broker.publishKeyed("paid", "k", "hold-1", "a");
    await().atMost(PATIENCE).until(() -> texts("start").contains("hold-1"));
    one.kill();
    long killed = System.nanoTime();
    var two = new TestReceiver();
    broker.subscribe("paid", "g", two);
    two.awaitTexts("hold-1", "a");
    System.out.printf(
        "MEASURED taken over from a killed process after %d ms%n",
        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - killed));
    assertThat(two.received.get(0).isRedelivered()).isTrue();
    assertThat(two.received.get(0).attempts()).isZero();
  }

  @Test
  void whatAKilledPublisherHasAcknowledgedArrives() throws Exception {
    var receiver = new TestReceiver();
    broker.subscribe("paid", "g", receiver);
    var acknowledged = new ArrayList<String>();
    for (int round = 0; round < 3; round++) {
      acknowledged.addAll(
          PublisherProcess.killAfter(PublisherProcess.start(file, "r" + round), 700));
    }
    await().atMost(PATIENCE).until(() -> receiver.texts().containsAll(acknowledged));
    awaitAllDone();
    assertThat(receiver.texts()).doesNotHaveDuplicates();
    var last = new HashMap<String, Integer>();
    for (String text : receiver.texts()) {
      int cut = text.lastIndexOf('-');
      int number = Integer.parseInt(text.substring(cut + 1));
      assertThat(number).isEqualTo(last.getOrDefault(text.substring(0, cut), -1) + 1);
      last.put(text.substring(0, cut), number);
    }
    try (var raw = new RawDatabase(file)) {
      assertThat(raw.text("PRAGMA integrity_check")).isEqualTo("ok");
    }
  }

  @Test
  void whatSubscribersThatAreKilledShareIsHandledInOrderOfItsKeys() throws Exception {
    int keys = 20;
    int each = 60;
    subscriber(8, Ordering.KEY);
    var killed = subscriber(8, Ordering.KEY);
    for (int n = 0; n < each; n++) {
      for (int key = 0; key < keys; key++) {
        broker.publishKeyed("paid", "k" + key, "slow-%d-%d".formatted(key, n));
      }
      if (n % 20 == 10) {
        killed.kill();
        killed = subscriber(8, Ordering.KEY);
      }
    }
    awaitAllDone();
    // One line in the journal after the other: an event begins when the one before has ended.
    var ended = new HashSet<String>();
    int duplicates = 0;
    for (String line : SubscriberProcess.lines(journal)) {
      var words = line.split(" ");
      if (words[0].equals("start")) {
        var parts = words[1].split("-");
        int n = Integer.parseInt(parts[2]);
        if (n > 0) {
          assertThat(ended).contains("slow-%s-%d".formatted(parts[1], n - 1));
        }
      } else if (words[0].equals("end") && !ended.add(words[1])) {
        duplicates++;
      }
    }
    assertThat(ended).hasSize(keys * each);
    assertThat(duplicates).isLessThanOrEqualTo(3 * 100);
    System.out.printf(
        "MEASURED %d events, 3 of 5 subscribers killed: %d handled twice%n",
        keys * each, duplicates);
  }

  @Test
  void subscribersThatLiveHandleEachEventOnce() throws Exception {
    subscriber(8, Ordering.KEY);
    subscriber(8, Ordering.KEY);
    for (int n = 0; n < 1000; n++) {
      broker.publish("paid", "slow-" + n);
    }
    awaitAllDone();
    await().atMost(PATIENCE).until(() -> texts("end").size() >= 1000);
    assertThat(texts("end")).hasSize(1000).doesNotHaveDuplicates();
    assertThat(texts("ready")).hasSize(2);
  }

  @Test
  void withOrderingTopicOneEventIsUnderWayInAllProcesses() throws Exception {
    subscriber(8, Ordering.TOPIC);
    var killed = subscriber(8, Ordering.TOPIC);
    for (int n = 0; n < 300; n++) {
      broker.publishKeyed("paid", "k" + n % 7, "slow-" + n);
      if (n == 150) {
        killed.kill();
      }
    }
    awaitAllDone();
    int handled = 0;
    int underWay = -1;
    int cutOff = 0;
    for (String line : SubscriberProcess.lines(journal)) {
      var words = line.split(" ");
      if (words[0].equals("start")) {
        int started = Integer.parseInt(words[1].substring("slow-".length()));
        assertThat(started).as(line).isLessThanOrEqualTo(handled);
        if (underWay >= 0) {
          // The killed process's; what it had handled right before may come again as well.
          cutOff++;
          assertThat(started).as(line).isLessThanOrEqualTo(underWay);
        }
        underWay = started;
      } else if (words[0].equals("end")) {
        assertThat(words[1]).isEqualTo("slow-" + underWay);
        handled = Math.max(handled, underWay + 1);
        underWay = -1;
      }
    }
    assertThat(handled).isEqualTo(300);
    assertThat(cutOff).isLessThanOrEqualTo(1);
  }

  @Test
  void ofAHundredFetchedTheAttemptsOfThePoisonAloneGrow() throws Exception {
    for (int n = 0; n < 50; n++) {
      broker.publish("paid", "a" + n);
    }
    broker.publish("paid", "halt");
    for (int n = 50; n < 99; n++) {
      broker.publish("paid", "a" + n);
    }
    int starts = 0;
    while (texts("dead").isEmpty() && starts < 10) {
      starts++;
      var process = SubscriberProcess.start(file, journal, 1, Ordering.KEY);
      processes.add(process);
      await()
          .atMost(PATIENCE)
          .until(() -> !process.isAlive() || new HashSet<>(texts("end")).size() == 99);
    }
    await().atMost(PATIENCE).until(() -> !texts("dead").isEmpty());
    awaitAllDone();
    assertThat(texts("dead")).containsExactly("halt");
    // The first start is not on record.
    assertThat(texts("start")).filteredOn("halt"::equals).hasSizeBetween(3, 4);
    // What was handled right before the first halt may not have been written: once more then.
    assertThat(new HashSet<>(texts("end"))).hasSize(99);
    for (String text : texts("end")) {
      assertThat(texts("end")).filteredOn(text::equals).hasSizeLessThanOrEqualTo(2);
    }
    assertThat(SubscriberProcess.lines(journal))
        .filteredOn(line -> line.startsWith("start a"))
        .allMatch(line -> line.endsWith(" 1"));
  }

  @Test
  void gracefulRestartsWithAFullQueueRecordNothing() throws Exception {
    broker.publish("paid", "hold-first");
    for (int n = 0; n < 120; n++) {
      broker.publishKeyed("paid", "k" + n % 10, "a" + n);
    }
    // The only slot is taken: everything else is fetched, and given back again.
    for (int restart = 0; restart < 20; restart++) {
      var process = subscriber(1, Ordering.KEY);
      await()
          .atMost(PATIENCE)
          .until(
              () -> broker.number("SELECT count(*) FROM pubsub_deliveries WHERE owner IS NOT NULL")
                  >= 100);
      process.stop();
      assertThat(broker.number("SELECT count(*) FROM pubsub_deliveries WHERE attempts > 0"))
          .isZero();
      assertThat(broker.number("SELECT count(*) FROM pubsub_owners")).isZero();
    }
    assertThat(broker.number(
            "SELECT count(*) FROM pubsub_deliveries WHERE fetches > 0 AND event_id > 1"))
        .isZero();
    var receiver = new TestReceiver();
    broker.subscribe("paid", "g", receiver);
    receiver.awaitCount(121);
    assertThat(receiver.received)
        .filteredOn(message -> !TestReceiver.text(message).startsWith("hold"))
        .allMatch(message -> message.attempts() == 0 && !message.isRedelivered());
  }

  @Test
  void aStoppedProcessLosesWhatItHeldAndNoticesWhenItGoesOn() throws Exception {
    var zombie = subscriber(1, Ordering.KEY);
    broker.publish("paid", "hold-1", "a", "b");
    await().atMost(PATIENCE).until(() -> texts("start").contains("hold-1"));
    broker.awaitNumber("SELECT count(*) FROM pubsub_deliveries WHERE owner IS NOT NULL", 3);
    zombie.signal("STOP");
    var others = new TestReceiver();
    try (var two = new TestBroker(
        file,
        SqlitePubSub.builder(SqliteSettings.at(file))
            .processingTimeout(Duration.ofSeconds(3))
            .build(),
        new WallTime())) {
      two.subscribe("paid", "g", others);
      others.awaitInAnyOrder("hold-1", "a", "b");
      zombie.signal("CONT");
      await().atMost(PATIENCE).until(() -> texts("revoked").contains("hold-1"));
      two.awaitAllDone();
      // It is a member again, and does nothing of what it had fetched.
      two.awaitNumber("SELECT count(*) FROM pubsub_owners", 2);
      assertThat(texts("start")).containsExactly("hold-1");
    }
  }

  @Test
  void anotherProcessHearsOfAnEventSoon() throws Exception {
    subscriber(4, Ordering.KEY);
    int count = 150;
    for (int n = 0; n < count; n++) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20 + n % 17));
      broker.publish("paid", "time" + System.nanoTime());
    }
    await().atMost(PATIENCE).until(() -> texts("took").size() == count);
    var micros =
        texts("took").stream().mapToLong(text -> Long.parseLong(text) / 1000).toArray();
    Arrays.sort(micros);
    System.out.printf(
        "MEASURED publish to another process's handler: p50 %.1f ms, p99 %.1f ms, most %.1f ms%n",
        micros[count / 2] / 1000.0, micros[count * 99 / 100] / 1000.0, micros[count - 1] / 1000.0);
  }
}
