// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.CallTimeoutException;
import dev.pillion.call.Call;
import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.testkit.ManualTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Timeouts: deadlines for drivers, interrupts for user code, and no interrupt left behind. */
@Timeout(60)
class TimeLimitTest {
  private static final Call DELIVERY =
      Call.inbound("pubsub", "events/orders", "deliver", true, CallContext.EMPTY);

  private final ManualTime time = new ManualTime();
  private final java.util.concurrent.ExecutorService pool = Executors.newCachedThreadPool();

  @AfterEach
  void stop() {
    pool.shutdownNow();
  }

  private PolicyEngine engine(TimeSource clock) {
    var target = Target.withTimeout("t").retry("r");
    var policies = Resiliency.builder()
        .timeout("t", Duration.ofSeconds(2))
        .retry("r", RetryPolicy.constant(Duration.ofSeconds(1)).maxRetries(2))
        .component("events", target, target)
        .build();
    return PolicyEngine.of(List.of(policies), Map.of(), clock, null);
  }

  @Test
  void anOutboundAttemptGetsADeadlineEachAndNoInterrupt() {
    var clock = new RecordingTime();
    var publish = Call.outbound("pubsub", "events/orders", "publish", true);
    var left = new java.util.ArrayList<Long>();
    assertThatThrownBy(() -> engine(clock).around(publish, call -> {
          left.add(call.context().deadline().remainingNanos());
          clock.advance(Duration.ofSeconds(3));
          throw new CallTimeoutException("ERR", "late", null);
        }))
        .hasMessage("late");
    assertThat(left).hasSize(3).containsOnly(Duration.ofSeconds(2).toNanos());
    assertThat(clock.pausesMillis).containsExactly(1000L, 1000L);
  }

  @Test
  void theEarlierOfTwoDeadlinesHolds() throws Exception {
    var soon = CallContext.EMPTY.with(Deadline.after(Duration.ofSeconds(1), time));
    var publish = Call.outbound("pubsub", "events/orders", "publish", true).with(soon);
    assertThat(
            engine(time).<Deadline, Exception>around(publish, c -> c.context().deadline()))
        .isSameAs(soon.deadline());
  }

  @Test
  void aHandlerIsInterruptedAndTriedAgain() throws Exception {
    var runs = new AtomicInteger();
    Future<String> result = pool.submit(() -> engine(time).around(DELIVERY, call -> {
      if (runs.incrementAndGet() == 1) {
        new CountDownLatch(1).await();
      }
      assertThat(Thread.currentThread().isInterrupted()).isFalse();
      return "done";
    }));
    time.awaitPending(1);
    time.advance(Duration.ofSeconds(2));
    time.awaitPending(1);
    time.advance(Duration.ofSeconds(1));
    assertThat(result.get()).isEqualTo("done");
    assertThat(runs).hasValue(2);
    assertThat(time.pending()).as("timers are taken back").isZero();
  }

  @Test
  void aHandlerThatIgnoresInterruptsForThreeTimeoutsNeverRunsTwiceAtOnce() throws Exception {
    var engine = engine(time);
    var running = new AtomicInteger();
    var most = new AtomicInteger();
    var starts = new Semaphore(0);
    var release = new Semaphore(0);
    Future<String> result = pool.submit(() -> engine.around(DELIVERY, call -> {
      most.accumulateAndGet(running.incrementAndGet(), Math::max);
      starts.release();
      release.acquireUninterruptibly();
      running.decrementAndGet();
      return "late";
    }));
    for (int attempt = 1; attempt <= 3; attempt++) {
      starts.acquire();
      for (int timeouts = 0; timeouts < 3; timeouts++) {
        time.advance(Duration.ofSeconds(2));
        assertThat(running).hasValue(1);
        assertThat(starts.tryAcquire()).isFalse();
        assertThat(engine.stuck("events")).isEqualTo(1);
        assertThat(engine.describe().stuck()).containsEntry("component \"events\"", 1);
      }
      release.release();
      if (attempt < 3) {
        time.awaitPending(1);
        time.advance(Duration.ofSeconds(1));
      }
    }
    assertThatThrownBy(result::get)
        .hasCauseInstanceOf(CallTimeoutException.class)
        .hasMessageContaining("pubsub/deliver on \"events/orders\" was not over within 2s");
    assertThat(most).hasValue(1);
    assertThat(engine.stuck("events")).isZero();
  }

