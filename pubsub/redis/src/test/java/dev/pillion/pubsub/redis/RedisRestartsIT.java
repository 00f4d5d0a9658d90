// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.testservers.RealServers;
import dev.pillion.testservers.RedisServer;
import io.lettuce.core.Range;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Programs that end, in order and otherwise, with messages fetched. */
@ExtendWith(RealServers.class)
@Timeout(180)
class RedisRestartsIT {
  @Test
  void aMessageThatHaltsItsProgramComesToAnEndAndTakesNoOtherWithIt(RedisServer redis)
      throws IOException, InterruptedException {
    var uri = redis.uri().toString();
    try (var bus = Bus.on(uri, Duration.ofSeconds(1))) {
      bus.publishMany(100);
      var dead = bus.topic + "-dead";
      var handled = bus.topic + "-handled";
      int halts = 0;
      while (bus.raw.xlen(dead) == 0) {
        var program = program(uri, bus.topic);
        try {
          while (bus.raw.xlen(dead) == 0 && !program.waitFor(10, TimeUnit.MILLISECONDS)) {
            assertThat(halts).isLessThan(10);
          }
          if (!program.isAlive()) {
            assertThat(program.exitValue()).isEqualTo(3);
            halts++;
          } else {
            Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
          }
        } finally {
          program.destroyForcibly().waitFor();
        }
      }
      // The first attempt is not on record, for nothing was known against the message then.
      assertThat(halts).isEqualTo(PoisonedProgram.LIMIT + 1);
      assertThat(texts(bus, dead)).containsExactly("m50 after 3");
      assertThat(texts(bus, handled).stream().map(text -> text.split(" ")[0]).distinct())
          .hasSize(99)
          .doesNotContain(PoisonedProgram.POISON);
    }
  }

  private static Process program(String uri, String topic) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-Xmx128m",
            "-cp",
            System.getProperty("java.class.path"),
            PoisonedProgram.class.getName(),
            uri,
            topic)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  private static List<String> texts(Bus bus, String topic) {
    return bus.raw.xrange(topic, Range.unbounded()).stream()
        .map(entry -> entry.getBody().get("data"))
        .toList();
  }

  @Test
  void twentyRestartsInOrderWithAFullPrefetchCountNoAttempt(RedisServer redis) {
    var uri = redis.uri().toString();
    try (var bus = Bus.on(uri, Duration.ofSeconds(60))) {
      var texts = bus.publishMany(100);
      for (int round = 0; round < 20; round++) {
        try (var program = Bus.quick(uri, Duration.ofSeconds(60))) {
          program.open(TestTime.context());
          var stopping = new CountDownLatch(1);
          // An engine that stops interrupts its handlers and takes their attempts back.
          var recorder = new Recorder(message -> {
            awaited(stopping);
            return Disposition.RELEASE;
          });
          var intake = bus.subscribe(program, recorder, 2, null);
          Bus.eventually(() -> {
            assertThat(recorder.running.get()).isEqualTo(2);
            assertThat(bus.consumers()).containsValue(100L);
          });
          stopping.countDown();
          intake.close(Bus.soon());
          assertThat(recorder.messages).allMatch(message -> message.attempts() == 0);
        }
      }
      assertThat(bus.pending()).hasSize(100).allSatisfy(entry -> {
        assertThat(entry.getRedeliveryCount()).isEqualTo(1);
        assertThat(entry.getSinceLastDelivery()).isGreaterThanOrEqualTo(Duration.ofSeconds(60));
      });
      var last = Recorder.acknowledging();
      bus.subscribe(last);
      Bus.eventually(() -> assertThat(last.texts).containsExactlyInAnyOrderElementsOf(texts));
      assertThat(last.messages).allMatch(message -> message.attempts() == 0);
    }
  }

  @Test
  void whatAnEndedReadMayHaveFetchedIsGivenBackToo(RedisServer redis) {
    var uri = redis.uri().toString();
    try (var bus = Bus.on(uri, Duration.ofSeconds(60))) {
      int published = 0;
      for (int round = 0; round < 30; round++) {
        try (var program = Bus.quick(uri, Duration.ofSeconds(60))) {
          program.open(TestTime.context());
          var intake = bus.subscribe(program, Recorder.acknowledging(), 1, null);
          // Published while it closes: whether the last read still gets them is a matter of luck.
          bus.publishMany(50);
          published += 50;
          intake.close(Bus.soon());
        }
      }
      assertThat(bus.pending()).allSatisfy(entry -> assertThat(entry.getSinceLastDelivery())
          .isGreaterThanOrEqualTo(Duration.ofSeconds(60)));
      assertThat(bus.raw.xlen(bus.topic)).isEqualTo(published);
      bus.subscribe(Recorder.acknowledging());
      Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
    }
  }

  private static void awaited(CountDownLatch latch) {
    try {
      if (!latch.await(30, TimeUnit.SECONDS)) {
        throw new AssertionError("waited in vain");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
