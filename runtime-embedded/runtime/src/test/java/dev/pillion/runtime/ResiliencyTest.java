// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.CallRejectedException;
import dev.pillion.ComponentException;
import dev.pillion.EtagMismatchException;
import dev.pillion.call.Call;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallContext;
import dev.pillion.call.CallInterceptor;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.resiliency.CircuitBreakerPolicy;
import dev.pillion.resiliency.Resiliency;
import dev.pillion.resiliency.RetryPolicy;
import dev.pillion.resiliency.Target;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.SaveOptions;
import dev.pillion.state.engine.InMemoryStateStore;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StateStoreComponent;
import dev.pillion.state.spi.StoredValue;
import dev.pillion.testkit.ManualTime;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Policies around a real block: from the program's verb to the component. */
@Timeout(60)
class ResiliencyTest {
  private final Flaky store = new Flaky();
  private final ManualTime time = new ManualTime();
  private final AtomicInteger seen = new AtomicInteger();

  /** A store that fails so often, and shows what it was given. */
  private static final class Flaky implements StateStoreComponent {
    private final InMemoryStateStore kept = new InMemoryStateStore();
    private final AtomicInteger failures = new AtomicInteger();
    private final AtomicInteger calls = new AtomicInteger();
    private volatile long leftNanos;

    @Override
    public String type() {
      return "state.flaky";
    }

    @Override
    public void open(ComponentContext context) {
      kept.open(context);
    }

    @Override
    public Optional<StoredValue> get(String key, ReadOptions options, Deadline deadline) {
      fail(deadline);
      return kept.get(key, options, deadline);
    }

    @Override
    public void apply(StateChange change, Deadline deadline) {
      fail(deadline);
      kept.apply(change, deadline);
    }

    private void fail(Deadline deadline) {
      calls.incrementAndGet();
      leftNanos = deadline.remainingNanos();
      if (failures.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
        throw ComponentException.unavailable("no answer from db:1", null);
      }
    }

    @Override
    public void close() {
      kept.close();
    }
  }

  private final class Counting implements CallInterceptor {
    @Override
    public <T, E extends Exception> T around(Call call, CallBody<T, E> next) throws E {
      seen.incrementAndGet();
      return next.run(call);
    }
  }

  private EmbeddedRuntime start(RetryPolicy retry) {
    return EmbeddedRuntime.builder("orders")
        .component("st", store)
        .interceptor(new Counting())
        .time(time)
        .resiliency(Resiliency.builder()
            .retry("r", retry)
            .timeout("t", Duration.ofSeconds(2))
            .circuitBreaker("cb", CircuitBreakerPolicy.defaults())
            .component(
                "st",
                Target.withoutPolicies(),
                Target.withRetry("r").timeout("t").circuitBreaker("cb"))
            .build())
        .start();
  }

  private static RetryPolicy atOnce(int retries) {
    return RetryPolicy.constant(Duration.ZERO).maxRetries(retries);
  }

  @Test
  void aStoreThatFailsTwiceIsAskedThreeTimesAndTheProgramSeesNothing() {
    try (var runtime = start(atOnce(3))) {
      store.failures.set(2);
      runtime.state("st").save("k", 1);
      assertThat(store.calls).hasValue(3);
      assertThat(seen).as("the program's own advice is outside").hasValue(1);
      assertThat(store.leftNanos).isEqualTo(Duration.ofSeconds(2).toNanos());
      assertThat(runtime.state("st").get("k", Integer.class)).contains(1);
    }
  }

  @Test
  void aConditionIsNeverSentTwice() {
    try (var runtime = start(atOnce(3))) {
      store.failures.set(1);
      assertThatExceptionOfType(ComponentException.class)
          .isThrownBy(() -> runtime.state("st").save("k", 1, SaveOptions.firstWrite()));
      assertThat(store.calls).hasValue(1);
      runtime.state("st").save("k", 1, SaveOptions.firstWrite());
      assertThatExceptionOfType(EtagMismatchException.class)
          .isThrownBy(() -> runtime.state("st").save("k", 1, SaveOptions.firstWrite()));
      assertThat(store.calls).hasValue(3);
    }
  }

  @Test
  void theBreakerShowsInDescribeAndAfterItsTimeItHeals() {
    try (var runtime = start(atOnce(0))) {
      store.failures.set(6);
      for (int i = 0; i < 6; i++) {
        assertThatThrownBy(() -> runtime.state("st").get("k", Integer.class))
            .isInstanceOf(ComponentException.class);
      }
      assertThatExceptionOfType(CallRejectedException.class)
          .isThrownBy(() -> runtime.state("st").get("k", Integer.class))
          .withMessageContaining("circuit breaker \"cb\" of component \"st\" is open");
      assertThat(store.calls).hasValue(6);
      assertThat(runtime.describe().toString())
          .contains("circuit breaker cb of component \"st\" is open");
      time.advance(Duration.ofSeconds(61));
      assertThat(runtime.state("st").get("k", Integer.class)).isEmpty();
      assertThat(runtime.describe().toString()).doesNotContain("is open");
    }
  }

  @Test
  void closingEndsAPauseWithTheLastFailure() throws Exception {
    var runtime = start(RetryPolicy.constant(Duration.ofHours(1)));
    store.failures.set(100);
    var pool = Executors.newSingleThreadExecutor();
    try {
      var call = pool.submit(() -> runtime.state("st").get("k", Integer.class));
      time.awaitPending(1);
      runtime.close();
      assertThatThrownBy(call::get)
          .hasCauseInstanceOf(ComponentException.class)
          .hasMessageContaining("no answer from db:1");
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void aHandlerThatOutstaysItsTimeShowsInHealth() throws Exception {
    var builder = EmbeddedRuntime.builder("orders")
        .component("st", store)
        .time(time)
        .resiliency(Resiliency.builder()
            .timeout("t", Duration.ofSeconds(2))
            .component("st", Target.withTimeout("t"), Target.withoutPolicies())
            .build());
    var pool = Executors.newSingleThreadExecutor();
    try (var runtime = builder.start()) {
      var started = new CountDownLatch(1);
      var release = new java.util.concurrent.Semaphore(0);
      var call = Call.inbound("bindings", "st", "deliver", false, CallContext.EMPTY);
      var delivery = pool.submit(() -> runtime.calls().run(call, inner -> {
        started.countDown();
        release.acquireUninterruptibly();
        return "";
      }));
      started.await();
      assertThat(status(runtime)).isEqualTo(ComponentHealth.Status.READY);
      time.advance(Duration.ofSeconds(2));
      assertThat(status(runtime)).isEqualTo(ComponentHealth.Status.DEGRADED);
      release.release();
      assertThatThrownBy(delivery::get).hasMessageContaining("was not over within 2s");
      assertThat(status(runtime)).isEqualTo(ComponentHealth.Status.READY);
    } finally {
      pool.shutdownNow();
    }
  }

  private static ComponentHealth.Status status(EmbeddedRuntime runtime) {
    return runtime.health(Duration.ofSeconds(1)).get(0).status();
  }
}
