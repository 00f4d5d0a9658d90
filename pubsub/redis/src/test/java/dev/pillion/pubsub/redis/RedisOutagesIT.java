// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.BuildingBlockException;
import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.testservers.RedisOptions;
import dev.pillion.testservers.RedisServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Servers that go, forget, or are full, and programs that are slow. */
@Timeout(180)
class RedisOutagesIT {
  private static final Duration TIMEOUT = Duration.ofSeconds(2);

  @Test
  void killedUnderLoadNothingAcknowledgedIsLostWhenTheServerSyncsEachWrite() {
    try (var redis = RedisServer.start(new RedisOptions().appendFsyncAlways());
        var bus = Bus.on(redis.uri().toString(), TIMEOUT)) {
      Set<String> published = ConcurrentHashMap.newKeySet();
      var stop = new AtomicBoolean();
      var number = new AtomicInteger();
      var publisher = new Thread(() -> {
        while (!stop.get()) {
          var text = "m" + number.incrementAndGet();
          try {
            bus.publish(text);
            published.add(text);
          } catch (BuildingBlockException e) {
            LockSupport.parkNanos(1_000_000);
          }
        }
      });
      Set<String> handled = ConcurrentHashMap.newKeySet();
      var recorder = new Recorder(message -> {
        handled.add(Recorder.text(message));
        return Disposition.ACKNOWLEDGE;
      });
      bus.subscribe(recorder);
      publisher.start();
      for (int round = 0; round < 3; round++) {
        int before = published.size();
        Bus.eventually(() -> assertThat(published).hasSizeGreaterThan(before + 300));
        redis.kill();
        redis.restart();
      }
      int before = published.size();
      Bus.eventually(() -> assertThat(published).hasSizeGreaterThan(before + 300));
      stop.set(true);
      Bus.eventually(() -> assertThat(publisher.isAlive()).isFalse());
      Bus.eventually(() -> assertThat(handled).containsAll(published));
      Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
      assertThat(recorder.count() - handled.size()).as("handled twice").isLessThan(500);
    }
  }

  @Test
  void aServerThatForgetsEverythingIsReadAgainFromTheFirstMessage() {
    try (var redis = RedisServer.start();
        var bus = Bus.on(redis.uri().toString(), TIMEOUT)) {
      var release = new CountDownLatch(1);
      var recorder = new Recorder(message ->
          Recorder.text(message).equals("held") ? awaited(release) : Disposition.ACKNOWLEDGE);
      bus.subscribe(recorder);
      bus.publish("held", "a");
      Bus.eventually(() -> assertThat(recorder.count()).isEqualTo(2));
      bus.raw.flushall();
      bus.publish("b");
      Bus.eventually(() -> assertThat(recorder.texts).contains("b"));
      release.countDown();
      Bus.eventually(() -> assertThat(recorder.running.get()).isZero());
      bus.publish("c");
      Bus.eventually(
          () -> assertThat(recorder.texts).containsExactlyInAnyOrder("held", "a", "b", "c"));
      assertThat(recorder.revoked).as("what was flushed is nobody else's").isEmpty();

      redis.kill();
      redis.restart();
      Bus.eventually(() -> bus.publish("d"));
      Bus.eventually(() -> assertThat(recorder.texts).contains("d"));
    }
  }

  @Test
  void aDestroyedGroupIsMadeAnewAndWhatIsHeldDoesNotRunTwice() {
    try (var redis = RedisServer.start();
        var bus = Bus.on(redis.uri().toString(), TIMEOUT)) {
      var release = new CountDownLatch(1);
      var recorder = new Recorder(message -> awaited(release));
      bus.publishMany(30);
      bus.subscribe(bus.component, recorder, 2, null);
      Bus.eventually(() -> assertThat(recorder.running.get()).isEqualTo(2));
      bus.raw.xgroupDestroy(bus.topic, Bus.GROUP);
      bus.publish("later");
      Bus.eventually(() -> assertThat(bus.pending()).hasSizeGreaterThanOrEqualTo(31));
      release.countDown();
      Bus.eventually(() -> assertThat(recorder.texts).contains("later"));
      Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
      assertThat(recorder.texts).doesNotHaveDuplicates().hasSize(31);
    }
  }

  @Test
  void aDeletedTopicIsMadeAnew() {
    try (var redis = RedisServer.start();
        var bus = Bus.on(redis.uri().toString(), TIMEOUT)) {
      var recorder = Recorder.acknowledging();
      bus.subscribe(recorder);
      bus.publish("a");
      Bus.eventually(() -> assertThat(recorder.texts).containsExactly("a"));
      bus.raw.del(bus.topic);
      Bus.eventually(() -> assertThat(bus.raw.exists(bus.topic)).isEqualTo(1));
      bus.publish("b");
      Bus.eventually(() -> assertThat(recorder.texts).containsExactly("a", "b"));
    }
  }

