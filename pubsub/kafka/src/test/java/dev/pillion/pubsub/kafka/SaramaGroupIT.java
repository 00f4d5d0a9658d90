// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.testservers.KafkaServer;
import dev.pillion.testservers.RealServers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Members of Dapr's client and ours in one group. */
@ExtendWith(RealServers.class)
@Timeout(200)
class SaramaGroupIT {
  @TempDir
  private static Path directory;

  private static Path sarama;
  private TestBus bus;

  @BeforeAll
  static void build() throws Exception {
    sarama = SaramaProgram.build(directory);
  }

  @BeforeEach
  void open(KafkaServer kafka) throws Exception {
    bus = new TestBus(kafka.bootstrap(), 12);
  }

  @AfterEach
  void close() throws Exception {
    if (bus != null) {
      bus.close();
    }
  }

  private static void until(ThrowingCallable holds) {
    await().atMost(Duration.ofSeconds(60)).untilAsserted(holds::call);
  }

  @Test
  void keysGoToTheSamePartitionsFromBothClients() throws Exception {
    var keys = new ArrayList<>(List.of("order-1", "A", "customer-42", "k", "", "\u00e4\u20ac"));
    IntStream.range(0, 200).forEach(i -> keys.add("key-" + i));
    try (var program = SaramaProgram.produce(sarama, bus, keys)) {
      program.leave();
      var lines = program.lines("sent ");
      assertThat(lines).hasSize(keys.size());
      for (int i = 0; i < keys.size(); i++) {
        int ours = KeyHash.partition(keys.get(i).getBytes(UTF_8), 12);
        assertThat(lines.get(i)).isEqualTo("sent " + ours + " " + keys.get(i));
      }
    }
  }

  @Test
  void bothShareAGroupAndEitherMayLeave() throws Exception {
    var theirsOnly = bus.topic + "-theirs";
    var oursOnly = bus.topic + "-ours";
    bus.createTopic(theirsOnly, 2);
    bus.createTopic(oursOnly, 2);
    var recorder = Recorder.acknowledging();
    var alone = Recorder.acknowledging();
    var sent = new ArrayList<String>();
    try (var program = SaramaProgram.consume(sarama, bus, bus.topic, theirsOnly)) {
      until(() -> assertThat(program.lines("assigned " + bus.topic + " ")).hasSize(12));
      // Classic protocol and a common assignor: the broker lets ours in beside theirs.
      var component = bus.open(bus.component(Map.of("session.timeout.ms", 10_000)));
      var intake = bus.subscribe(component, recorder);
      component.subscribe(bus.subscription(oursOnly), alone);
      until(() -> assertThat(bus.members()).isEqualTo(3));
      until(() -> {
        send(sent, 24);
        assertThat(program.handled(bus.topic)).isNotEmpty();
        assertThat(recorder.seen).isNotEmpty();
      });
      send(sent, 480);
      for (int i = 0; i < 10; i++) {
        bus.send(new ProducerRecord<>(theirsOnly, i % 2, null, ("t" + i).getBytes(UTF_8)));
        bus.send(new ProducerRecord<>(oursOnly, i % 2, null, ("o" + i).getBytes(UTF_8)));
      }
      until(() -> assertThat(all(recorder, program)).containsAll(sent));
      until(() -> assertThat(new HashSet<>(program.handled(theirsOnly))).hasSize(10));
      until(() -> assertThat(new HashSet<>(alone.texts())).hasSize(10));

      program.leave();
      send(sent, 240);
      until(() -> assertThat(all(recorder, program)).containsAll(sent));
      assertThat(partitions(recorder)).hasSize(12);

      try (var again = SaramaProgram.consume(sarama, bus, bus.topic)) {
        until(() -> assertThat(again.lines("assigned " + bus.topic + " ")).isNotEmpty());
        intake.close(bus.in(Duration.ofSeconds(20)));
        send(sent, 240);
        until(() -> {
          var everything = all(recorder, program);
          everything.addAll(again.handled(bus.topic));
          assertThat(everything).containsAll(sent);
        });
        again.leave();
        int deliveries = recorder.seen.size()
            + program.handled(bus.topic).size()
            + again.handled(bus.topic).size();
        System.out.printf("[sarama] %d messages, %d deliveries%n", sent.size(), deliveries);
        // Everyone left in order and committed; only Sarama's rebalances may repeat a little.
        assertThat(deliveries).isBetween(sent.size(), sent.size() + 100);
      }
    }
  }

  @Test
  void aStormOfMembersOfBothKindsLosesNothingAndRepeatsLittle() throws Exception {
    var active = ConcurrentHashMap.<String>newKeySet();
    var overlaps = new AtomicInteger();
    var recorder = new Recorder(message -> {
      if (!active.add(Recorder.text(message))) {
        overlaps.incrementAndGet();
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
      active.remove(Recorder.text(message));
      return Disposition.ACKNOWLEDGE;
    });
    var ends = new AtomicBoolean();
    var sent = new ArrayList<String>();
    var flow = new FutureTask<>(() -> {
      while (!ends.get()) {
        send(sent, 1);
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(4));
      }
      return sent.size();
    });
    var settings = Map.of("session.timeout.ms", 10_000);
    var theirs = new ArrayList<SaramaProgram>();
    try {
      bus.subscribe(bus.open(bus.component(settings)), recorder);
      theirs.add(SaramaProgram.consume(sarama, bus, bus.topic));
      new Thread(flow, "flow").start();
      for (int round = 0; round < 5; round++) {
        var their = theirs.get(round);
        until(() -> assertThat(their.handled(bus.topic)).isNotEmpty());
        var guest = bus.open(bus.component(settings));
        int members = bus.members();
        bus.subscribe(guest, recorder);
        until(() -> assertThat(bus.members()).isGreaterThan(members));
        their.leave();
        theirs.add(SaramaProgram.consume(sarama, bus, bus.topic));
        guest.close();
      }
      until(() -> assertThat(theirs.get(5).handled(bus.topic)).isNotEmpty());
      ends.set(true);
      int count = flow.get();
      until(() -> {
        var handled = new HashSet<>(recorder.texts());
        handled.addAll(theirs(theirs));
        assertThat(handled).hasSize(count).containsAll(sent);
      });
      theirs.get(5).leave();
      int their = theirs(theirs).size();
      int deliveries = recorder.seen.size() + their;
      System.out.printf(
          "[sarama storm] %d messages, %d deliveries, %d of them theirs%n",
          count, deliveries, their);
      assertThat(overlaps).hasValue(0);
      // All left in order and committed; only Sarama's rebalances may repeat a little.
      assertThat(deliveries).isBetween(count, count + 200);
    } finally {
      ends.set(true);
      for (var their : theirs) {
        their.close();
      }
    }
  }

  private List<String> theirs(List<SaramaProgram> programs) throws Exception {
    var all = new ArrayList<String>();
    for (var program : programs) {
      all.addAll(program.handled(bus.topic));
    }
    return all;
  }

  private void send(List<String> sent, int count) throws Exception {
    for (int i = 0; i < count; i++) {
      var text = "m" + sent.size();
      bus.send(sent.size() % 12, text);
      sent.add(text);
    }
  }

  private HashSet<String> all(Recorder recorder, SaramaProgram program) throws Exception {
    var all = new HashSet<>(recorder.texts());
    all.addAll(program.handled(bus.topic));
    return all;
  }

  private static HashSet<String> partitions(Recorder recorder) {
    var partitions = new HashSet<String>();
    recorder.seen.forEach(message -> partitions.add(message.metadata().get("__partition")));
    return partitions;
  }
}
