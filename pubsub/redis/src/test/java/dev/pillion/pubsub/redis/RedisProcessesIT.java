// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.testservers.RealServers;
import dev.pillion.testservers.RedisServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Programs that share a group, and are ended in order or killed, with messages fetched. */
@ExtendWith(RealServers.class)
@Timeout(120)
class RedisProcessesIT {
  private static final int SIGTERM_STATUS = 128 + 15;
  private static final int QUEUE = 100;
  /** For the end of a JVM, on a machine that has other things to do. */
  private static final Duration MARGIN = Duration.ofSeconds(4);

  @TempDir
  Path directory;

  private Path journal;
  private String uri;
  private final List<ShopProgram> programs = new ArrayList<>();

  @BeforeEach
  void at(RedisServer redis) {
    journal = directory.resolve("journal");
    uri = redis.uri().toString();
  }

  @AfterEach
  void close() {
    programs.forEach(ShopProgram::close);
  }

  private ShopProgram program(Bus bus, Duration processingTimeout, int concurrency, Duration work)
      throws Exception {
    var program = ShopProgram.start(bus, journal, processingTimeout, concurrency, work);
    programs.add(program);
    return program;
  }

  private List<String> lines(String word) {
    return ShopProgram.lines(journal, word);
  }

  @Test
  void onSigtermWithAFullPrefetchWhatRunsIsFinishedAndTheNextProgramHandlesTheRest()
      throws Exception {
    // What was not given back would come a minute later.
    var timeout = Duration.ofMinutes(1);
    try (var bus = Bus.on(uri, timeout)) {
      var texts = bus.publishMany(400);
      var slow = program(bus, timeout, 4, Duration.ofMillis(200));
      Bus.eventually(() -> {
        assertThat(lines("end")).hasSizeGreaterThan(8);
        // But for what has just been handled.
        assertThat(bus.pending()).hasSizeGreaterThan(QUEUE - 10);
      });
      assertThat(slow.terminate(ShopProgram.DRAIN.plus(MARGIN))).isEqualTo(SIGTERM_STATUS);
      var finished = lines("end");
      assertThat(finished).hasSizeLessThan(texts.size() - QUEUE);
      assertThat(lines("start")).containsExactlyInAnyOrderElementsOf(finished);

      program(bus, timeout, 10, Duration.ofMillis(1));
      Bus.eventually(() -> assertThat(lines("end")).containsAll(texts));
      Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
      assertThat(lines("end")).as("handled once").hasSize(texts.size());
    }
  }

  @Test
  void onSigtermHandlersThatOutlastTheDrainTimeoutDoNotHoldUpTheEnd() throws Exception {
    var timeout = Duration.ofMinutes(1);
    try (var bus = Bus.on(uri, timeout)) {
      var texts = bus.publishMany(300);
      var stuck = program(bus, timeout, 4, Duration.ofMinutes(10));
      Bus.eventually(() -> {
        assertThat(lines("start")).hasSize(4);
        assertThat(bus.pending()).hasSize(QUEUE);
      });
      long begin = System.nanoTime();
      assertThat(stuck.terminate(ShopProgram.DRAIN.plus(MARGIN))).isEqualTo(SIGTERM_STATUS);
      System.out.printf(
          "MEASURED a program with 100 fetched and 4 stuck ended %d ms after SIGTERM, drain timeout %d ms%n",
          TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin), ShopProgram.DRAIN.toMillis());
      var interrupted = lines("start");
      assertThat(interrupted).as("nothing begins while it ends").hasSize(4);

      program(bus, timeout, 10, Duration.ofMillis(1));
      Bus.eventually(() -> assertThat(lines("end")).containsAll(texts));
      Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
      assertThat(lines("end")).as("handled to the end once").hasSize(texts.size());
      assertThat(lines("start")).as("the interrupted ones twice").hasSize(texts.size() + 4);
    }
  }

  @Test
  void whatSubscribersThatAreKilledShareIsHandledAllTheSame() throws Exception {
    int waves = 4;
    int each = 300;
    int concurrency = 8;
    var timeout = Duration.ofSeconds(1);
    var work = Duration.ofMillis(10);
    try (var bus = Bus.on(uri, timeout)) {
      var texts = new ArrayList<String>();
      var one = program(bus, timeout, concurrency, work);
      var two = program(bus, timeout, concurrency, work);
      int kills = 0;
      for (int wave = 0; wave < waves; wave++) {
        int before = lines("start").size();
        for (int i = 0; i < each; i++) {
          var text = "m" + texts.size();
          bus.publish(text);
          texts.add(text);
        }
        Bus.eventually(() -> assertThat(lines("start")).hasSizeGreaterThan(before + 40));
        // One of them, the other, both, none.
        if (wave == 0 || wave == 2) {
          one.kill();
          kills++;
        }
        if (wave == 1 || wave == 2) {
          two.kill();
          kills++;
        }
        if (wave == 0 || wave == 2) {
          one = program(bus, timeout, concurrency, work);
        }
        if (wave == 1 || wave == 2) {
          two = program(bus, timeout, concurrency, work);
        }
      }
      Bus.eventually(() -> assertThat(lines("end")).containsAll(texts));
      Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
      var ended = lines("end");
      int cutOff = lines("start").size() - ended.size();
      int twice = ended.size() - new HashSet<>(ended).size();
      System.out.printf(
          "MEASURED %d events, %d programs killed: %d handlers cut off, %d events handled twice%n",
          texts.size(), kills, cutOff, twice);
      assertThat(new HashSet<>(ended)).hasSize(texts.size());
      assertThat(cutOff).isBetween(0, kills * concurrency);
      assertThat(twice).isLessThanOrEqualTo(kills * QUEUE);
    }
  }
}
