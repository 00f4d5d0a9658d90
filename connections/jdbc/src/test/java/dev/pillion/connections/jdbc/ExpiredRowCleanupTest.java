// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.pillion.CallRejectedException;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.Threads;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class ExpiredRowCleanupTest {
  private static final Duration INTERVAL = Duration.ofSeconds(10);

  private final SteppedTime time = new SteppedTime();
  private final Rows rows = new Rows();
  private final HeldThreads threads = new HeldThreads();

  @Test
  void firstRunComesOneFullIntervalAfterTheStart() {
    start(INTERVAL);
    time.advance(INTERVAL.minusNanos(1));
    threads.runAll();
    assertThat(rows.claims).isEmpty();

    time.advance(Duration.ofNanos(1));
    threads.runAll();
    assertThat(rows.claims).hasSize(1);
    assertThat(rows.deletions).hasValue(1);
  }

  @Test
  void claimsWithTheIntervalLessAHundredMilliseconds() {
    start(INTERVAL);
    time.advance(INTERVAL);
    threads.runAll();
    assertThat(rows.claims).containsExactly(Duration.ofMillis(9_900));
  }

  @Test
  void aRunIsLimitedToTenMinutes() {
    start(INTERVAL);
    time.advance(INTERVAL);
    threads.runAll();
    assertThat(rows.remaining).isEqualTo(Duration.ofMinutes(10).toNanos());
  }

  @Test
  void skipsTheDeletionWhenAnotherProcessHasClaimedTheRun() {
    rows.claimable = false;
    start(INTERVAL);
    time.advance(INTERVAL.multipliedBy(2));
    threads.runAll();
    assertThat(rows.claims).isNotEmpty();
    assertThat(rows.deletions).hasValue(0);
  }

  @Test
  void runsEveryInterval() {
    start(INTERVAL);
    for (int i = 0; i < 5; i++) {
      time.advance(INTERVAL);
      threads.runAll();
    }
    assertThat(rows.deletions).hasValue(5);
  }

  @Test
  void anIntervalOfZeroOrLessDisables() {
    start(Duration.ZERO);
    start(Duration.ofSeconds(-1));
    assertThat(time.scheduled()).isZero();
  }

  @Test
  void neverRunsTwiceAtOnce() {
    start(INTERVAL);
    time.advance(INTERVAL.multipliedBy(4));
    assertThat(threads.held).hasSize(1);
    threads.runAll();
    time.advance(INTERVAL);
    threads.runAll();
    assertThat(rows.deletions).hasValue(2);
  }

  @Test
  void goesOnAfterAFailureAndAfterARefusedThread() {
    start(INTERVAL);
    rows.failure = new IllegalStateException("disk gone");
    time.advance(INTERVAL);
    threads.runAll();
    rows.failure = null;
    threads.refuse = true;
    time.advance(INTERVAL);
    threads.refuse = false;
    time.advance(INTERVAL);
    threads.runAll();
    assertThat(rows.deletions).hasValue(1);
  }

  @Test
  void anIncidentIsLoggedOnceAndItsEndOnce() {
    var log = (Logger) LoggerFactory.getLogger(ExpiredRowCleanup.class);
    var lines = new ListAppender<ILoggingEvent>();
    lines.start();
    log.addAppender(lines);
    log.setAdditive(false);
    start(INTERVAL);
    rows.failure = new IllegalStateException("disk gone");
    runOnce();
    runOnce();
    rows.failure = null;
    runOnce();
    runOnce();
    log.setAdditive(true);
    log.detachAppender(lines);
    assertThat(lines.list)
        .filteredOn(line -> line.getLevel().isGreaterOrEqual(Level.INFO))
        .extracting(ILoggingEvent::getFormattedMessage)
        .containsExactly(
            "component \"statestore\" could not remove expired rows; it tries again every PT10S",
            "component \"statestore\" removes expired rows again");
  }

  private void runOnce() {
    time.advance(INTERVAL);
    threads.runAll();
  }

  @Test
  void nothingRunsAfterClose() {
    var cleanup = start(INTERVAL);
    time.advance(INTERVAL);
    threads.runAll();
    cleanup.close();
    cleanup.close();
    time.advance(INTERVAL.multipliedBy(3));
    assertThat(threads.held).isEmpty();
    assertThat(time.scheduled()).isZero();
  }

  @Test
  void closeWaitsForARunUnderWay() throws Exception {
    var cleanup = start(INTERVAL);
    rows.entered = new CountDownLatch(1);
    rows.leave = new CountDownLatch(1);
    time.advance(INTERVAL);
    var run = new Thread(threads::runAll);
    run.start();
    rows.entered.await();
    var close = new Thread(cleanup::close);
    close.start();
    while (close.getState() != Thread.State.TIMED_WAITING) {
      Thread.onSpinWait();
    }
    assertThat(rows.deletions).hasValue(0);
    rows.leave.countDown();
    close.join();
    assertThat(rows.deletions).hasValue(1);
    run.join();
  }

  private ExpiredRowCleanup start(Duration interval) {
    return ExpiredRowCleanup.start(
        interval,
        rows,
        new ComponentContext("orders", "", "statestore", time, threads, Deadline.none()));
  }

  private static final class Rows implements ExpiredRows {
    final List<Duration> claims = new ArrayList<>();
    final AtomicInteger deletions = new AtomicInteger();
    boolean claimable = true;
    long remaining;
    RuntimeException failure;
    CountDownLatch entered = new CountDownLatch(0);
    CountDownLatch leave = new CountDownLatch(0);

    @Override
    public boolean claim(Duration age, Deadline deadline) {
      claims.add(age);
      remaining = deadline.remainingNanos();
      if (failure != null) {
        throw failure;
      }
      return claimable;
    }

    @Override
    public long delete(Deadline deadline) {
      entered.countDown();
      try {
        leave.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      deletions.incrementAndGet();
      return 3;
    }
  }

  /** Keeps tasks until the test runs them. */
  private static final class HeldThreads implements Threads {
    final Queue<Runnable> held = new ArrayDeque<>();
    boolean refuse;

    @Override
    public void execute(String name, Runnable task) {
      if (refuse) {
        throw new CallRejectedException("ERR_TEST", "no thread left", null);
      }
      held.add(task);
    }

    @Override
    public Thread start(String name, Runnable loop) {
      throw new UnsupportedOperationException();
    }

    void runAll() {
      while (!held.isEmpty()) {
        held.poll().run();
      }
    }
  }
}
