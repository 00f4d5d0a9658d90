// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.pillion.CallRejectedException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SystemThreadsTest {
  private final SystemThreads threads = new SystemThreads("orders");

  @AfterEach
  void close() {
    threads.close();
  }

  private record Seen(String name, boolean daemon, boolean interrupted) {}

  private Seen run(String name) throws InterruptedException {
    var seen = new SynchronousQueue<Seen>();
    threads.execute(name, () -> {
      var thread = Thread.currentThread();
      put(seen, new Seen(thread.getName(), thread.isDaemon(), thread.isInterrupted()));
    });
    return seen.poll(30, TimeUnit.SECONDS);
  }

  private static <T> void put(SynchronousQueue<T> queue, T value) {
    try {
      queue.put(value);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void threadsAreNamedAfterTheAppAndTheirWork() throws InterruptedException {
    assertThat(run("pubsub/events")).isEqualTo(new Seen("orders/pubsub/events-1", true, false));
    assertThat(run("state")).isEqualTo(new Seen("orders/state-2", true, false));
  }

  @Test
  void longLivedThreadsAreDaemonsOfTheirOwn() throws InterruptedException {
    var ended = new CountDownLatch(1);
    var thread = threads.start("reminders", () -> {
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException e) {
        ended.countDown();
      }
    });
    assertThat(thread.getName()).isEqualTo("orders/reminders");
    assertThat(thread.isDaemon()).isTrue();
    thread.interrupt();
    assertThat(ended.await(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void theCapOfPlatformThreadsRejectsByNameAndNeverQueues() throws InterruptedException {
    assumeTrue(Runtime.version().feature() < 21, "virtual threads have no cap");
    int cap = SystemThreads.MAX_PLATFORM_THREADS;
    var running = new CountDownLatch(cap);
    var release = new CountDownLatch(1);
    var late = new AtomicInteger();
    for (int i = 0; i < cap; i++) {
      threads.execute("busy", () -> {
        running.countDown();
        try {
          release.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      });
    }
    assertThat(running.await(30, TimeUnit.SECONDS)).as("all run at once").isTrue();

    var rejected = catchThrowableOfType(
        CallRejectedException.class,
        () -> threads.execute("pubsub/events", late::incrementAndGet));

    assertThat(rejected)
        .hasMessage("\"pubsub/events\" would need thread 513 of at most 512;"
            + " lower its concurrency, or run on a JVM with virtual threads");
    assertThat(rejected.errorCode()).isEqualTo("ERR_TOO_MANY_THREADS");
    release.countDown();
    assertThat(runEventually()).startsWith("orders/again-");
    assertThat(late).as("what was rejected never runs").hasValue(0);
  }

  private String runEventually() throws InterruptedException {
    long patience = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (System.nanoTime() < patience) {
      try {
        return run("again").name();
      } catch (CallRejectedException e) {
        Thread.onSpinWait();
      }
    }
    throw new AssertionError("no thread became free");
  }

  @Test
  void manyThreadsAtOnceWhereTheJvmHasVirtualOnes() throws InterruptedException {
    assumeTrue(Runtime.version().feature() >= 21, "this JVM has no virtual threads");
    int many = 10_000;
    var running = new CountDownLatch(many);
    for (int i = 0; i < many; i++) {
      threads.execute("busy", () -> {
        running.countDown();
        try {
          running.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      });
    }
    assertThat(running.await(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aTaskThatThrowsHarmsNoOther() throws InterruptedException {
    var handler = Thread.getDefaultUncaughtExceptionHandler();
    Thread.setDefaultUncaughtExceptionHandler((thread, e) -> {});
    try {
      threads.execute("broken", () -> {
        throw new IllegalStateException("broken");
      });
      assertThat(run("next").name()).isEqualTo("orders/next-2");
    } finally {
      Thread.setDefaultUncaughtExceptionHandler(handler);
    }
  }

  @Test
  void aClosedRuntimeStartsNothing() {
    threads.close();
    assertThatIllegalStateException()
        .isThrownBy(() -> threads.execute("late", () -> {}))
        .withMessage("the runtime is closed");
  }
}