  @Test
  void aContextsDeadlineHoldsForUserCodeWithoutAnyPolicy() throws Exception {
    var engine = PolicyEngine.of(List.of(), Map.of(), time, null);
    var context = CallContext.EMPTY.with(Deadline.after(Duration.ofSeconds(5), time));
    for (String block : List.of("pubsub", "bindings", "actors", "invocation")) {
      var call = Call.inbound(block, "x", "y", false, context);
      assertThat(engine.appliesTo(call)).isTrue();
      assertThat(engine.appliesTo(call.with(CallContext.EMPTY))).isFalse();
    }
    assertThat(engine.appliesTo(Call.inbound("facade", "grpc", "GetState", false, context)))
        .isFalse();
    Future<String> result = pool.submit(
        () -> engine.around(Call.inbound("invocation", "x", "y", false, context), call -> {
          new CountDownLatch(1).await();
          return "";
        }));
    time.awaitPending(1);
    time.advance(Duration.ofSeconds(5));
    assertThatThrownBy(result::get).hasCauseInstanceOf(CallTimeoutException.class);
    assertThatExceptionOfType(CallTimeoutException.class)
        .isThrownBy(() ->
            engine.around(Call.inbound("invocation", "x", "y", false, context), Failing.times(0)))
        .withMessageContaining("had passed before it began");
  }

  @Test
  void aStuckHandlerShowsAtItsComponentWithoutAnyPolicyToo() throws Exception {
    var engine = PolicyEngine.of(List.of(), Map.of(), time, null);
    var context = CallContext.EMPTY.with(Deadline.after(Duration.ofSeconds(5), time));
    assertThatExceptionOfType(CallTimeoutException.class)
        .isThrownBy(() -> engine.around(DELIVERY.with(context), call -> {
          time.advance(Duration.ofSeconds(5));
          assertThat(engine.stuck("events")).isEqualTo(1);
          assertThat(engine.stuck("other")).isZero();
          assertThat(engine.describe().stuck()).containsEntry("component \"events\"", 1);
          return "late";
        }));
    assertThat(engine.stuck("events")).isZero();
  }

  @Test
  void anErrorOfALateHandlerIsNoTimeout() {
    var runs = new AtomicInteger();
    assertThatThrownBy(() -> engine(time).around(DELIVERY, call -> {
          runs.incrementAndGet();
          time.advance(Duration.ofSeconds(2));
          throw new StackOverflowError();
        }))
        .isInstanceOf(StackOverflowError.class);
    assertThat(runs).hasValue(1);
    assertThat(Thread.interrupted()).isFalse();
  }

  @Test
  void anInterruptOfSomebodyElseIsKept() throws Exception {
    Future<Boolean> flag = pool.submit(() -> {
      try {
        engine(time).around(DELIVERY, call -> {
          Thread.currentThread().interrupt();
          time.advance(Duration.ofSeconds(2));
          return "";
        });
      } catch (CallTimeoutException e) {
        return Thread.interrupted();
      }
      return false;
    });
    assertThat(flag.get()).isTrue();
  }

  @Test
  void noInterruptIsLeftBehindHoweverTheTimerAndTheEndRace() throws Exception {
    try (var clock = new RacingTime()) {
      var engine = PolicyEngine.of(
          List.of(Resiliency.builder()
              .timeout("t", Duration.ofNanos(20_000))
              .component("events", Target.withTimeout("t"), Target.withoutPolicies())
              .build()),
          Map.of(),
          clock,
          null);
      int late = 0;
      int inTime = 0;
      for (int i = 0; i < 20_000; i++) {
        long end = System.nanoTime() + 10_000 + (i % 80) * 1_000L;
        try {
          engine.around(DELIVERY, call -> {
            while (System.nanoTime() < end) {
              Thread.onSpinWait();
            }
            return "";
          });
          inTime++;
        } catch (CallTimeoutException e) {
          late++;
        }
        if (Thread.interrupted()) {
          throw new AssertionError("a stray interrupt after run " + i);
        }
      }
      assertThat(late + inTime).isEqualTo(20_000);
      assertThat(late).as("runs that the timer hit").isPositive();
      assertThat(engine.stuck("events")).isZero();
    }
  }

  /** The machine's clock, whose timer is a thread of its own. */
  private static final class RacingTime implements TimeSource, AutoCloseable {
    private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);

    RacingTime() {
      timer.setRemoveOnCancelPolicy(true);
    }

    @Override
    public Instant now() {
      return Instant.EPOCH;
    }

    @Override
    public long nanos() {
      return System.nanoTime();
    }

    @Override
    public Scheduled schedule(Duration delay, Runnable task) {
      var future = timer.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
      return () -> future.cancel(false);
    }

    @Override
    public void close() {
      timer.shutdownNow();
    }
  }
}
