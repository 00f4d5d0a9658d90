// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.pillion.concurrent.Deadline;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ManualTimeTest {
  private final ManualTime time = new ManualTime();
  private final List<String> ran = new ArrayList<>();

  private Runnable note(String what) {
    return () ->
        ran.add(what + "@" + Duration.between(ManualTime.START, time.now()).toMillis());
  }

  @Test
  void startsAtAFixedInstantAndStandsStill() {
    assertThat(time.now()).isEqualTo(ManualTime.START).isEqualTo(time.now());
    assertThat(time.nanos()).isEqualTo(time.nanos());
    assertThat(new ManualTime(Instant.EPOCH).now()).isEqualTo(Instant.EPOCH);
  }

  @Test
  void advancingMovesBothClocksByTheSame() {
    long before = time.nanos();
    time.advance(Duration.ofMillis(1500));
    assertThat(time.now()).isEqualTo(ManualTime.START.plusMillis(1500));
    assertThat(time.nanos() - before).isEqualTo(1_500_000_000L);
  }

  @Test
  void jumpMovesTheWallClockAloneAndRunsNothing() {
    long before = time.nanos();
    time.schedule(Duration.ofSeconds(1), note("task"));
    time.jump(Duration.ofDays(-1));
    assertThat(time.now()).isEqualTo(ManualTime.START.minus(Duration.ofDays(1)));
    time.jump(Duration.ofDays(365));
    assertThat(time.nanos()).isEqualTo(before);
    assertThat(time.pending()).isOne();
    time.advance(Duration.ofSeconds(1));
    assertThat(ran).hasSize(1);
  }

  @Test
  void runsWhatIsDueInOrderEachAtItsOwnMoment() {
    time.schedule(Duration.ofMillis(30), note("c"));
    time.schedule(Duration.ofMillis(10), note("a"));
    time.schedule(Duration.ofMillis(20), note("b"));
    time.schedule(Duration.ofMillis(20), note("b2"));
    time.advance(Duration.ofMillis(29));
    assertThat(ran).containsExactly("a@10", "b@20", "b2@20");
    assertThat(time.now()).isEqualTo(ManualTime.START.plusMillis(29));
    time.advance(Duration.ofMillis(1));
    assertThat(ran).endsWith("c@30");
  }

  @Test
  void runsTasksThatTasksSchedule() {
    time.schedule(Duration.ofMillis(10), () -> {
      note("first").run();
      time.schedule(Duration.ofMillis(5), note("second"));
      time.schedule(Duration.ofMillis(50), note("late"));
    });
    time.advance(Duration.ofMillis(20));
    assertThat(ran).containsExactly("first@10", "second@15");
    assertThat(time.pending()).isOne();
  }

  @Test
  void nothingRunsByItselfNotEvenWithoutDelay() {
    time.schedule(Duration.ZERO, note("now"));
    time.schedule(Duration.ofSeconds(-1), note("past"));
    assertThat(ran).isEmpty();
    time.advance(Duration.ZERO);
    assertThat(ran).containsExactly("now@0", "past@0");
  }

  @Test
  void aCancelledTaskNeverRunsAndCancellingIsIdempotent() {
    var task = time.schedule(Duration.ofMillis(10), note("cancelled"));
    time.schedule(Duration.ofMillis(10), note("kept"));
    task.cancel();
    task.cancel();
    assertThat(time.pending()).isOne();
    time.advance(Duration.ofMillis(10));
    assertThat(ran).containsExactly("kept@10");
  }

  @Test
  void aTaskMayCancelAnotherThatIsDueAtTheSameMoment() {
    var handles = new ArrayList<Runnable>();
    time.schedule(Duration.ofMillis(10), () -> handles.forEach(Runnable::run));
    handles.add(time.schedule(Duration.ofMillis(10), note("cancelled"))::cancel);
    time.advance(Duration.ofSeconds(1));
    assertThat(ran).isEmpty();
  }

  @Test
  void aTaskThatThrowsReachesTheTestAndLeavesTheRestPending() {
    time.schedule(Duration.ofMillis(10), () -> {
      throw new IllegalStateException("broken");
    });
    time.schedule(Duration.ofMillis(20), note("later"));
    assertThatIllegalStateException().isThrownBy(() -> time.advance(Duration.ofSeconds(1)));
    assertThat(time.now()).isEqualTo(ManualTime.START.plusMillis(10));
    time.advance(Duration.ofMillis(10));
    assertThat(ran).containsExactly("later@20");
  }

  @Test
  void aTaskMayAdvanceAndTimeNeverGoesBack() {
    time.schedule(Duration.ofMillis(10), () -> time.advance(Duration.ofMillis(100)));
    time.schedule(Duration.ofMillis(50), note("within"));
    time.advance(Duration.ofMillis(20));
    assertThat(ran).containsExactly("within@50");
    assertThat(time.now()).isEqualTo(ManualTime.START.plusMillis(110));
    assertThatIllegalArgumentException().isThrownBy(() -> time.advance(Duration.ofNanos(-1)));
  }

  @Test
  void deadlinesFollowIt() {
    var deadline = Deadline.after(Duration.ofSeconds(5), time);
    time.advance(Duration.ofSeconds(4));
    assertThat(deadline.hasPassed()).isFalse();
    time.jump(Duration.ofDays(1));
    assertThat(deadline.hasPassed()).isFalse();
    time.advance(Duration.ofSeconds(1));
    assertThat(deadline.hasPassed()).isTrue();
  }

  @Test
  void manyThreadsScheduleWhileOneAdvances() throws InterruptedException {
    int threads = 4;
    int each = 500;
    var count = new AtomicInteger();
    var done = new CountDownLatch(threads);
    for (int i = 0; i < threads; i++) {
      var thread = new Thread(() -> {
        for (int n = 0; n < each; n++) {
          time.schedule(Duration.ofMillis(n % 7), count::incrementAndGet);
        }
        done.countDown();
      });
      thread.start();
    }
    while (done.getCount() > 0) {
      time.advance(Duration.ofMillis(1));
    }
    done.await();
    time.advance(Duration.ofMillis(7));
    assertThat(count).hasValue(threads * each);
    assertThat(time.pending()).isZero();
  }

  @Test
  void waitsForAnotherThreadToScheduleSomething() throws InterruptedException {
    var other = new Thread(() -> time.schedule(Duration.ofSeconds(1), note("other")));
    other.start();
    time.awaitPending(1);
    time.advance(Duration.ofSeconds(1));
    assertThat(ran).containsExactly("other@1000");
    other.join();
  }
}
