// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.CallRejectedException;
import dev.pillion.ComponentException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.Threads;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.TopicSubscription;
import dev.pillion.testservers.RedisServer;
import io.lettuce.core.Consumer;
import io.lettuce.core.Range;
import io.lettuce.core.XClaimArgs;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What becomes of messages by what their receiver returns, and what that costs. */
class RedisDeliveryIT {
  private static RedisServer redis;

  @BeforeAll
  static void start() {
    redis = RedisServer.start();
  }

  @AfterAll
  static void stop() {
    redis.close();
  }

  private static Bus bus(Duration processingTimeout) {
    return Bus.on(redis.uri().toString(), processingTimeout);
  }

  @Test
  void aPublishIsOneCommand() {
    try (var bus = bus(Duration.ofSeconds(60))) {
      bus.resetCounts();
      bus.publish("a", "b", "c");
      assertThat(bus.counts()).isEqualTo(Map.of("xadd", 3));
    }
  }

  @Test
  void everyMessageIsHandledOnceAndAcknowledgedTogetherWithOthers() {
    try (var bus = bus(Duration.ofSeconds(60))) {
      var texts = bus.publishMany(5_000);
      bus.resetCounts();
      var recorder = Recorder.acknowledging();
      bus.subscribe(recorder);
      Bus.eventually(() -> assertThat(recorder.count()).isEqualTo(5_000));
      Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
      assertThat(recorder.texts).containsExactlyInAnyOrderElementsOf(texts);
      assertThat(recorder.mostRunning.get()).isLessThanOrEqualTo(10);
      assertThat(bus.counts().get("xack")).isLessThan(2_500);
      assertThat(bus.counts().get("xreadgroup")).isLessThan(500);
    }
  }

  @Test
  void oneHandlerAtATimeKeepsTheOrder() {
    try (var bus = bus(Duration.ofSeconds(60))) {
      var texts = bus.publishMany(300);
      var recorder = Recorder.acknowledging();
      bus.subscribe(bus.component, recorder, 1, null);
      Bus.eventually(() -> assertThat(recorder.texts).containsExactlyElementsOf(texts));
      assertThat(recorder.mostRunning.get()).isEqualTo(1);
    }
  }

  @Test
  void asManyHandlersRunAtATimeAsTheSubscriptionSays() {
    try (var bus = bus(Duration.ofSeconds(60))) {
      bus.publishMany(30);
      var release = new CountDownLatch(1);
      var recorder = new Recorder(message -> awaited(release));
      bus.subscribe(bus.component, recorder, 7, null);
      Bus.eventually(() -> assertThat(recorder.running.get()).isEqualTo(7));
      release.countDown();
      Bus.eventually(() -> assertThat(recorder.count()).isEqualTo(30));
      assertThat(recorder.mostRunning.get()).isEqualTo(7);
    }
  }

  @Test
  void aFailedMessageComesAgainWhenTheProcessingTimeoutHasPassedAfterItsEnd() {
    try (var bus = bus(Duration.ofSeconds(1))) {
      var times = new ConcurrentLinkedQueue<Long>();
      var recorder = new Recorder(message -> {
        times.add(System.nanoTime());
        return times.size() < 2 ? Disposition.REDELIVER : Disposition.ACKNOWLEDGE;
      });
      bus.subscribe(recorder);
      bus.publish("x");
      Bus.eventually(() -> assertThat(times).hasSize(2));
      assertThat(times.remove() + Duration.ofMillis(990).toNanos()).isLessThan(times.remove());
      Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
    }
  }

  @Test
  void attemptsOnRecordAreOneLessThanTheCountOfDeliveriesAndSurvive() {
    try (var bus = bus(Duration.ofMillis(500))) {
      var attempts = new ConcurrentLinkedQueue<String>();
      var recorder = new Recorder(message -> {
        attempts.add(message.attempts() + (message.isRedelivered() ? " again" : ""));
        if (message.isRedelivered()) {
          message.recordAttempts(message.attempts() + 1);
        }
        return attempts.size() < 4 ? Disposition.REDELIVER : Disposition.ACKNOWLEDGE;
      });
      bus.subscribe(recorder);
      bus.publish("x");
      Bus.eventually(() -> assertThat(attempts).hasSize(4));
      assertThat(attempts).containsExactly("0", "0 again", "1 again", "2 again");
    }
  }