  @Test
  void anOutageLongerThanTheProcessingTimeoutRunsNothingTwiceHere() {
    try (var redis = RedisServer.start(new RedisOptions().appendFsyncAlways());
        var bus = Bus.on(redis.uri().toString(), TIMEOUT)) {
      var release = new CountDownLatch(1);
      var recorder = new Recorder(message -> awaited(release));
      bus.publishMany(20);
      bus.subscribe(bus.component, recorder, 2, null);
      Bus.eventually(() -> assertThat(recorder.running.get()).isEqualTo(2));
      redis.kill();
      Bus.steadily(
          TIMEOUT.multipliedBy(2), () -> assertThat(recorder.running.get()).isEqualTo(2));
      release.countDown();
      // The two are done, and the server can't be told; no other begins without being asked about.
      Bus.eventually(() -> assertThat(recorder.running.get()).isZero());
      redis.restart();
      Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
      assertThat(recorder.texts).doesNotHaveDuplicates().hasSize(20);
    }
  }

  @Test
  void aServerThatDoesNotAnswerForAWhileIsSurvived() {
    try (var redis = RedisServer.start();
        var bus = Bus.on(redis.uri().toString(), TIMEOUT)) {
      var recorder = Recorder.acknowledging();
      bus.subscribe(recorder);
      bus.publish("a");
      Bus.eventually(() -> assertThat(recorder.texts).containsExactly("a"));
      redis.pause();
      assertThatThrownBy(() ->
              bus.component.publish(bus.message("unknown"), TestTime.in(Duration.ofMillis(100))))
          .isInstanceOf(CallTimeoutException.class);
      Bus.steadily(Duration.ofSeconds(7), () -> assertThat(recorder.texts).containsExactly("a"));
      redis.resume();
      Bus.eventually(() -> bus.publish("b"));
      Bus.eventually(() -> assertThat(recorder.texts).contains("b"));
      Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
    }
  }

  @Test
  void aFullServerRefusesToPublishAndGoesOnWhenThereIsRoom() {
    try (var redis = RedisServer.start(new RedisOptions()
            .setting("maxmemory", "6mb")
            .setting("maxmemory-policy", "noeviction"));
        var bus = Bus.on(redis.uri().toString(), TIMEOUT)) {
      var recorder = Recorder.acknowledging();
      bus.subscribe(recorder);
      var big = new OutgoingMessage(bus.topic + "-big", new byte[200_000], null, null);
      assertThatThrownBy(() -> {
            for (int i = 0; i < 100; i++) {
              bus.component.publish(big, Deadline.none());
            }
          })
          .isInstanceOfSatisfying(
              ComponentException.class, e -> assertThat(e.isTransient()).isTrue())
          .hasMessageContaining("OOM");
      assertThatThrownBy(() -> {
            for (int i = 0; i < 10_000; i++) {
              bus.component.publish(
                  new OutgoingMessage(bus.topic + "-big", new byte[1_000], null, null),
                  Deadline.none());
            }
          })
          .hasMessageContaining("OOM");
      bus.raw.del(bus.topic + "-big");
      Bus.eventually(() -> bus.publish("y"));
      Bus.eventually(() -> assertThat(recorder.texts).containsExactly("y"));
    }
  }

  @Test
  void aServerThatIsAReplicaForAWhileTakesNothingAndLosesNothing() {
    try (var redis = RedisServer.start();
        var bus = Bus.on(redis.uri().toString(), TIMEOUT)) {
      var release = new CountDownLatch(1);
      var recorder = new Recorder(message ->
          Recorder.text(message).startsWith("held") ? awaited(release) : Disposition.ACKNOWLEDGE);
      bus.subscribe(bus.component, recorder, 3, null);
      bus.publish("a", "held-1", "held-2");
      Bus.eventually(() -> assertThat(bus.pending()).hasSize(2));

      // A primary that nobody can reach: the data stay as they are.
      bus.raw.replicaof("127.0.0.1", 1);
      assertThatThrownBy(() -> bus.publish("refused"))
          .isInstanceOfSatisfying(
              ComponentException.class, e -> assertThat(e.isTransient()).isTrue())
          .hasMessageContaining("READONLY");
      var failures = bus.component.publishAll(
          List.of(bus.message("refused"), bus.message("refused")), Bus.soon());
      assertThat(failures).hasSize(2).allSatisfy((index, failure) -> assertThat(failure)
          .isInstanceOfSatisfying(
              ComponentException.class, e -> assertThat(e.isTransient()).isTrue())
          .hasMessageContaining("READONLY"));
      // Done, and the server can't be told.
      release.countDown();
      Bus.eventually(() -> assertThat(recorder.running.get()).isZero());
      Bus.steadily(Duration.ofSeconds(1), () -> assertThat(bus.pending()).hasSize(2));

      bus.raw.replicaofNoOne();
      var later = new ArrayList<String>();
      for (int i = 0; i < 50; i++) {
        var text = "later-" + i;
        Bus.eventually(() -> bus.publish(text));
        later.add(text);
      }
      Bus.eventually(() -> assertThat(recorder.texts).containsAll(later));
      Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
      assertThat(recorder.texts).hasSize(53).doesNotHaveDuplicates().doesNotContain("refused");
    }
  }

