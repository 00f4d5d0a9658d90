// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.BuildingBlockException;
import dev.pillion.connections.redis.RedisConnector;
import dev.pillion.connections.redis.RedisSettings;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Message;
import dev.pillion.testservers.FaultProxy;
import dev.pillion.testservers.RealServers;
import dev.pillion.testservers.RedisServer;
import io.lettuce.core.Consumer;
import io.lettuce.core.XClaimArgs;
import io.lettuce.core.XGroupCreateArgs;
import io.lettuce.core.XReadArgs;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whose a message is, beside daprds and other runtimes of the same group. */
@ExtendWith(RealServers.class)
@Timeout(120)
class RedisClaimsIT {
  private static final Duration TIMEOUT = Duration.ofMillis(900);

  @Test
  void aHandlerOfThreeProcessingTimeoutsRunsOnceBesideADaprd(RedisServer redis) {
    var component = Bus.quick(uri(redis), TIMEOUT).queueDepth(12);
    try (var bus = new Bus(uri(redis), component, TestTime.REAL)) {
      var runs = new ConcurrentHashMap<String, Integer>();
      var recorder = new Recorder(message -> {
        runs.merge(Recorder.text(message), 1, Integer::sum);
        Bus.work(TIMEOUT.multipliedBy(3));
        return Disposition.ACKNOWLEDGE;
      });
      // Two at a time: ten of twelve wait locally, for longer than any of them runs.
      bus.publishMany(12);
      bus.subscribe(bus.component, recorder, 2, null);
      Bus.eventually(() -> assertThat(bus.pending()).hasSize(12));
      try (var daprd = new DaprConsumer(uri(redis), bus.topic, Bus.GROUP, TIMEOUT, text -> true)) {
        bus.publish("theirs", "theirs", "theirs");
        Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
        assertThat(runs).hasSize(12).allSatisfy((text, count) -> assertThat(count)
            .isEqualTo(1));
        assertThat(daprd.handled).containsExactly("theirs", "theirs", "theirs");
        assertThat(bus.consumers()).containsKey(Bus.GROUP).hasSize(2);
      }
      assertThat(recorder.revoked).isEmpty();
    }
  }

  @Test
  void whatADaprdLeftIsTakenWhenItsTimeoutHasPassedAndDaprsCountGoesOn(RedisServer redis) {
    try (var bus = Bus.on(uri(redis), TIMEOUT)) {
      var daprd =
          new DaprConsumer(uri(redis), bus.topic, Bus.GROUP, Duration.ofMinutes(1), text -> false);
      bus.publishMany(150);
      Bus.eventually(() -> assertThat(daprd.handled).hasSize(150));
      daprd.close();
      // It tried one of them a second time.
      var twice = bus.pending().get(7).getId();
      bus.raw.xclaim(bus.topic, Consumer.from(Bus.GROUP, Bus.GROUP), 0, twice);
      var recorder = Recorder.acknowledging();
      bus.subscribe(recorder);
      Bus.eventually(() -> assertThat(recorder.count()).isEqualTo(150));
      assertThat(recorder.messages).allMatch(message -> message.isRedelivered());
      assertThat(recorder.messages)
          .filteredOn(message -> message.attempts() == 1)
          .hasSize(1);
      assertThat(recorder.messages)
          .filteredOn(message -> message.attempts() == 0)
          .hasSize(149);
    }
  }

  @Test
  void aDaprdTakesWhatARuntimeOfOursLeft(RedisServer redis) {
    try (var bus = Bus.on(uri(redis), TIMEOUT)) {
      bus.publishMany(20);
      var release = new CountDownLatch(1);
      var recorder = new Recorder(message -> awaited(release));
      var intake = bus.subscribe(bus.component, recorder, 1, null);
      Bus.eventually(() -> assertThat(bus.pending()).hasSize(20));
      release.countDown();
      intake.close(Bus.soon());
      int ours = recorder.count();
      try (var daprd = new DaprConsumer(uri(redis), bus.topic, Bus.GROUP, TIMEOUT, text -> true)) {
        Bus.eventually(() -> assertThat(daprd.handled).hasSize(20 - ours));
      }
      assertThat(bus.pending()).isEmpty();
    }
  }