  @Test
  void recordedAttemptsAreOnTheServerBeforeTheCallReturnsAndCanBeTakenBack() {
    try (var bus = bus(Duration.ofSeconds(60))) {
      var recorder = new Recorder(message -> {
        message.recordAttempts(3);
        assertThat(bus.pending().get(0).getRedeliveryCount()).isEqualTo(4);
        assertThat(message.attempts()).isEqualTo(3);
        message.recordAttempts(2);
        assertThat(bus.pending().get(0).getRedeliveryCount()).isEqualTo(3);
        return Disposition.ACKNOWLEDGE;
      });
      bus.publish("x");
      bus.subscribe(recorder);
      Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
      assertThat(recorder.messages.remove().attempts()).isEqualTo(2);
    }
  }

  @Test
  void noAttemptIsRecordedForAMessageThatAnotherConsumerHas() {
    try (var bus = bus(Duration.ofSeconds(60))) {
      var failure = new CompletableFuture<RuntimeException>();
      var recorder = new Recorder(message -> {
        var id = bus.pending().get(0).getId();
        bus.raw.xclaim(
            bus.topic,
            Consumer.from(Bus.GROUP, "other"),
            XClaimArgs.Builder.justid().minIdleTime(0),
            id);
        try {
          message.recordAttempts(2);
          failure.complete(new IllegalStateException("recorded"));
        } catch (RuntimeException e) {
          failure.complete(e);
        }
        return Disposition.RELEASE;
      });
      bus.publish("x");
      bus.subscribe(recorder);
      assertThat(failure.join())
          .isInstanceOfSatisfying(
              ComponentException.class, e -> assertThat(e.isTransient()).isFalse())
          .hasMessageContainingAll(bus.topic, "no longer held");
      // Nor is it given back: it is not ours to give.
      var left = bus.pending().get(0);
      assertThat(left.getConsumer()).isEqualTo("other");
      assertThat(left.getSinceLastDelivery()).isLessThan(Duration.ofSeconds(30));
    }
  }

  @Test
  void aReleasedMessageIsAnyonesAtOnceAndCountsNoAttempt() {
    try (var bus = bus(Duration.ofSeconds(60))) {
      var recorder = new Recorder(message -> Disposition.RELEASE);
      bus.publish("x");
      bus.subscribe(recorder);
      Bus.eventually(() -> assertThat(bus.pending()).singleElement().satisfies(entry -> {
        assertThat(entry.getSinceLastDelivery()).isGreaterThanOrEqualTo(Duration.ofSeconds(60));
        assertThat(entry.getRedeliveryCount()).isEqualTo(1);
      }));
    }
  }

  @Test
  void aReceiverThatThrowsHasFailed() {
    try (var bus = bus(Duration.ofMillis(500))) {
      var failed = new AtomicBoolean();
      var recorder = new Recorder(message -> {
        if (failed.compareAndSet(false, true)) {
          throw new IllegalStateException("a test's");
        }
        return Disposition.ACKNOWLEDGE;
      });
      bus.subscribe(bus.component, recorder, 1, null);
      bus.publish("x", "y");
      Bus.eventually(() -> assertThat(recorder.texts).containsExactly("x", "y", "x"));
      Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
    }
  }

  @Test
  void twoIntakesOfOneGroupShareAndTwoGroupsDoNot() {
    try (var bus = bus(Duration.ofSeconds(60));
        var other = RedisPubSub.at(redis.uri().toString())) {
      other.open(TestTime.context());
      var first = Recorder.acknowledging();
      var second = Recorder.acknowledging();
      var apart = Recorder.acknowledging();
      bus.subscribe(first);
      bus.subscribe(other, second, 0, null);
      bus.component.subscribe(new TopicSubscription(bus.topic, "apart", Map.of(), 0, null), apart);
      var texts = bus.publishMany(2_000);
      Bus.eventually(() -> assertThat(first.count() + second.count()).isEqualTo(2_000));
      Bus.eventually(() -> assertThat(apart.texts).containsExactlyInAnyOrderElementsOf(texts));
      assertThat(first.texts).isNotEmpty().doesNotContainAnyElementsOf(second.texts);
      assertThat(second.texts).isNotEmpty();
    }
  }