  @Test
  void aMessageOverTheServersLimitIsRefusedAndTakesNoOtherWithIt() {
    try (var redis =
            RedisServer.start(new RedisOptions().setting("proto-max-bulk-len", "1048576"));
        var bus = Bus.on(redis.uri().toString(), TIMEOUT)) {
      var recorder = Recorder.acknowledging();
      bus.subscribe(recorder);
      bus.publish("a");
      // The server ends the connection as well: at times that is all one gets to see.
      assertThatThrownBy(() -> bus.component.publish(
              new OutgoingMessage(bus.topic, new byte[3_000_000], null, null), Bus.soon()))
          .isInstanceOf(ComponentException.class)
          .message()
          .containsPattern("invalid bulk length|can't be reached");
      Bus.eventually(() -> bus.publish("b"));
      Bus.eventually(() -> assertThat(recorder.texts).containsExactly("a", "b"));
    }
  }

  @Test
  void aSlowProgramHoldsNoMoreThanItsQueue() {
    try (var redis = RedisServer.start();
        var bus = new Bus(
            redis.uri().toString(),
            Bus.quick(redis.uri().toString(), TIMEOUT).queueDepth(20),
            TestTime.REAL)) {
      var release = new CountDownLatch(1);
      var recorder = new Recorder(message -> awaited(release));
      bus.subscribe(bus.component, recorder, 3, null);
      for (int i = 0; i < 5; i++) {
        bus.publishMany(1_000);
      }
      Bus.eventually(() -> assertThat(bus.pending()).hasSize(20));
      // Two timeouts: all of it is renewed, none of it redelivered.
      Bus.steadily(
          TIMEOUT.multipliedBy(2), () -> assertThat(bus.pending()).hasSize(20).allSatisfy(entry -> {
            assertThat(entry.getSinceLastDelivery()).isLessThan(TIMEOUT.dividedBy(2));
            assertThat(entry.getRedeliveryCount()).isEqualTo(1);
          }));
      assertThat(recorder.count()).isEqualTo(3);
      release.countDown();
      Bus.eventually(() -> assertThat(recorder.count()).isEqualTo(5_000));
      assertThat(recorder.messages).noneMatch(message -> message.isRedelivered());
    }
  }

  @Test
  void subscribingToWhatIsNoStreamIsRefused() {
    try (var redis = RedisServer.start();
        var bus = Bus.on(redis.uri().toString(), TIMEOUT)) {
      bus.raw.set(bus.topic, "a text");
      assertThatThrownBy(() -> bus.subscribe(Recorder.acknowledging()))
          .isInstanceOf(ComponentException.class)
          .hasMessageContaining("WRONGTYPE");
    }
  }

  @Test
  void closingWhileTheServerIsAwayEndsSoon() {
    try (var redis = RedisServer.start();
        var bus = Bus.on(redis.uri().toString(), TIMEOUT)) {
      var recorder = Recorder.acknowledging();
      var intake = bus.subscribe(recorder);
      bus.component.publish(
          new OutgoingMessage(bus.topic, "x".getBytes(UTF_8), null, null), Deadline.none());
      Bus.eventually(() -> assertThat(recorder.count()).isEqualTo(1));
      redis.kill();
      long begin = System.nanoTime();
      intake.close(Deadline.none());
      bus.component.close();
      assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(5));
    }
  }

  private static Disposition awaited(CountDownLatch latch) {
    try {
      if (!latch.await(60, TimeUnit.SECONDS)) {
        throw new AssertionError("waited in vain");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return Disposition.ACKNOWLEDGE;
  }
}
