// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.pillion.BuildingBlockException;
import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import dev.pillion.component.ComponentContext;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.testkit.PlainThreads;
import dev.pillion.testservers.KafkaOptions;
import dev.pillion.testservers.KafkaServer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Brokers and programs that end, stop and come back. */
@Timeout(600)
class KafkaFaultsIT {
  /** {@code -Doutage=PT3M} for one of minutes. */
  private static final Duration OUTAGE =
      Duration.parse(System.getProperty("outage", Duration.ofSeconds(10).toString()));

  private static final int KEYS = 12;

  private static KafkaServer kafka;

  @TempDir
  private Path directory;

  private TestBus bus;

  @BeforeAll
  static void start() {
    // A member that was killed is missed after a session, which a broker keeps above 6 s.
    kafka = KafkaServer.start(new KafkaOptions().setting("group.min.session.timeout.ms", "500"));
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

  private static String event(int number) {
    return "{\"data\":%d,\"datacontenttype\":\"application/json\",\"id\":\"e%d\",\"pubsubname\":\"bus\",\"source\":\"shop\",\"specversion\":\"1.0\",\"type\":\"com.dapr.event.sent\"}"
        .formatted(number, number);
  }

  private static Set<String> numbers(int count) {
    return IntStream.range(0, count).mapToObj(Integer::toString).collect(Collectors.toSet());
  }

  @Test
  void whileTheBrokerIsAwayPublishesFailByTypeAndItIsQuietAndItGoesOnByItself() throws Exception {
    var component = bus.open();
    var recorder = Recorder.acknowledging();
    bus.subscribe(component, recorder);
    bus.publish(component, "before", null);
    until(() -> assertThat(recorder.texts()).containsExactly("before"));
    until(() -> assertThat(
            bus.committed().values().stream().mapToLong(o -> o.offset()).sum())
        .isEqualTo(1));
    kafka.stop();
    try {
      for (var topic : List.of(bus.topic, "never-heard-of")) {
        long begin = System.nanoTime();
        assertThatThrownBy(() -> component.publish(
                new OutgoingMessage(topic, new byte[] {1}, null, null),
                bus.in(Duration.ofSeconds(1))))
            .isInstanceOf(CallTimeoutException.class)
            .hasMessageContaining(topic);
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(2));
      }
      var many = IntStream.range(0, 500)
          .mapToObj(i -> new OutgoingMessage(bus.topic, new byte[] {1}, null, null))
          .toList();
      assertThat(component.publishAll(many, bus.in(Duration.ofSeconds(1))))
          .hasSize(500)
          .allSatisfy((i, e) -> assertThat(e).isInstanceOf(CallTimeoutException.class));
      assertThatThrownBy(() -> component.probe(bus.in(Duration.ofSeconds(1))))
          .isInstanceOfSatisfying(
              ComponentException.class, e -> assertThat(e.isTransient()).isTrue());
      assertThat(cpuShareWithin(OUTAGE)).isLessThan(0.05);
    } finally {
      kafka.restart();
    }
    until(() -> bus.publish(component, "after", null));
    until(() -> assertThat(recorder.texts()).contains("after"));
    assertThat(recorder.texts()).containsOnlyOnce("before");
  }