  @Test
  void theScanPassesOverAnyNumberOfRenewedEntries(RedisServer redis) {
    try (var bus = Bus.on(uri(redis), Duration.ofSeconds(60))) {
      bus.raw.xgroupCreate(
          XReadArgs.StreamOffset.from(bus.topic, "0"),
          Bus.GROUP,
          XGroupCreateArgs.Builder.mkstream());
      bus.publishMany(1_500);
      var ids = bus.readAs("busy", 1_500);
      // The first thousand are held by another consumer, the 1200th was left a while ago.
      bus.raw.xclaim(
          bus.topic,
          Consumer.from(Bus.GROUP, "gone"),
          XClaimArgs.Builder.justid().idle(Duration.ofMinutes(2)),
          ids.get(1_200));
      var recorder = Recorder.acknowledging();
      bus.subscribe(recorder);
      Bus.eventually(() -> assertThat(recorder.texts).containsExactly("m1200"));
      assertThat(bus.consumers()).containsEntry("busy", 1_499L);
    }
  }

  @Test
  void moreThanOnePageIsTakenInOneScanUpToWhatMayBeHeld(RedisServer redis) {
    var component =
        Bus.quick(uri(redis), Duration.ofSeconds(60)).redeliverInterval(Duration.ofSeconds(1));
    try (var bus = new Bus(uri(redis), component, TestTime.REAL)) {
      leaveBehind(bus, 450);
      var release = new CountDownLatch(1);
      var recorder = new Recorder(message -> awaited(release));
      bus.subscribe(recorder);
      Bus.eventually(() -> assertThat(ours(bus)).isEqualTo(200));
      release.countDown();
      Bus.eventually(() -> assertThat(recorder.count()).isEqualTo(450));
    }
  }

  @Test
  void aMessageThatAnotherConsumerTookIsRevokedAndNotRenewed(RedisServer redis) {
    try (var bus = Bus.on(uri(redis), TIMEOUT)) {
      var release = new CountDownLatch(1);
      var recorder = new Recorder(message -> awaited(release));
      bus.publish("runs", "waits");
      bus.subscribe(bus.component, recorder, 1, null);
      Bus.eventually(() -> assertThat(bus.pending()).hasSize(2));
      bus.raw.xclaim(
          bus.topic,
          Consumer.from(Bus.GROUP, "thief"),
          XClaimArgs.Builder.justid().minIdleTime(0),
          bus.pending().stream().map(entry -> entry.getId()).toArray(String[]::new));
      Bus.eventually(() -> assertThat(recorder.revoked).containsExactly("runs"));
      // The thief shows no sign of life either: at its timeout both are ours again, the one that
      // runs without being run a second time.
      Bus.eventually(() -> assertThat(ours(bus)).isEqualTo(2));
      release.countDown();
      Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
      assertThat(recorder.texts).containsExactly("runs", "waits");
    }
  }

  @Test
  void aMessageThatAnotherConsumerHasDoneDoesNotBegin(RedisServer redis) {
    try (var bus = Bus.on(uri(redis), TIMEOUT)) {
      var release = new CountDownLatch(1);
      var recorder = new Recorder(message -> awaited(release));
      bus.publish("runs", "waits");
      bus.subscribe(bus.component, recorder, 1, null);
      Bus.eventually(() -> assertThat(bus.pending()).hasSize(2));
      bus.raw.xack(
          bus.topic,
          Bus.GROUP,
          bus.pending().stream().map(entry -> entry.getId()).toArray(String[]::new));
      Bus.eventually(() -> assertThat(recorder.revoked).containsExactly("runs"));
      release.countDown();
      bus.publish("next");
      Bus.eventually(() -> assertThat(recorder.texts).containsExactly("runs", "next"));
    }
  }

  @Test
  void whatWasTrimmedWhilePendingIsAcknowledgedAndCounted(RedisServer redis) {
    try (var bus = Bus.on(uri(redis), Duration.ofSeconds(60))) {
      leaveBehind(bus, 150);
      bus.raw.xtrim(bus.topic, false, 30);
      var recorder = Recorder.acknowledging();
      bus.subscribe(recorder);
      Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
      assertThat(recorder.count()).isEqualTo(30);
      assertThat(bus.component.lostToTrimming()).isEqualTo(120);
    }
  }

  @Test
  void aMessageTrimmedUnderItsHandlerIsNotLostWhenTheHandlerSucceeds(RedisServer redis) {
    try (var bus = Bus.on(uri(redis), TIMEOUT)) {
      var release = new CountDownLatch(1);
      var tries = new AtomicInteger();
      var recorder = new Recorder(message -> {
        awaited(release);
        return Recorder.text(message).equals("fails") || tries.incrementAndGet() > 1
            ? Disposition.REDELIVER
            : Disposition.ACKNOWLEDGE;
      });
      bus.publish("succeeds", "fails");
      bus.subscribe(recorder);
      Bus.eventually(() -> assertThat(recorder.running.get()).isEqualTo(2));
      bus.raw.xtrim(bus.topic, false, 0);
      Bus.steadily(TIMEOUT, () -> assertThat(recorder.revoked).isEmpty());
      release.countDown();
      Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
      Bus.eventually(() -> assertThat(bus.component.lostToTrimming()).isEqualTo(1));
      assertThat(recorder.texts).containsExactlyInAnyOrder("succeeds", "fails");
    }
  }

