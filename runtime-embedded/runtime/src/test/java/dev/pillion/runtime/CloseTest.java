// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.BuildingBlockException;
import dev.pillion.state.engine.InMemoryStateStore;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How a runtime ends, whoever ends it, and what remains of it. */
@Timeout(60)
class CloseTest {
  private final List<String> events = new CopyOnWriteArrayList<>();

  private EmbeddedRuntime.Builder builder() {
    return EmbeddedRuntime.builder("closing");
  }

  private Backend backend(String name) {
    return new Backend(name, events);
  }

  @Test
  void handlesAreRefusedAfterwards() {
    var runtime = builder().component("s", new InMemoryStateStore()).start();
    var store = runtime.state("s");
    store.save("k", 1);
    runtime.close();
    assertThatIllegalStateException()
        .isThrownBy(() -> store.get("k", Integer.class))
        .withMessageContaining("closed");
    assertThatIllegalStateException().isThrownBy(() -> store.save("k", 2));
    assertThatIllegalStateException()
        .isThrownBy(() -> runtime.state("s"))
        .withMessage("the runtime \"closing\" is closed");
    assertThatIllegalStateException().isThrownBy(() -> runtime.health(Duration.ZERO));
    assertThatIllegalStateException()
        .isThrownBy(() -> runtime.threads().execute("x", () -> {}));
    assertThatIllegalStateException()
        .isThrownBy(() -> runtime.time().schedule(Duration.ZERO, () -> {}));
    assertThat(runtime.describe().components()).hasSize(1);
  }

  @Test
  void callsAreRefusedBeforeComponentsClose() {
    var refused = new AtomicInteger();
    var runtimes = new CopyOnWriteArrayList<EmbeddedRuntime>();
    var backend = backend("b");
    var store = new InMemoryStateStore();
    backend.closing = () -> {
      try {
        runtimes.get(0).calls().run(
            dev.pillion.call.Call.outbound("state", "s", "get", true), call -> 1);
      } catch (IllegalStateException e) {
        refused.incrementAndGet();
      }
    };
    var runtime = builder().component("s", store).component("b", backend).start();
    runtimes.add(runtime);
    runtime.close();
    assertThat(refused).hasValue(1);
  }

  @Test
  void closingTwiceIsClosingOnce() {
    var runtime = builder().component("a", backend("a")).start();
    runtime.close();
    runtime.close();
    assertThat(events).containsExactly("open a", "close a");
  }

  @Test
  void everythingIsClosedWhateverFailsAndAllFailuresAreKept() {
    var a = backend("a");
    a.closing = () -> {
      throw new IllegalStateException("a is stuck");
    };
    var b = backend("b");
    b.closing = () -> {
      throw new AssertionError("b is stuck");
    };
    var runtime =
        builder().component("a", a).component("b", b).component("c", backend("c")).start();
    var failure = catchThrowableOfType(BuildingBlockException.class, runtime::close);
    assertThat(failure).hasMessage("the runtime \"closing\" did not close cleanly");
    assertThat(failure.getCause())
        .hasMessage("component \"b\" (test.backend/v1) did not close cleanly")
        .hasRootCauseMessage("b is stuck");
    assertThat(failure.getSuppressed()).singleElement().satisfies(
        e -> assertThat(e).hasRootCauseMessage("a is stuck"));
    assertThat(events.subList(3, 6)).containsExactly("close c", "close b", "close a");
    runtime.close();
    assertThat(events).hasSize(6);
  }

  @Test
  void closingFromAThreadOfTheRuntimeEnds() throws InterruptedException {
    var runtime = builder().component("a", backend("a")).start();
    var ended = new CountDownLatch(1);
    runtime.threads().execute("handler", () -> {
      runtime.close();
      ended.countDown();
    });
    assertThat(ended.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(events).containsExactly("open a", "close a");
  }

  @Test
  void aSecondCloserDoesNotWaitForTheFirst() throws Exception {
    var closing = new CountDownLatch(1);
    var mayEnd = new CountDownLatch(1);
    var a = backend("a");
    a.closing = () -> {
      closing.countDown();
      await(mayEnd);
    };
    var runtime = builder().component("a", a).start();
    var first = new FutureTask<>(runtime::close, true);
    new Thread(first).start();
    await(closing);
    runtime.close();
    assertThat(first.isDone()).isFalse();
    mayEnd.countDown();
    first.get();
    assertThat(events).containsExactly("open a", "close a");
  }

  @Test
  void whoeverAwaitsTheShutdownIsReleasedByTheClose() throws Exception {
    var runtime = builder().start();
    var waiting = new FutureTask<>(() -> {
      runtime.awaitShutdown();
      return true;
    });
    new Thread(waiting).start();
    runtime.close();
    assertThat(waiting.get()).isTrue();
    runtime.awaitShutdown();
  }

  @Test
  void anInterruptedWaiterLeavesTheRuntimeOpen() throws Exception {
    try (var runtime = builder().component("s", new InMemoryStateStore()).start()) {
      var begun = new CountDownLatch(1);
      var waiting = new FutureTask<>(() -> {
        begun.countDown();
        try {
          runtime.awaitShutdown();
          return "released";
        } catch (InterruptedException e) {
          return "interrupted";
        }
      });
      var thread = new Thread(waiting);
      thread.start();
      begun.await();
      thread.interrupt();
      assertThat(waiting.get()).isEqualTo("interrupted");
      runtime.state("s").save("k", 1);
    }
  }

  @Test
  void noThreadOfTheRuntimeRemains() throws InterruptedException {
    var worked = new CountDownLatch(2);
    var runtime = EmbeddedRuntime.builder("threadless")
        .component("a", new Backend("a", events)
            .failing(dev.pillion.ComponentException.unavailable("not yet", null)))
        .component("b", new Backend("b", events))
        .component("s", new InMemoryStateStore())
        .start();
    runtime.threads().execute("work", worked::countDown);
    runtime.time().schedule(Duration.ZERO, worked::countDown);
    await(worked);
    runtime.state("s").save("k", 1,
        dev.pillion.state.SaveOptions.defaults().expireAfter(Duration.ofHours(1)));
    assertThat(named("threadless/")).isNotEmpty();
    runtime.close();
    long patience = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!named("threadless/").isEmpty() && System.nanoTime() < patience) {
      Thread.onSpinWait();
    }
    assertThat(named("threadless/")).isEmpty();
  }

  private static List<String> named(String prefix) {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith(prefix))
        .toList();
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
