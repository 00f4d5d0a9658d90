// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.ComponentException;
import dev.pillion.InvalidConfigurationException;
import dev.pillion.NoSuchComponentException;
import dev.pillion.component.ComponentSpec;
import dev.pillion.state.engine.InMemoryStateStore;
import dev.pillion.testkit.CapturedLog;
import dev.pillion.testkit.ManualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How a runtime starts, waits for backends, gives up, and cleans up after itself. */
@Timeout(60)
class StartTest {
  private final List<String> events = new CopyOnWriteArrayList<>();
  private final ManualTime time = new ManualTime();

  private EmbeddedRuntime.Builder builder() {
    return EmbeddedRuntime.builder("orders").time(time);
  }

  private Backend backend(String name) {
    return new Backend(name, events);
  }

  private static ComponentException away(String message) {
    return ComponentException.unavailable(message, new IOException("refused"));
  }

  /** Starts on a thread of its own while this one moves time on, as often as something waits. */
  private EmbeddedRuntime startWhileTimePasses(EmbeddedRuntime.Builder builder) throws Throwable {
    var start = new FutureTask<>(builder::start);
    new Thread(start).start();
    while (!start.isDone()) {
      if (time.pending() > 0) {
        time.advance(Duration.ofMillis(10));
      } else {
        Thread.onSpinWait();
      }
    }
    try {
      return start.get();
    } catch (java.util.concurrent.ExecutionException e) {
      throw e.getCause();
    }
  }

  @Test
  void componentsAreTold() {
    var a = backend("a");
    a.opening = context -> {
      assertThat(context.appId()).isEqualTo("orders");
      assertThat(context.namespace()).isEqualTo("prod");
      assertThat(context.name()).isEqualTo("a");
      assertThat(context.time()).isSameAs(time);
      assertThat(context.deadline().remainingNanos())
          .isEqualTo(Duration.ofSeconds(5).toNanos());
    };
    builder().namespace("prod").component("a", a).start().close();
    assertThat(events).containsExactly("open a", "close a");
  }

  @Test
  void componentsOpenSideBySide() {
    var together = new CyclicBarrier(3);
    var builder = builder();
    for (String name : List.of("a", "b", "c")) {
      var backend = backend(name);
      backend.opening = context -> {
        try {
          together.await(30, TimeUnit.SECONDS);
        } catch (Exception e) {
          throw new IllegalStateException(e);
        }
      };
      builder.component(name, backend);
    }
    builder.start().close();
    assertThat(events.subList(0, 3)).containsExactlyInAnyOrder("open a", "open b", "open c");
    assertThat(events.subList(3, 6)).containsExactly("close c", "close b", "close a");
  }

  @Test
  void aBackendThatComesUpLateIsWaitedFor() throws Throwable {
    var backend = backend("a").failing(away("one"), away("two"), away("three"));
    try (var runtime = startWhileTimePasses(builder().component("a", backend))) {
      assertThat(runtime.health(Duration.ofSeconds(1)))
          .containsExactly(new ComponentHealth("a", ComponentHealth.Status.READY, null));
    }
    assertThat(events).containsExactly("open a", "open a", "open a", "open a", "close a");
    // 50, 100, 200 ms: the pauses grow
    assertThat(Duration.between(ManualTime.START, time.now()))
        .isBetween(Duration.ofMillis(350), Duration.ofMillis(450));
  }

  @Test
  void aBackendThatComesUpLateIsWaitedForOnTheMachinesClockToo() {
    var backend = backend("a").failing(away("one"), away("two"));
    long begun = System.nanoTime();
    EmbeddedRuntime.builder("orders").component("a", backend).start().close();
    assertThat(System.nanoTime() - begun).isGreaterThanOrEqualTo(150_000_000L);
    assertThat(events).containsExactly("open a", "open a", "open a", "close a");
  }

  @Test
  void aBackendThatStaysAwayIsNamedWithItsAttempts() {
    var backend = backend("a");
    for (int i = 0; i < 100; i++) {
      backend.failing(away("127.0.0.1:1 refuses connections"));
    }
    var failure = catchThrowableOfType(
        ComponentException.class, () -> startWhileTimePasses(builder().component("a", backend)));
    assertThat(failure)
        .hasMessageMatching(
            "component \"a\" \\(test\\.backend/v1\\) could not be opened \\(\\d+ attempts within 5000 ms\\): 127\\.0\\.0\\.1:1 refuses connections");
    assertThat(failure.isTransient()).isTrue();
    assertThat(failure.errorCode()).isEqualTo("ERR_COMPONENT_INIT");
    assertThat(failure).hasRootCauseMessage("refused");
    assertThat(Duration.between(ManualTime.START, time.now())).isLessThan(Duration.ofSeconds(6));
    assertThat(events).contains("close a");
  }