  @Test
  void aBatchIsFullOrHasWaitedLongEnough() {
    try (var bus = bus(Duration.ofSeconds(60))) {
      bus.publishMany(25);
      var recorder = Recorder.acknowledging();
      bus.subscribe(
          bus.component, recorder, 1, new TopicSubscription.Bulk(10, Duration.ofMillis(300)));
      Bus.eventually(() -> assertThat(recorder.batches).containsExactly(10, 10, 5));
      Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
    }
  }

  @Test
  void aBatchsMessagesAreSettledOneByOne() {
    try (var bus = bus(Duration.ofSeconds(60))) {
      bus.publishMany(10);
      var recorder = new Recorder(message ->
          Recorder.text(message).equals("m3") ? Disposition.REDELIVER : Disposition.ACKNOWLEDGE);
      bus.subscribe(
          bus.component, recorder, 1, new TopicSubscription.Bulk(10, Duration.ofMillis(300)));
      Bus.eventually(() -> assertThat(recorder.count()).isEqualTo(10));
      Bus.eventually(() -> assertThat(bus.pending()).hasSize(1));
      assertThat(bus.raw.xrange(
              bus.topic,
              Range.create(bus.pending().get(0).getId(), bus.pending().get(0).getId())))
          .singleElement()
          .satisfies(entry -> assertThat(entry.getBody()).containsEntry("data", "m3"));
    }
  }

  @Test
  void aPauseFetchesNothingAndGivesBackWhatWaits() {
    try (var bus = bus(Duration.ofSeconds(5))) {
      var release = new CountDownLatch(1);
      var recorder = new Recorder(message -> awaited(release));
      bus.publishMany(50);
      var intake = bus.subscribe(bus.component, recorder, 2, null);
      Bus.eventually(() -> assertThat(recorder.running.get()).isEqualTo(2));
      intake.pause();
      intake.pause();
      // Another runtime has the 48 that waited, without delay.
      var other = RedisPubSub.at(redis.uri().toString())
          .processingTimeout(Duration.ofSeconds(5))
          .redeliverInterval(Duration.ofMillis(100));
      other.open(TestTime.context());
      var elsewhere = Recorder.acknowledging();
      long begin = System.nanoTime();
      bus.subscribe(other, elsewhere, 0, null);
      Bus.eventually(() -> assertThat(elsewhere.count()).isEqualTo(48));
      assertThat(System.nanoTime() - begin).isLessThan(Duration.ofSeconds(4).toNanos());
      other.close();
      release.countDown();
      Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
      bus.publish("later");
      assertThat(recorder.count()).isEqualTo(2);
      intake.resume();
      intake.resume();
      Bus.eventually(() -> assertThat(recorder.texts).hasSize(3).contains("later"));
    }
  }

  @Test
  void whatAPauseGaveBackComesAtOnceAfterIt() {
    try (var bus = bus(Duration.ofSeconds(60))) {
      var release = new CountDownLatch(1);
      var recorder = new Recorder(message -> awaited(release));
      var texts = bus.publishMany(20);
      var intake = bus.subscribe(bus.component, recorder, 1, null);
      Bus.eventually(() -> assertThat(recorder.running.get()).isEqualTo(1));
      intake.pause();
      release.countDown();
      Bus.eventually(() -> assertThat(bus.pending()).hasSize(19));
      intake.resume();
      Bus.eventually(() -> assertThat(recorder.texts).hasSize(20).containsAll(texts));
      assertThat(recorder.messages)
          .allSatisfy(message -> assertThat(message.attempts()).isZero());
    }
  }