  private static double cpuShareWithin(Duration duration) {
    var system =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long cpu = system.getProcessCpuTime();
    long begin = System.nanoTime();
    LockSupport.parkNanos(duration.toNanos());
    while (System.nanoTime() - begin < duration.toNanos()) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
    }
    double share = (double) (system.getProcessCpuTime() - cpu) / (System.nanoTime() - begin);
    System.out.printf("[outage] CPU share %.4f%n", share);
    return share;
  }

  @Test
  void aBrokerThatBouncesLosesNothingThatWasConfirmed() throws Exception {
    var component = bus.open();
    Set<String> confirmed = ConcurrentHashMap.newKeySet();
    var recorder = Recorder.acknowledging();
    bus.subscribe(bus.open(), recorder);
    var publishing = new Thread(() -> {
      for (int i = 0; i < 2_000; i++) {
        try {
          bus.publish(component, "m" + i, null);
          confirmed.add("m" + i);
        } catch (BuildingBlockException e) {
          // Not confirmed: it may be there or not.
          assertThat(e).isNotNull();
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
      }
    });
    publishing.start();
    until(() -> assertThat(confirmed).hasSizeGreaterThan(200));
    kafka.kill();
    kafka.restart();
    publishing.join();

    until(() -> assertThat(new HashSet<>(recorder.texts())).containsAll(confirmed));
    assertThat(confirmed).hasSizeGreaterThan(1_500);
    System.out.printf(
        "[bounce] %d confirmed, %d deliveries%n", confirmed.size(), recorder.seen.size());
  }

  @Test
  void aBrokerThatIsAwayAtStartIsTriedAgain() throws Exception {
    var component = KafkaPubSub.at("127.0.0.1:1");
    assertThatThrownBy(() -> component.open(new ComponentContext(
            "shop", "", "bus", bus.time, new PlainThreads(), bus.in(Duration.ofSeconds(1)))))
        .isInstanceOfSatisfying(
            ComponentException.class, e -> assertThat(e.isTransient()).isTrue())
        .hasMessageContaining("127.0.0.1:1");
    component.close();
  }

  @Test
  void aPoisonThatHaltsItsProgramComesToAnEndAndTakesNoOtherWithIt() throws Exception {
    bus.createTopic(bus.topic + "-dead", 1);
    for (int i = 0; i < 100; i++) {
      bus.send(0, event(i));
    }
    var output = directory.resolve("output");
    int halts = 0;
    boolean through = false;
    while (!through && halts < 10) {
      var program = SubscribingProgram.start(bus, output, 50, 1);
      try {
        while (program.isAlive() && !through) {
          through = bus.committed(0) == 100;
          program.waitFor(50, TimeUnit.MILLISECONDS);
        }
        if (!program.isAlive()) {
          assertThat(program.exitValue()).isEqualTo(3);
          halts++;
        }
      } finally {
        program.destroyForcibly().waitFor();
      }
    }
    // The first attempt is not on record, for nothing was known against the message then.
    assertThat(halts).isEqualTo(4);
    var lines = Files.readAllLines(output);
    assertThat(lines.stream().filter(line -> line.startsWith("begin 50 ")))
        .containsExactly("begin 50 1", "begin 50 1", "begin 50 2", "begin 50 3");
    assertThat(lines.stream()
            .filter(line -> line.startsWith("begin") && !line.startsWith("begin 50 ")))
        .allMatch(line -> line.endsWith(" 1"));
    var ended = ended(output);
    assertThat(ended).hasSize(99).doesNotContain("50");
    var letters = bus.records(bus.topic + "-dead", 1);
    assertThat(letters).hasSize(1);
    assertThat(new String(letters.get(0).value())).isEqualTo(event(50));
  }

  private static Set<String> ended(Path output) throws IOException {
    return Files.readAllLines(output).stream()
        .filter(line -> line.startsWith("end "))
        .map(line -> line.substring(4))
        .collect(Collectors.toSet());
  }

  @Test
  void programsThatAreKilledLoseNothing() throws Exception {
    bus.createTopic(bus.topic + "-dead", 1);
    int count = 1_200;
    for (int i = 0; i < count; i++) {
      bus.send(i % 4, event(i));
    }
    var output = directory.resolve("output");
    Files.createFile(output);
    int least = 100;
    for (int kill = 0; kill < 3; kill++) {
      var program = SubscribingProgram.start(bus, output, -1, 5);
      int enough = least;
      until(() -> assertThat(ended(output)).hasSizeGreaterThan(enough));
      program.destroyForcibly().waitFor();
      least = ended(output).size() + 100;
    }
    var program = SubscribingProgram.start(bus, output, -1, 1);
    try {
      until(() -> assertThat(ended(output)).isEqualTo(numbers(count)));
    } finally {
      program.destroyForcibly().waitFor();
    }
    assertThat(bus.records(bus.topic + "-dead", 0)).isEmpty();
    long begun = Files.readAllLines(output).stream()
        .filter(line -> line.startsWith("begin"))
        .count();
    System.out.printf("[kill] %d attempts of %d messages after 3 kills%n", begun, count);
    // At most what a second without a commit has handled comes again, each time.
    assertThat(begun).isLessThan(count + 3 * 1_000);
  }

  @Test
  void twoProgramsThatAreKilledInTurnWhileEventsFlowLoseNothingAndKeepTheOrderOfKeys()
      throws Exception {
    bus.createTopic(bus.topic + "-dead", 1);
    var output = directory.resolve("output");
    Files.createFile(output);
    var ends = new AtomicBoolean();
    var flow = new FutureTask<>(() -> {
      int sent = 0;
      while (!ends.get()) {
        bus.send(new ProducerRecord<>(
            bus.topic, ("k" + sent % KEYS).getBytes(UTF_8), event(sent).getBytes(UTF_8)));
        sent++;
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(4));
      }
      return sent;
    });
    int kills = 3;
    var programs = new ArrayList<Process>();
    try {
      programs.add(SubscribingProgram.start(bus, output, -1, 4));
      programs.add(SubscribingProgram.start(bus, output, -1, 4));
      new Thread(flow, "flow").start();
      for (int kill = 0; kill < kills; kill++) {
        until(() -> assertThat(taking(output)).containsAll(pids(programs)));
        int before = ended(output).size();
        until(() -> assertThat(ended(output)).hasSizeGreaterThan(before + 100));
        programs.remove(0).destroyForcibly().waitFor();
        programs.add(SubscribingProgram.start(bus, output, -1, 4));
      }
      until(() -> assertThat(taking(output)).containsAll(pids(programs)));
      ends.set(true);
      int count = flow.get();
      until(() -> assertThat(ended(output)).isEqualTo(numbers(count)));
      assertThat(bus.records(bus.topic + "-dead", 0)).isEmpty();
      long repeated = repeatedWithKeysInOrder(output);
      System.out.printf(
          "[two killed] %d messages, %d handled again after %d kills%n", count, repeated, kills);
      // What a killed program has handled since its last commit, of a second and its answer.
      assertThat(repeated).isLessThan(kills * 500L);
    } finally {
      ends.set(true);
      for (var program : programs) {
        program.destroyForcibly().waitFor();
      }
    }
  }

  private static Set<String> taking(Path output) throws IOException {
    return Files.readAllLines(output).stream()
        .filter(line -> line.startsWith("took "))
        .map(line -> line.substring(5))
        .collect(Collectors.toSet());
  }

  private static List<String> pids(List<Process> programs) {
    return programs.stream().map(program -> Long.toString(program.pid())).toList();
  }

  /**
   * None begins before all of its key that were sent earlier have ended once. Both programs append
   * to one file, a line at a time: its order is that of what they did.
   *
   * @return how many attempts there were beyond the first of each
   */
  private static long repeatedWithKeysInOrder(Path output) throws IOException {
    var begun = new HashSet<Integer>();
    var done = new HashMap<Integer, Integer>();
    long attempts = 0;
    for (var line : Files.readAllLines(output)) {
      var words = line.split(" ");
      if (words[0].equals("begin")) {
        attempts++;
        int number = Integer.parseInt(words[1]);
        begun.add(number);
        assertThat(done.getOrDefault(number % KEYS, number % KEYS - KEYS))
            .as("the last one that had ended when %d began", number)
            .isGreaterThanOrEqualTo(number - KEYS);
      } else if (words[0].equals("end")) {
        int number = Integer.parseInt(words[1]);
        done.merge(number % KEYS, number, Math::max);
      }
    }
    return attempts - begun.size();
  }

  @Test
  void aProgramThatWasStoppedBeyondItsSessionCommitsNothing() throws Exception {
    bus.createTopic(bus.topic + "-dead", 1);
    int count = 400;
    for (int i = 0; i < count; i++) {
      bus.send(i % 4, event(i));
    }
    var output = directory.resolve("output");
    Files.createFile(output);
    var program = SubscribingProgram.start(bus, output, -1, 20);
    try {
      until(() -> assertThat(ended(output)).hasSizeGreaterThan(40));
      signal(program, "STOP");
      Set<String> ours = ConcurrentHashMap.newKeySet();
      var recorder = new Recorder(message -> {
        ours.add(Recorder.text(message).replaceAll("^\\{\"data\":(\\d+),.*", "$1"));
        return Disposition.ACKNOWLEDGE;
      });
      bus.subscribe(bus.open(), recorder);
      until(() -> assertThat(total(output, ours)).isEqualTo(numbers(count)));
      until(() -> assertThat(committed()).isEqualTo(List.of(100L, 100L, 100L, 100L)));
      signal(program, "CONT");
      // It learns that it is out, joins again, and goes on with what comes.
      for (int i = 0; i < 200; i++) {
        bus.send(i % 4, event(count + i));
        assertThat(committed()).allMatch(offset -> offset >= 100);
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      }
      until(() -> assertThat(total(output, ours)).isEqualTo(numbers(count + 200)));
      until(() -> assertThat(committed()).isEqualTo(List.of(150L, 150L, 150L, 150L)));
      System.out.printf(
          "[pause] %d messages, theirs %d, ours %d%n",
          count + 200, ended(output).size(), recorder.seen.size());
    } finally {
      signal(program, "CONT");
      program.destroyForcibly().waitFor();
    }
  }

  private List<Long> committed() throws Exception {
    return List.of(bus.committed(0), bus.committed(1), bus.committed(2), bus.committed(3));
  }

  private static Set<String> total(Path output, Set<String> ours) throws IOException {
    var all = new HashSet<>(ended(output));
    all.addAll(ours);
    return all;
  }

  private static void signal(Process process, String signal) throws Exception {
    new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
        .start()
        .waitFor();
  }
}