  @Test
  void aConsumerWithPendingEntriesIsNeverRemovedAndOneWithoutIsWhenItEnds(RedisServer redis) {
    try (var bus = Bus.on(uri(redis), Duration.ofSeconds(60))) {
      bus.resetCounts();
      var empty = bus.subscribe(Recorder.acknowledging());
      bus.publish("x");
      Bus.eventually(() -> assertThat(bus.consumers().values()).containsOnly(0L));
      empty.close(Bus.soon());
      assertThat(bus.consumers()).isEmpty();

      var failing = bus.subscribe(new Recorder(message -> Disposition.REDELIVER));
      bus.publish("y");
      Bus.eventually(() -> assertThat(bus.consumers()).hasSize(1).containsValue(1L));
      failing.close(Bus.soon());
      assertThat(bus.pending())
          .singleElement()
          .satisfies(entry ->
              // Its pause goes on: it was handled, and it failed.
              assertThat(entry.getSinceLastDelivery()).isLessThan(Duration.ofSeconds(30)));
      assertThat(bus.consumers()).hasSize(1);
    }
  }

  @Test
  void consumersOfEndedProcessesGoWhenNothingIsPendingForThem(RedisServer redis) {
    try (var bus = Bus.on(uri(redis), Duration.ofSeconds(60));
        var connection =
            RedisConnector.to(RedisSettings.at(uri(redis))).connect(TestTime.context())) {
      var group =
          new Group(connection, bus.topic, Bus.GROUP, "me", Duration.ofSeconds(60), TestTime.REAL);
      group.create();
      bus.publish("x");
      bus.readAs("pillion-with-pending", 1);
      for (var name : List.of("pillion-without", Bus.GROUP)) {
        bus.raw.xgroupCreateconsumer(bus.topic, Consumer.from(Bus.GROUP, name));
      }
      group.tidy(Duration.ofHours(1));
      assertThat(bus.consumers()).hasSize(3);
      group.tidy(Duration.ZERO);
      assertThat(bus.consumers().keySet())
          .containsExactlyInAnyOrder("pillion-with-pending", Bus.GROUP);
      assertThat(bus.pending()).hasSize(1);
    }
  }

  @Test
  void whatWaitedBehindABrokenConnectionDoesNotBeginWhenAnotherRuntimeHasTakenIt(
      RedisServer redis) {
    try (var proxy = FaultProxy.to(redis.host(), redis.port());
        var bus = Bus.on(uri(redis), TIMEOUT);
        var cutOff = Bus.quick("redis://%s:%d".formatted(proxy.host(), proxy.port()), TIMEOUT)) {
      cutOff.open(TestTime.context());
      var release = new CountDownLatch(1);
      var here = new Recorder(message -> awaited(release));
      bus.publishMany(20);
      bus.subscribe(cutOff, here, 1, null);
      Bus.eventually(() -> assertThat(bus.pending()).hasSize(20));
      Bus.eventually(() -> assertThat(here.running.get()).isEqualTo(1));
      proxy.cut();
      var there = Recorder.acknowledging();
      bus.subscribe(there);
      Bus.eventually(() -> assertThat(there.count()).isEqualTo(20));
      // Its handler is done before it knows; then it could begin the next.
      release.countDown();
      Bus.eventually(() -> assertThat(here.running.get()).isZero());
      proxy.heal();
      Bus.eventually(() -> {
        bus.publish("more");
        assertThat(here.texts).contains("more");
      });
      assertThat(here.texts.stream().filter(text -> !text.equals("more"))).containsExactly("m0");
      Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"REDELIVER", "RELEASE"})
  void anAttemptThatWasRecordedWithoutOurKnowingDoesNotCount(
      Disposition answer, RedisServer redis) {
    try (var proxy = FaultProxy.to(redis.host(), redis.port());
        var bus = Bus.on(uri(redis), TIMEOUT);
        var cutOff = Bus.quick("redis://%s:%d".formatted(proxy.host(), proxy.port()), TIMEOUT)) {
      cutOff.open(TestTime.context());
      leaveBehind(bus, 1);
      var failures = new ConcurrentLinkedQueue<BuildingBlockException>();
      var recorder = new Recorder(message -> {
        if (!failures.isEmpty()) {
          return Disposition.ACKNOWLEDGE;
        }
        proxy.stallReplies();
        try {
          message.recordAttempts(1);
        } catch (BuildingBlockException e) {
          failures.add(e);
        }
        return answer;
      });
      bus.subscribe(cutOff, recorder, 1, null);
      Bus.eventually(() -> assertThat(bus.pending().get(0).getRedeliveryCount()).isEqualTo(2));
      proxy.heal();
      Bus.eventually(() -> assertThat(recorder.count()).isEqualTo(2));
      assertThat(failures).hasSize(1);
      assertThat(recorder.messages).last().matches(message -> message.attempts() == 0);
      Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
    }
  }