  @Test
  void aBlockedReadHoldsUpNobody() {
    try (var bus = bus(Duration.ofSeconds(60))) {
      for (int i = 0; i < 5; i++) {
        bus.component.subscribe(
            new TopicSubscription(bus.topic + i, "g", Map.of(), 0, null), Recorder.acknowledging());
      }
      bus.publish("warm");
      long begin = System.nanoTime();
      for (int i = 0; i < 100; i++) {
        bus.publish("x");
      }
      assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(1));
    }
  }

  @Test
  void aMessageForWhichThereIsNoThreadIsKeptAndHandledLater() {
    var full = new AtomicBoolean(true);
    var refused = new AtomicInteger();
    var threads = new Threads() {
      @Override
      public void execute(String name, Runnable task) {
        if (full.get()) {
          refused.incrementAndGet();
          throw new CallRejectedException("ERR_TOO_MANY_THREADS", "full", null);
        }
        TestTime.REAL.execute(name, task);
      }

      @Override
      public Thread start(String name, Runnable loop) {
        return TestTime.REAL.start(name, loop);
      }
    };
    var uri = redis.uri().toString();
    try (var bus = new Bus(uri, Bus.quick(uri, Duration.ofMillis(500)), threads)) {
      var recorder = Recorder.acknowledging();
      bus.publishMany(20);
      bus.subscribe(recorder);
      // Past two processing timeouts: it is renewed all the while.
      Bus.eventually(() -> assertThat(refused.get()).isGreaterThan(10));
      full.set(false);
      Bus.eventually(() -> assertThat(recorder.count()).isEqualTo(20));
      assertThat(recorder.messages).noneMatch(message -> message.isRedelivered());
    }
  }

  @Test
  void withoutRedeliveryAFailedMessageStaysPendingAndNoneIsFetchedAhead() {
    var uri = redis.uri().toString();
    var component = RedisPubSub.at(uri).processingTimeout(Duration.ZERO).concurrency(3);
    try (var bus = new Bus(uri, component, TestTime.REAL)) {
      var release = new CountDownLatch(1);
      var recorder = new Recorder(message -> {
        awaited(release);
        return Recorder.text(message).equals("m1")
            ? Disposition.REDELIVER
            : Disposition.ACKNOWLEDGE;
      });
      bus.publishMany(10);
      bus.subscribe(recorder);
      Bus.eventually(() -> assertThat(recorder.running.get()).isEqualTo(3));
      assertThat(bus.pending()).hasSize(3);
      release.countDown();
      Bus.eventually(() -> assertThat(recorder.count()).isEqualTo(10));
      Bus.eventually(() -> assertThat(bus.pending()).hasSize(1));
    }
  }

  @Test
  void closingWaitsForHandlersAndGivesBackTheRest() {
    try (var bus = bus(Duration.ofSeconds(60))) {
      bus.publishMany(50);
      var started = new CountDownLatch(3);
      var recorder = new Recorder(message -> {
        started.countDown();
        Bus.work(Duration.ofMillis(300));
        return Disposition.ACKNOWLEDGE;
      });
      var intake = bus.subscribe(bus.component, recorder, 3, null);
      awaited(started);
      intake.close(Bus.soon());
      intake.close(Bus.soon());
      assertThat(recorder.running.get()).isZero();
      assertThat(recorder.count()).isEqualTo(3);
      assertThat(bus.pending()).hasSize(47).allSatisfy(entry -> {
        assertThat(entry.getSinceLastDelivery()).isGreaterThanOrEqualTo(Duration.ofSeconds(60));
        assertThat(entry.getRedeliveryCount()).isEqualTo(1);
      });
      bus.publish("more");
      assertThat(bus.pending()).hasSize(47);
    }
  }

  @Test
  void aHandlerThatOutlivesTheDeadlineKeepsItsMessageAndItsAnswerCounts() {
    try (var bus = bus(Duration.ofMillis(600))) {
      bus.publish("x");
      var release = new CountDownLatch(1);
      var recorder = new Recorder(message -> awaited(release));
      var intake = bus.subscribe(recorder);
      Bus.eventually(() -> assertThat(recorder.running.get()).isEqualTo(1));
      intake.close(TestTime.in(Duration.ofMillis(10)));
      var again = Recorder.acknowledging();
      bus.subscribe(again);
      Bus.steadily(Duration.ofMillis(1_500), () -> assertThat(again.texts).isEmpty());
      release.countDown();
      Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
      assertThat(again.texts).isEmpty();
    }
  }

  @Test
  void aClosedComponentRefusesAndMayBeOpenedAgain() {
    try (var bus = bus(Duration.ofSeconds(60))) {
      bus.subscribe(Recorder.acknowledging());
      bus.component.close();
      assertThatThrownBy(() -> bus.publish("x"))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("not open");
      bus.component.open(TestTime.context());
      var recorder = Recorder.acknowledging();
      bus.subscribe(recorder);
      bus.component.publish(bus.message("y"), Deadline.none());
      Bus.eventually(() -> assertThat(recorder.texts).containsExactly("y"));
    }
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
