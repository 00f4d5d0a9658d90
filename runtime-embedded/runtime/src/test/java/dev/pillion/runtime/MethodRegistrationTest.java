// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.HandlerRegistration;
import dev.pillion.call.Call;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallInterceptor;
import dev.pillion.invocation.InProcessNetwork;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.RequestHandler;
import dev.pillion.resiliency.Resiliency;
import dev.pillion.resiliency.RetryPolicy;
import dev.pillion.resiliency.Target;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Methods that come and go while they are called. */
@Timeout(60)
class MethodRegistrationTest {
  /** Longer than any test here may take. */
  private static final Duration NEVER = Duration.ofMinutes(5);

  private final InProcessNetwork network = InProcessNetwork.create();
  private final List<EmbeddedRuntime> runtimes = new ArrayList<>();

  @AfterEach
  void close() {
    runtimes.forEach(EmbeddedRuntime::close);
  }

  private EmbeddedRuntime start(EmbeddedRuntime.Builder builder) {
    var runtime = builder.network(network).start();
    runtimes.add(runtime);
    return runtime;
  }

  private EmbeddedRuntime start(String appId) {
    return start(EmbeddedRuntime.builder(appId));
  }

  private static RequestHandler saying(String text) {
    return (request, invocation) ->
        InvocationResponse.of(200, Map.of(), "text/plain", text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void aRegistrationThatIsClosedTwiceLeavesTheNextHandlerAlone() {
    var b = start("b");
    var old = b.method("find", Void.class, nothing -> "old");
    old.close();
    b.method("find", Void.class, nothing -> "new");
    old.close();
    assertThat(b.app("b").invoke("find", null, String.class)).isEqualTo("new");
  }

  @Test
  void soDoesOneOfAllOtherMethods() {
    var b = start("b");
    var old = b.otherMethods(saying("old"));
    old.close();
    b.otherMethods(saying("new"));
    old.close();
    assertThat(b.app("b").invoke("find", null, String.class)).isEqualTo("new");
  }

  @Test
  void aMethodMayCloseItsOwnRegistration() {
    var b = start(EmbeddedRuntime.builder("b").drainTimeout(NEVER));
    var own = new AtomicReference<HandlerRegistration>();
    own.set(b.method("once", Void.class, nothing -> {
      own.get().close();
      return "done";
    }));
    assertThat(b.app("b").invoke("once", null, String.class)).isEqualTo("done");
    var failure = catchThrowableOfType(
        InvocationException.class, () -> b.app("b").invoke("once", null, String.class));
    assertThat(failure.statusCode()).isEqualTo(404);
  }

  @Test
  void soMayAMethodThatItCalls() {
    var b = start(EmbeddedRuntime.builder("b").drainTimeout(NEVER));
    var outer = new AtomicReference<HandlerRegistration>();
    b.receive("inner", Void.class, nothing -> outer.get().close());
    outer.set(b.method("outer", Void.class, nothing -> {
      b.app("b").send("inner", null);
      return "done";
    }));
    assertThat(b.app("b").invoke("outer", null, String.class)).isEqualTo("done");
  }

  @Test
  void theOtherCallsOfThatMethodAreWaitedFor() throws Exception {
    var b = start(EmbeddedRuntime.builder("b").drainTimeout(NEVER));
    var own = new AtomicReference<HandlerRegistration>();
    var first = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var ended = new AtomicInteger();
    own.set(b.method("m", Boolean.class, closes -> {
      if (closes) {
        own.get().close();
        return ended.get();
      }
      first.countDown();
      release.await();
      return ended.incrementAndGet();
    }));
    var waiting = run(() -> b.app("b").invoke("m", false, Integer.class));
    assertThat(first.await(10, TimeUnit.SECONDS)).isTrue();
    var closing = run(() -> b.app("b").invoke("m", true, Integer.class));
    Awaitility.await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> catchThrowableOfType(
                InvocationException.class, () -> b.app("b").invoke("m", true, Integer.class))
            != null);
    assertThat(closing.isDone()).isFalse();
    release.countDown();
    assertThat(waiting.get(10, TimeUnit.SECONDS)).isEqualTo(1);
    assertThat(closing.get(10, TimeUnit.SECONDS)).isEqualTo(1);
  }

  private static <T> FutureTask<T> run(Callable<T> work) {
    var task = new FutureTask<>(work);
    new Thread(task).start();
    return task;
  }

  /** Does something when a call has been begun, before it gets to the method. */
  private static final class Before implements CallInterceptor {
    private final Runnable work;
    private boolean done;

    Before(Runnable work) {
      this.work = work;
    }

    @Override
    public <T extends @Nullable Object, E extends Exception> T around(
        Call call, CallBody<T, E> next) throws E {
      if (call.direction() == Call.Direction.OUTBOUND && !done) {
        done = true;
        work.run();
      }
      return next.run(call);
    }
  }

  @Test
  void aHandlerThatIsReplacedWhileACallWaitsInTheChainIsNotTheOneThatRuns() {
    var b = start("b");
    var ran = new ArrayList<String>();
    var old = b.method("find", Void.class, nothing -> ran.add("old"));
    var a = start(EmbeddedRuntime.builder("a").interceptor(new Before(() -> {
      old.close();
      b.method("find", Void.class, nothing -> "new");
    })));
    assertThat(a.app("b").invoke("find", null, String.class)).isEqualTo("new");
    assertThat(ran).isEmpty();
  }

  @Test
  void aMethodThatIsClosedWhileACallWaitsInTheChainIsNotThere() {
    var b = start("b");
    var old = b.method("find", Void.class, nothing -> "old");
    b.otherMethods(saying("other"));
    var a = start(EmbeddedRuntime.builder("a").interceptor(new Before(old::close)));
    assertThat(a.app("b").invoke("find", null, String.class)).isEqualTo("other");
  }

  @Test
  void aReplicaThatClosesWhileACallWaitsInTheChainCostsNoAttempt() {
    var gone = start("b");
    var stays = start("b");
    for (var replica : List.of(gone, stays)) {
      replica.method("find", Void.class, nothing -> replica == gone ? "gone" : "stays");
      replica.method("raw", saying(replica == gone ? "gone" : "stays"));
    }
    var a = start(EmbeddedRuntime.builder("a").interceptor(new Before(gone::close)));
    assertThat(a.app("b").invoke("find", null, String.class)).isEqualTo("stays");
    assertThat(a.app("b").invoke("raw", null, String.class)).isEqualTo("stays");
  }

  @Test
  void theSameForACallOfBytes() {
    var gone = start("b");
    gone.method("raw", saying("gone"));
    start("b").method("raw", saying("stays"));
    var a = start(EmbeddedRuntime.builder("a").interceptor(new Before(gone::close)));
    assertThat(a.app("b").invoke("raw", null, String.class)).isEqualTo("stays");
  }

  @Test
  void eachAttemptLooksForTheMethodAnew() {
    var b = start("b");
    var old = new AtomicReference<HandlerRegistration>();
    old.set(b.method("find", Void.class, nothing -> {
      old.get().close();
      b.method("find", Void.class, none -> "new");
      throw new InvocationException(503, "another one is better");
    }));
    var a = start(EmbeddedRuntime.builder("a")
        .resiliency(Resiliency.builder()
            .retry("some", RetryPolicy.constant(Duration.ofMillis(1)).maxRetries(1))
            .app("b", Target.withRetry("some"))
            .build()));
    assertThat(a.app("b").invoke("find", null, String.class)).isEqualTo("new");
  }
}