  @Test
  void theInitTimeoutIsTheComponentsOwn() throws Throwable {
    var spec = new ComponentSpec(
        "st",
        "state.in-memory",
        "",
        dev.pillion.component.ComponentMetadata.of(Map.of()),
        Duration.ofMillis(120),
        false);
    var backend = backend("a").failing(away("x"), away("x"), away("x"), away("x"));
    builder().component(spec.initTimeout(Duration.ofSeconds(1))).start().close();
    var lifecycle = new Lifecycle();
    var registry = new Registry();
    var entry = new Registry.Entry("a", "", backend, spec.metadata(), spec.initTimeout(), false);
    registry.add(entry);
    var threads = new SystemThreads("orders");
    var opener = new Opener("orders", "", time, threads, lifecycle);
    var attempt =
        new FutureTask<>(() -> catchThrowable(() -> opener.openAll(registry, List.of(entry))));
    new Thread(attempt).start();
    time.awaitPending(1);
    time.advance(Duration.ofMillis(50));
    // The pause would be 100 ms; it is cut so that a last attempt has time.
    time.awaitPending(1);
    time.advance(Duration.ofMillis(20));
    assertThat(attempt.get()).hasMessageContaining("3 attempts within 120 ms");
    threads.close();
  }

  @Test
  void whatIsNotTransientFailsAtOnce() {
    var backend = backend("a").failing(ComponentException.failed("wrong password", null));
    var failure = catchThrowableOfType(
        ComponentException.class, () -> builder().component("a", backend).start());
    assertThat(failure)
        .hasMessage(
            "component \"a\" (test.backend/v1) could not be opened (1 attempt): wrong password");
    assertThat(failure.isTransient()).isFalse();
    assertThat(events).containsExactly("open a", "close a");
    assertThat(time.now()).isEqualTo(ManualTime.START);
  }

  @Test
  void aBugOrAMissingDriverIsNamedWithItsComponentAndNotQuoted() {
    for (Throwable bug :
        List.of(new NullPointerException("canary"), new NoClassDefFoundError("canary"))) {
      events.clear();
      var failure = catchThrowableOfType(ComponentException.class, () -> builder()
          .component("b", backend("b"))
          .component("a", backend("a").failing(bug))
          .start());
      assertThat(failure)
          .hasMessage("component \"a\" (test.backend/v1) could not be opened (1 attempt): "
              + bug.getClass().getName())
          .hasCause(bug);
      assertThat(events).containsExactlyInAnyOrder("open b", "open a", "close a", "close b");
    }
  }

  @Test
  void aFailedStartClosesWhatWasOpenedAndKeepsAllFailures() {
    var a = backend("a");
    a.closing = () -> {
      throw new IllegalStateException("a does not close");
    };
    var b = backend("b").failing(ComponentException.failed("b is broken", null));
    b.closing = () -> {
      throw new IllegalStateException("b does not close");
    };
    var c = backend("c").failing(ComponentException.failed("c is broken", null));
    var d = backend("d");
    var failure = catchThrowableOfType(ComponentException.class, () -> builder()
        .component("a", a)
        .component("b", b)
        .component("c", c)
        .component("d", d)
        .start());
    assertThat(failure).hasMessageContaining("b is broken");
    assertThat(List.of(failure.getSuppressed()))
        .extracting(Throwable::getMessage)
        .anySatisfy(m -> assertThat(m).isEqualTo("b does not close"))
        .anySatisfy(m -> assertThat(m).contains("c is broken"))
        .anySatisfy(m -> assertThat(m).contains("component \"a\"", "did not close cleanly"));
    assertThat(events).contains("close a", "close b", "close c", "close d");
    assertThat(events.indexOf("close d")).isLessThan(events.indexOf("close a"));
  }