  @Test
  void attemptsThatAreOverCountAlthoughTheServerCouldNotBeTold(RedisServer redis) {
    try (var proxy = FaultProxy.to(redis.host(), redis.port());
        var bus = Bus.on(uri(redis), TIMEOUT);
        var cutOff = Bus.quick("redis://%s:%d".formatted(proxy.host(), proxy.port()), TIMEOUT)) {
      cutOff.open(TestTime.context());
      var failures = new ConcurrentLinkedQueue<BuildingBlockException>();
      var recorder = new Recorder(message -> {
        if (message.isRedelivered()) {
          return Disposition.ACKNOWLEDGE;
        }
        proxy.stall();
        try {
          // One is over either way: the first, or the one before the second.
          message.recordAttempts(Recorder.text(message).equals("failed") ? 1 : 2);
        } catch (BuildingBlockException e) {
          failures.add(e);
        }
        return Disposition.REDELIVER;
      });
      bus.publish("failed", "to begin again");
      bus.subscribe(cutOff, recorder, 2, null);
      Bus.eventually(() -> assertThat(recorder.running.get()).isEqualTo(2));
      Bus.steadily(TIMEOUT.dividedBy(3), () -> assertThat(failures).isEmpty());
      proxy.heal();
      Bus.eventually(() -> assertThat(recorder.count()).isEqualTo(4));
      assertThat(failures).hasSize(2);
      assertThat(recorder.messages)
          .filteredOn(message -> message.isRedelivered())
          .hasSize(2)
          .allMatch(message -> message.attempts() == 1);
      Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
    }
  }

  @Test
  void twoRuntimesNeverRunOneMessageAtTheSameTime(RedisServer redis) {
    try (var bus = Bus.on(uri(redis), TIMEOUT);
        var other = Bus.quick(uri(redis), TIMEOUT)) {
      other.open(TestTime.context());
      var now = ConcurrentHashMap.<String>newKeySet();
      var twice = new AtomicInteger();
      var failed = ConcurrentHashMap.<String>newKeySet();
      Function<Message, Disposition> handler = message -> {
        var text = Recorder.text(message);
        if (!now.add(text)) {
          twice.incrementAndGet();
        }
        Bus.work(Duration.ofMillis(15));
        now.remove(text);
        return failed.add(text) ? Disposition.REDELIVER : Disposition.ACKNOWLEDGE;
      };
      var first = new Recorder(handler);
      var second = new Recorder(handler);
      bus.subscribe(first);
      bus.subscribe(other, second, 0, null);
      bus.publishMany(400);
      Bus.eventually(() -> assertThat(first.count() + second.count()).isEqualTo(800));
      Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
      assertThat(twice.get()).isZero();
    }
  }

  /** Messages that were delivered to a consumer that is gone, and are claimable. */
  private static void leaveBehind(Bus bus, int count) {
    bus.raw.xgroupCreate(
        XReadArgs.StreamOffset.from(bus.topic, "0"),
        Bus.GROUP,
        XGroupCreateArgs.Builder.mkstream());
    bus.publishMany(count);
    var ids = bus.readAs("gone", count);
    bus.raw.xclaim(
        bus.topic,
        Consumer.from(Bus.GROUP, "gone"),
        XClaimArgs.Builder.justid().idle(Duration.ofMinutes(2)),
        ids.toArray(String[]::new));
  }

  private static long ours(Bus bus) {
    return bus.consumers().entrySet().stream()
        .filter(entry -> entry.getKey().startsWith("pillion-"))
        .mapToLong(Map.Entry::getValue)
        .sum();
  }

  private static String uri(RedisServer redis) {
    return redis.uri().toString();
  }

  private static Disposition awaited(CountDownLatch latch) {
    try {
      if (!latch.await(30, TimeUnit.SECONDS)) {
        throw new AssertionError("waited in vain");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return Disposition.ACKNOWLEDGE;
  }
}
