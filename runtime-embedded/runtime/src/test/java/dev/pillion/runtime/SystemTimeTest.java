// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.pillion.testkit.CapturedLog;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SystemTimeTest {
  private final SystemTime time = new SystemTime("orders");

  @AfterEach
  void close() {
    time.close();
  }

  @Test
  void readsTheMachinesClocks() {
    assertThat(time.now())
        .isBetween(Instant.now().minusSeconds(5), Instant.now().plusSeconds(5));
    assertThat(time.nanos()).isLessThanOrEqualTo(System.nanoTime());
  }

  @Test
  void runsATaskOnceAfterItsDelayOnTheTimersThread() throws InterruptedException {
    var name = new ArrayBlockingQueue<String>(1);
    long begun = System.nanoTime();
    time.schedule(Duration.ofMillis(20), () -> name.offer(Thread.currentThread().getName()));
    assertThat(name.poll(30, TimeUnit.SECONDS)).isEqualTo("orders/timer");
    assertThat(System.nanoTime() - begun).isGreaterThanOrEqualTo(20_000_000);
  }

  @Test
  void hasNoThreadBeforeAnythingIsScheduled() {
    try (var idle = new SystemTime("idle")) {
      assertThat(idle.nanos()).isNotNull();
      assertThat(Thread.getAllStackTraces().keySet())
          .noneMatch(thread -> thread.getName().equals("idle/timer"));
    }
  }

  @Test
  void aCancelledTaskDoesNotRun() throws InterruptedException {
    var runs = new AtomicInteger();
    var cancelled = new CountDownLatch(1);
    var after = new CountDownLatch(1);
    // The timer is busy until both cancels are done.
    time.schedule(Duration.ZERO, () -> {
      try {
        cancelled.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    });
    var task = time.schedule(Duration.ZERO, runs::incrementAndGet);
    task.cancel();
    task.cancel();
    cancelled.countDown();
    time.schedule(Duration.ZERO, after::countDown);
    assertThat(after.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(runs).hasValue(0);
  }

  @Test
  void aTaskThatThrowsIsLoggedAndHarmsNoOther() throws InterruptedException {
    var after = new CountDownLatch(1);
    try (var log = new CapturedLog()) {
      time.schedule(Duration.ZERO, () -> {
        throw new AssertionError("broken");
      });
      time.schedule(Duration.ofMillis(1), after::countDown);
      assertThat(after.await(30, TimeUnit.SECONDS)).isTrue();
      assertThat(log.lines("ERROR"))
          .singleElement()
          .asString()
          .contains("a scheduled task failed", "broken");
    }
  }

  @Test
  void aClosedRuntimeSchedulesNothing() {
    time.close();
    assertThatIllegalStateException()
        .isThrownBy(() -> time.schedule(Duration.ZERO, () -> {}))
        .withMessage("the runtime is closed");
  }
}