  @Test
  void withIgnoreErrorsTheRuntimeStartsWithoutIt() {
    var lifecycle = new Lifecycle();
    var registry = new Registry();
    var backend = backend("a").failing(ComponentException.failed("broken", null));
    registry.add(new Registry.Entry(
        "a",
        "v1",
        backend,
        dev.pillion.component.ComponentMetadata.of(Map.of()),
        Duration.ofSeconds(5),
        true));
    try (var log = new CapturedLog();
        var threads = new SystemThreads("orders")) {
      new Opener("orders", "", time, threads, lifecycle).openAll(registry, registry.entries());
      assertThat(log.lines("WARN"))
          .containsExactly(
              "WARN starting without it, as ignoreErrors says: component \"a\" (test.backend/v1) could not be opened (1 attempt): broken");
    }
    assertThat(registry.entries()).isEmpty();
    assertThat(registry.health(Duration.ofSeconds(1), time)).singleElement().satisfies(health -> {
      assertThat(health.status()).isEqualTo(ComponentHealth.Status.ABSENT);
      assertThat(health.reason()).contains("broken");
    });
    assertThat(events).containsExactly("open a", "close a");
  }

  @Test
  void anInterruptedStartEndsAndClosesEverything() throws Exception {
    var opened = new CountDownLatch(1);
    var a = backend("a");
    a.opening = context -> opened.countDown();
    var b = backend("b");
    for (int i = 0; i < 100; i++) {
      b.failing(away("not there"));
    }
    var start = new FutureTask<>(() -> {
      var failure =
          catchThrowable(() -> builder().component("b", b).component("a", a).start());
      return Map.entry(Thread.interrupted(), failure);
    });
    var thread = new Thread(start);
    thread.start();
    opened.await();
    time.awaitPending(1);
    thread.interrupt();
    assertThat(start.get().getKey()).as("the flag is kept").isTrue();
    assertThat(start.get().getValue())
        .isInstanceOf(ComponentException.class)
        .hasMessageContaining("interrupted");
    assertThat(events).contains("close a", "close b");
    assertThat(time.pending()).isZero();
  }

  @Test
  void anInterruptReachesTheBackendsThatOpenOnOtherThreads() throws Exception {
    var a = backend("a");
    for (int i = 0; i < 100; i++) {
      a.failing(away("not there"));
    }
    var start = new FutureTask<>(() -> catchThrowable(
        () -> builder().component("first", backend("first")).component("a", a).start()));
    var thread = new Thread(start);
    thread.start();
    time.awaitPending(1);
    thread.interrupt();
    assertThat(start.get()).isInstanceOf(ComponentException.class);
    assertThat(events).contains("close a", "close first");
  }

