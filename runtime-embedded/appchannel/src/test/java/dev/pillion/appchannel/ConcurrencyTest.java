// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import static dev.pillion.appchannel.TestChannel.options;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.pillion.CallRejectedException;
import dev.pillion.CallTimeoutException;
import dev.pillion.call.Call;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallContext;
import dev.pillion.call.CallInterceptor;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ConcurrencyTest {
  private final InMemoryApp app = new InMemoryApp();
  private final ExecutorService callers = Executors.newCachedThreadPool();

  @AfterEach
  void end() {
    callers.shutdownNow();
  }

  private static InvocationRequest request(String method) {
    return InvocationRequest.post(method, "text/plain", new byte[0]);
  }

  private static InvocationResponse invoke(TestChannel channel, String method) {
    return channel.channel.invoke(request(method), CallContext.EMPTY);
  }

  /** Calls from another thread, and returns once the caller waits: its deadline is a task. */
  private Future<InvocationResponse> waiting(TestChannel channel, String method, int waiting) {
    Callable<InvocationResponse> call = () -> invoke(channel, method);
    var answer = callers.submit(call);
    channel.time.awaitPending(waiting);
    return answer;
  }

  private static InvocationResponse get(Future<InvocationResponse> answer) throws Exception {
    return answer.get(30, TimeUnit.SECONDS);
  }

  @Test
  void whoWaitsIsServedInTurnWhenABodyHasBeenReadToItsEnd() throws Exception {
    try (var channel = TestChannel.to(app, options().maxConcurrency(1))) {
      var first = invoke(channel, "first");
      var second = waiting(channel, "second", 1);
      var third = waiting(channel, "third", 2);
      assertThat(app.requests).extracting(InvocationRequest::method).containsExactly("first");
      assertThat(first.body().readAllBytes()).isEqualTo("done".getBytes(UTF_8));
      var answered = get(second);
      assertThat(third).isNotDone();
      assertThat(app.requests)
          .extracting(InvocationRequest::method)
          .containsExactly("first", "second");
      answered.close();
      get(third).close();
      assertThat(channel.time.pending()).isZero();
    }
  }

  @Test
  void aSlotIsGivenBackOnceHoweverOftenAnAnswerIsClosed() throws Exception {
    try (var channel = TestChannel.to(app, options().maxConcurrency(1))) {
      var first = invoke(channel, "first");
      first.body().readAllBytes();
      first.close();
      first.close();
      invoke(channel, "second");
      assertThat(waiting(channel, "third", 1)).isNotDone();
    }
  }

  @Test
  void anAppThatFailsHoldsNoSlot() {
    app.handler = (request, deadline) -> {
      throw new IllegalStateException("broken");
    };
    try (var channel = TestChannel.to(app, options().maxConcurrency(1))) {
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> invoke(channel, "orders"))
            .isInstanceOf(IllegalStateException.class)
            .hasMessage("broken");
      }
    }
  }

  @Test
  void aBodyThatBreaksOffHoldsNoSlot() throws Exception {
    app.handler = (request, deadline) ->
        new InvocationResponse(200, "", Map.of(), Map.of(), "", new InputStream() {
          @Override
          public int read() throws IOException {
            throw new IOException("reset");
          }

          @Override
          public int read(byte[] into, int offset, int length) throws IOException {
            return read();
          }
        });
    try (var channel = TestChannel.to(app, options().maxConcurrency(1))) {
      for (int i = 0; i < 3; i++) {
        var answer = invoke(channel, "orders");
        assertThatThrownBy(() -> answer.body().read()).isInstanceOf(InvocationException.class);
      }
    }
  }

  @Test
  void theWaitForASlotEndsAtTheDeadlineOfTheCall() {
    try (var channel = TestChannel.to(app, options().maxConcurrency(2))) {
      invoke(channel, "first");
      invoke(channel, "second");
      var context = CallContext.of(Deadline.after(ofSeconds(3), channel.time), Map.of());
      var third = callers.submit(() -> channel.channel.invoke(request("third"), context));
      channel.time.awaitPending(1);
      channel.advance(ofSeconds(3).minusNanos(1));
      assertThat(third).isNotDone();
      channel.advance(ofSeconds(1));
      assertThatThrownBy(() -> get(third))
          .isInstanceOf(ExecutionException.class)
          .cause()
          .isInstanceOf(CallRejectedException.class)
          .hasMessage(
              "the app at 127.0.0.1:3000 is busy: none of its 2 slots was free before the deadline of the call;"
                  + " its maximum concurrency is set by maxConcurrency, and an answer that is not closed keeps its slot");
      assertThat(app.requests).hasSize(2);
    }
  }

  @Test
  void aCallWithoutADeadlineWaitsAMinuteAndNoLonger() {
    try (var channel = TestChannel.to(app, options().maxConcurrency(1))) {
      invoke(channel, "first");
      var second = waiting(channel, "second", 1);
      channel.advance(ofSeconds(60));
      assertThatThrownBy(() -> get(second)).hasCauseInstanceOf(CallRejectedException.class);
    }
  }

  @Test
  void whoGaveUpWaitingTakesNoSlotFromTheNext() throws Exception {
    try (var channel = TestChannel.to(app, options().maxConcurrency(1))) {
      var first = invoke(channel, "first");
      var second = waiting(channel, "second", 1);
      second.cancel(true);
      await().untilAsserted(() -> assertThat(channel.time.pending()).isZero());
      var third = waiting(channel, "third", 1);
      first.close();
      get(third).close();
      assertThat(app.requests)
          .extracting(InvocationRequest::method)
          .containsExactly("first", "third");
    }
  }

  @Test
  void closingSendsAwayWhoWaits() {
    var channel = TestChannel.to(app, options().maxConcurrency(1));
    invoke(channel, "first");
    var second = waiting(channel, "second", 1);
    channel.close();
    assertThatThrownBy(() -> get(second))
        .hasCauseInstanceOf(IllegalStateException.class)
        .hasMessageContaining("the channel to the app at 127.0.0.1:3000 is closed");
  }

  @Test
  void zeroAndMinusOneAreNoLimit() {
    for (int none : new int[] {0, -1}) {
      try (var channel = TestChannel.to(new InMemoryApp(), options().maxConcurrency(none))) {
        for (int i = 0; i < 1_000; i++) {
          assertThat(invoke(channel, "orders").status()).isEqualTo(200);
        }
      }
    }
  }

  /** Empty, and counts itself as running until it is closed. */
  private static InputStream counted(AtomicInteger running) {
    return new InputStream() {
      @Override
      public int read() {
        return -1;
      }

      @Override
      public void close() {
        running.decrementAndGet();
      }
    };
  }

  @Test
  void neverMoreCallsThanAllowedRunAndEachIsServed() throws Exception {
    var running = new AtomicInteger();
    var most = new AtomicInteger();
    app.handler = (request, deadline) -> {
      most.accumulateAndGet(running.incrementAndGet(), Math::max);
      // Others get the processor, and would get a slot that was not theirs.
      Thread.yield();
      return new InvocationResponse(200, "", Map.of(), Map.of(), "", counted(running));
    };
    try (var channel = TestChannel.to(app, options().maxConcurrency(3))) {
      var done = new ArrayList<Future<Integer>>();
      for (int caller = 0; caller < 16; caller++) {
        done.add(callers.submit(() -> {
          int served = 0;
          for (int i = 0; i < 500; i++) {
            try (var answer = invoke(channel, "orders")) {
              served += answer.status() == 200 ? 1 : 0;
            }
          }
          return served;
        }));
      }
      int served = 0;
      for (var one : done) {
        served += one.get(50, TimeUnit.SECONDS);
      }
      assertThat(served).isEqualTo(8_000);
      assertThat(most.get()).isEqualTo(3);
      assertThat(channel.time.pending()).isZero();
    }
  }

  @Test
  void asManyCallsAsAllowedRunAtOnceAndTheOthersWait() throws Exception {
    var release = new CountDownLatch(1);
    app.handler = (request, deadline) -> {
      try {
        release.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      return InMemoryApp.answer("done");
    };
    try (var channel = TestChannel.to(app, options().maxConcurrency(3))) {
      var done = new ArrayList<Future<Integer>>();
      for (int caller = 0; caller < 16; caller++) {
        done.add(callers.submit(() -> {
          try (var answer = invoke(channel, "orders")) {
            return answer.status();
          }
        }));
      }
      channel.time.awaitPending(13);
      await().untilAsserted(() -> assertThat(app.requests).hasSize(3));
      release.countDown();
      for (var one : done) {
        assertThat(one.get(30, TimeUnit.SECONDS)).isEqualTo(200);
      }
      assertThat(app.requests).hasSize(16);
    }
  }

  /** The call's limit hits between the answer's arrival and the call's end. */
  @Test
  void anAnswerThatComesTooLateHoldsNoSlot() {
    try (var channel = TestChannel.to(app, options().maxConcurrency(1))) {
      app.handler = (request, deadline) -> {
        channel.advance(ofSeconds(4));
        return InMemoryApp.answer("late");
      };
      var context = CallContext.of(Deadline.after(ofSeconds(3), channel.time), Map.of());
      assertThatThrownBy(() -> channel.channel.invoke(request("first"), context))
          .isInstanceOf(CallTimeoutException.class);
      app.handler = (request, deadline) -> InMemoryApp.answer("done");
      invoke(channel, "second").close();
      assertThat(app.requests).hasSize(2);
    }
  }

  @Test
  void aCallThatIsMadeAgainGivesItsFirstSlotBack() {
    var again = new CallInterceptor() {
      @Override
      public <T extends @Nullable Object, E extends Exception> T around(
          Call call, CallBody<T, E> next) throws E {
        var unused = next.run(call);
        return next.run(call);
      }
    };
    try (var channel =
        TestChannel.to(app, options().maxConcurrency(1), builder -> builder.interceptor(again))) {
      invoke(channel, "twice").close();
      invoke(channel, "twice").close();
      assertThat(app.requests).hasSize(4);
    }
  }

  @Test
  void whoWaitedIsNotSentToAnAppThatIsNoLongerWell() throws Exception {
    var check = new AppOptions.HealthCheck("/healthz", ofSeconds(5), ofSeconds(1), 1);
    try (var channel = TestChannel.to(app, options().maxConcurrency(1).healthCheck(check))) {
      var first = invoke(channel, "first");
      var second = waiting(channel, "second", 2);
      app.healthy = false;
      channel.advance(ofSeconds(5));
      first.close();
      assertThatThrownBy(() -> get(second))
          .cause()
          .isInstanceOfSatisfying(InvocationException.class, failure -> assertThat(failure.reason())
              .isEqualTo(Reason.UNHEALTHY));
      assertThat(app.requests).extracting(InvocationRequest::method).containsExactly("first");
      app.healthy = true;
      channel.advance(ofSeconds(5));
      invoke(channel, "third").close();
    }
  }

  @Test
  void aCallThatWasNotSentHasNotTouchedItsStream() throws Exception {
    var body = Body.of(new ByteArrayInputStream("orders".getBytes(UTF_8)), -1);
    var streamed = new InvocationRequest("POST", "orders", "", Map.of(), "text/plain", body);
    app.handler = (request, deadline) -> {
      try {
        return InMemoryApp.answer(new String(request.body().open().readAllBytes(), UTF_8));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    };
    try (var channel = TestChannel.to(app, options().maxConcurrency(1))) {
      var first = invoke(channel, "first");
      var refused = callers.submit(() -> channel.channel.invoke(streamed, CallContext.EMPTY));
      channel.time.awaitPending(1);
      channel.advance(ofSeconds(60));
      assertThatThrownBy(() -> get(refused)).hasCauseInstanceOf(CallRejectedException.class);
      first.close();
      try (var answer = channel.channel.invoke(streamed, CallContext.EMPTY)) {
        assertThat(answer.body().readAllBytes()).isEqualTo("orders".getBytes(UTF_8));
      }
    }
  }

  @Test
  void exchangesOfAProtocolShareTheSlots() throws Exception {
    try (var channel = TestChannel.to(app, options().maxConcurrency(1))) {
      var call = Call.inbound("pubsub", "pubsub/orders", "deliver", false, CallContext.EMPTY);
      var first = invoke(channel, "first");
      var second = callers.submit(() -> channel.channel.exchange(
          call,
          Map.of("x-a", List.of("1")),
          (headers, deadline) -> String.join(",", headers.keySet())));
      channel.time.awaitPending(1);
      assertThat(second).isNotDone();
      first.close();
      assertThat(second.get(30, TimeUnit.SECONDS)).isEqualTo("x-a");
      invoke(channel, "third").close();
    }
  }
}
