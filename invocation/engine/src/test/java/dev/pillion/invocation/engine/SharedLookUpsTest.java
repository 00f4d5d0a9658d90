// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.testkit.ManualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Calls that want one name at the same time. */
@Timeout(60)
class SharedLookUpsTest {
  private static final Target ORDERS = new Target("orders", "orders", "default");
  private static final Duration LONG = Duration.ofSeconds(60);

  private final ManualTime time = new ManualTime();
  private final SharedLookUps<String> lookUps = new SharedLookUps<>(time);
  private final AtomicInteger asked = new AtomicInteger();
  private final CountDownLatch begun = new CountDownLatch(1);
  private final CountDownLatch answered = new CountDownLatch(1);

  /** One call, on a thread of its own. */
  private static final class Caller {
    final FutureTask<Object> result;
    final Thread thread;

    Caller(Callable<String> call) {
      result = new FutureTask<>(() -> {
        try {
          return call.call();
        } catch (RuntimeException e) {
          return e;
        }
      });
      thread = new Thread(result);
      thread.start();
    }

    Object outcome() throws Exception {
      return result.get(10, TimeUnit.SECONDS);
    }
  }

  private Caller caller(Duration timeout, Callable<String> answer) {
    var deadline = Deadline.after(timeout, time);
    return new Caller(() -> lookUps.get(ORDERS, deadline, () -> {
      asked.incrementAndGet();
      begun.countDown();
      try {
        return answer.call();
      } catch (RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }));
  }

  /** Who asks first, and hears only when the test says so. */
  private Caller first(Duration timeout, Callable<String> answer) throws Exception {
    var caller = caller(timeout, () -> {
      assertThat(answered.await(30, TimeUnit.SECONDS)).isTrue();
      return answer.call();
    });
    assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();
    return caller;
  }

  private List<Caller> waiting(int count, Duration timeout, Callable<String> answer) {
    var callers = new ArrayList<Caller>();
    int before = time.pending();
    for (int i = 0; i < count; i++) {
      callers.add(caller(timeout, answer));
    }
    time.awaitPending(before + count);
    return callers;
  }

  private static String never() {
    throw new AssertionError("this one is not asked");
  }

  @Test
  void whoComesMeanwhileHearsTheSame() throws Exception {
    var first = first(LONG, () -> "here");
    var others = waiting(15, LONG, SharedLookUpsTest::never);
    answered.countDown();
    assertThat(first.outcome()).isEqualTo("here");
    for (var other : others) {
      assertThat(other.outcome()).isEqualTo("here");
    }
    assertThat(asked).hasValue(1);
    assertThat(time.pending()).as("alarms").isZero();
  }

  @Test
  void anotherNameIsNotWaitedFor() throws Exception {
    var first = first(LONG, () -> "here");
    var mail = new Target("mail", "mail", "default");
    assertThat(lookUps.get(mail, Deadline.after(LONG, time), () -> "there")).isEqualTo("there");
    answered.countDown();
    assertThat(first.outcome()).isEqualTo("here");
  }

  @Test
  void aFailureIsToldToThoseWhoWaitAndToNobodyLater() throws Exception {
    var failure = ComponentException.unavailable("no answer from db:1", null);
    var first = first(LONG, () -> {
      throw failure;
    });
    var others = waiting(3, LONG, SharedLookUpsTest::never);
    answered.countDown();
    assertThat(first.outcome()).isSameAs(failure);
    for (var other : others) {
      assertThat(other.outcome()).isInstanceOfSatisfying(ComponentException.class, told -> {
        assertThat(told).isNotSameAs(failure).hasMessage("no answer from db:1");
        assertThat(told.isTransient()).isTrue();
        assertThat(told.getCause()).isSameAs(failure);
      });
    }
    assertThat(caller(LONG, () -> "here").outcome()).isEqualTo("here");
    assertThat(asked).hasValue(2);
  }

  @Test
  void eachWaitsUntilItsOwnDeadline() throws Exception {
    var first = first(LONG, () -> "here");
    var hasty = waiting(1, Duration.ofSeconds(1), SharedLookUpsTest::never).get(0);
    var patient = waiting(1, LONG, SharedLookUpsTest::never).get(0);
    time.advance(Duration.ofSeconds(1));
    assertThat(hasty.outcome())
        .isInstanceOf(CallTimeoutException.class)
        .asString()
        .contains("the deadline passed before the name resolver had said where \"orders\" is");
    answered.countDown();
    assertThat(first.outcome()).isEqualTo("here");
    assertThat(patient.outcome()).isEqualTo("here");
    assertThat(asked).hasValue(1);
  }

  @Test
  void aWaiterWhoIsInterruptedHarmsNobody() throws Exception {
    var first = first(LONG, () -> "here");
    var others = waiting(2, LONG, SharedLookUpsTest::never);
    others.get(0).thread.interrupt();
    assertThat(others.get(0).outcome())
        .isInstanceOf(ComponentException.class)
        .asString()
        .contains("interrupted while waiting");
    assertThat(first.result.isDone()).isFalse();
    answered.countDown();
    assertThat(first.outcome()).isEqualTo("here");
    assertThat(others.get(1).outcome()).isEqualTo("here");
    assertThat(asked).hasValue(1);
  }

  @Test
  void theInterruptOfAWaiterIsLeftToIt() throws Exception {
    var first = first(LONG, () -> "here");
    Thread.currentThread().interrupt();
    var failure = catchThrowable(
        () -> lookUps.get(ORDERS, Deadline.after(LONG, time), SharedLookUpsTest::never));
    assertThat(Thread.interrupted()).isTrue();
    assertThat(failure).isInstanceOf(ComponentException.class);
    answered.countDown();
    assertThat(first.outcome()).isEqualTo("here");
  }

  /** As a resolver does that is interrupted. */
  @Test
  void whenTheOneWhoAsksIsInterruptedTheNextOneAsks() throws Exception {
    var first = caller(LONG, () -> {
      try {
        answered.await();
        throw new AssertionError("it was to be interrupted");
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw ComponentException.unavailable("interrupted", e);
      }
    });
    assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();
    var others = waiting(3, LONG, () -> "here");
    first.thread.interrupt();
    assertThat(first.outcome()).isInstanceOf(ComponentException.class);
    for (var other : others) {
      assertThat(other.outcome()).isEqualTo("here");
    }
    assertThat(asked.get()).isBetween(2, 4);
  }

  @Test
  void whatFailedForWantOfTimeIsTriedByThoseWhoHaveMore() throws Exception {
    var hasty = first(Duration.ofMillis(100), () -> {
      throw ComponentException.unavailable("no answer in time", null);
    });
    var patient = waiting(1, LONG, () -> "here").get(0);
    answered.countDown();
    assertThat(hasty.outcome()).asString().contains("no answer in time");
    assertThat(patient.outcome()).isEqualTo("here");
  }

  @Test
  void theDeadlineOfTheOneWhoAsksIsNobodyElses() throws Exception {
    var first = first(LONG, () -> {
      throw new CallTimeoutException("ERR_COMPONENT", "late", null);
    });
    var other = waiting(1, LONG, () -> "here").get(0);
    answered.countDown();
    assertThat(first.outcome()).isInstanceOf(CallTimeoutException.class);
    assertThat(other.outcome()).isEqualTo("here");
  }

  @Test
  void nobodyWaitsForOneWhoHasBroken() throws Exception {
    var first = first(LONG, () -> {
      throw new IllegalStateException("a bug");
    });
    var other = waiting(1, LONG, () -> "here").get(0);
    answered.countDown();
    assertThat(first.outcome()).isInstanceOf(IllegalStateException.class);
    assertThat(other.outcome()).isEqualTo("here");
    await().untilAsserted(() -> assertThat(time.pending()).isZero());
  }
}