  @Test
  void anExtensionThatCannotStartEndsTheStart() {
    Extension good = new Extension() {
      @Override
      public AutoCloseable start(EmbeddedRuntime runtime) {
        return () -> events.add("close good");
      }
    };
    Extension bad = new Extension() {
      @Override
      public AutoCloseable start(EmbeddedRuntime runtime) throws IOException {
        throw new IOException("port 1 is taken");
      }
    };
    var failure = catchThrowable(
        () -> builder().component("a", backend("a")).with(good).with(bad).start());
    assertThat(failure)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the runtime \"orders\" could not start")
        .hasRootCauseMessage("port 1 is taken");
    assertThat(events).containsExactly("open a", "close good", "close a");
  }

  @Test
  void aRuntimeHasOneAppBesideIt() {
    class App implements Extension {
      private final AppConnection connection;

      App(String protocol, int port) {
        connection = new AppConnection(protocol, "127.0.0.1", port, 0, "WAITING", null);
      }

      @Override
      public AppConnection appConnection() {
        return connection;
      }
    }

    var builder = builder()
        .component("a", backend("a"))
        .with(new App("http", 3000))
        .with(new App("grpc", 3001));
    assertThat(catchThrowable(builder::start))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining(
            "a runtime has one app beside it, but its extensions connect it to http://127.0.0.1:3000 and grpc://127.0.0.1:3001;"
                + " keep one, and give every other app a runtime of its own");
    assertThat(events).isEmpty();
  }

  @Test
  void anErrorDuringTheStartClosesEverythingToo() {
    Extension bad = new Extension() {
      @Override
      public AutoCloseable start(EmbeddedRuntime runtime) {
        throw new NoClassDefFoundError("io/grpc/Server");
      }
    };
    assertThat(catchThrowable(
            () -> builder().component("a", backend("a")).with(bad).start()))
        .isInstanceOf(NoClassDefFoundError.class);
    assertThat(events).containsExactly("open a", "close a");
  }

  @Test
  void extensionsConfigureAtOnceAndStartInOrderWhenAllIsOpen() {
    class Noting implements Extension {
      private final String name;

      Noting(String name) {
        this.name = name;
      }

      @Override
      public void configure(EmbeddedRuntime.Builder builder) {
        builder.component("of " + name, backend("of " + name));
      }

      @Override
      public AutoCloseable start(EmbeddedRuntime runtime) {
        events.add("start " + name);
        assertThat(runtime.describe().components()).hasSize(2);
        return () -> events.add("stop " + name);
      }
    }
    builder().with(new Noting("x")).with(new Noting("y")).start().close();
    assertThat(events.subList(2, 6)).containsExactly("start x", "start y", "stop y", "stop x");
    assertThat(events.subList(6, 8)).containsExactly("close of y", "close of x");
  }

  @Test
  void namesAndIds() {
    assertThatIllegalArgumentException().isThrownBy(() -> EmbeddedRuntime.builder(" "));
    assertThatIllegalArgumentException().isThrownBy(() -> EmbeddedRuntime.builder("a||b"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder().component("", new InMemoryStateStore()));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder().component("a", backend("a")).component("a", backend("a")))
        .withMessage("the name \"a\" is taken by a test.backend");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder().drainTimeout(Duration.ofSeconds(-1)));
    var builder = builder();
    builder.start().close();
    assertThatIllegalStateException().isThrownBy(builder::start).withMessageContaining("another");
  }

  @Test
  void aMissingStoreIsNamedWithThoseThereAre() {
    try (var runtime = builder().component("a", backend("a")).start()) {
      var failure = catchThrowableOfType(NoSuchComponentException.class, () -> runtime.state("x"));
      assertThat(failure).hasMessage("no state store \"x\"; the runtime has none");
      assertThat(failure.errorCode()).isEqualTo("ERR_STATE_STORE_NOT_CONFIGURED");
    }
    try (var runtime = builder()
        .component("a", backend("a"))
        .component("s", new InMemoryStateStore())
        .component("t", new InMemoryStateStore())
        .start()) {
      var failure = catchThrowableOfType(NoSuchComponentException.class, () -> runtime.state("a"));
      assertThat(failure).hasMessage("no state store \"a\"; the runtime has [s, t]");
      assertThat(failure.errorCode()).isEqualTo("ERR_STATE_STORE_NOT_FOUND");
      assertThat(runtime.state("s")).isSameAs(runtime.state("s"));
      assertThat(runtime.state("s").name()).isEqualTo("s");
    }
  }

  @Test
  void healthAsksEveryBackendAndShowsOurOwnWordsOnly() {
    var away = backend("away");
    away.probing = away("no answer from db:1");
    var buggy = backend("buggy");
    buggy.probing = new IllegalStateException("canary");
    try (var runtime = builder()
        .component("up", backend("up"))
        .component("away", away)
        .component("buggy", buggy)
        .start()) {
      assertThat(runtime.health(Duration.ofSeconds(1)))
          .containsExactly(
              new ComponentHealth("up", ComponentHealth.Status.READY, null),
              new ComponentHealth("away", ComponentHealth.Status.DEGRADED, "no answer from db:1"),
              new ComponentHealth(
                  "buggy", ComponentHealth.Status.DEGRADED, "java.lang.IllegalStateException"));
    }
  }

  @Test
  void describesItself() {
    try (var runtime = builder()
        .namespace("prod")
        .component("s", new InMemoryStateStore())
        .component("b", backend("b"))
        .start()) {
      var description = runtime.describe();
      assertThat(description.appId()).isEqualTo("orders");
      assertThat(description.components())
          .extracting(
              ComponentDescription::name,
              ComponentDescription::type,
              ComponentDescription::version,
              ComponentDescription::capabilities)
          .containsExactly(
              org.assertj.core.groups.Tuple.tuple(
                  "s", "state.in-memory", "v1", List.of("ETAG", "TRANSACTIONAL", "TTL")),
              org.assertj.core.groups.Tuple.tuple("b", "test.backend", "v1", List.of()));
      assertThat(description.toString())
          .startsWith(
              "Pillion " + PillionVersion.current() + ", app id \"orders\", namespace \"prod\"")
          .containsPattern("\\R  s +state.in-memory/v1 .*\\R  b +test.backend/v1 ");
    }
  }

  @Test
  void oneLineForEachThingThatBeganOrEnded() {
    try (var log = new CapturedLog()) {
      builder().component("a", backend("a")).start().close();
      assertThat(log.lines("INFO"))
          .containsExactly(
              "INFO component \"a\" (test.backend/v1) is open after 0 ms",
              "INFO \"orders\" is ready after 0 ms",
              "INFO \"orders\" is closed");
      assertThat(log.lines("WARN")).isEmpty();
    }
  }
}
