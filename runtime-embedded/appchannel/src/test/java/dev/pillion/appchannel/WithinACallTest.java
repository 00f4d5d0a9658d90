// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.CallRejectedException;
import dev.pillion.call.Call;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallContext;
import dev.pillion.call.CallInterceptor;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationRequest;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is asked as part of a call that has passed the chain: all rules hold but the chain. */
@Timeout(30)
class WithinACallTest {
  private static final InvocationRequest REQUEST =
      InvocationRequest.post("orders", "text/plain", new byte[0]);
  private static final Map<String, String> TRACE =
      Map.of("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");

  private final InMemoryApp app = new InMemoryApp();
  private final AtomicInteger chains = new AtomicInteger();

  private TestChannel channel(AppOptions options) {
    return TestChannel.to(
        app,
        options,
        builder -> builder.interceptor(new CallInterceptor() {
          @Override
          public <T extends @Nullable Object, E extends Exception> T around(
              Call call, CallBody<T, E> next) throws E {
            chains.incrementAndGet();
            return next.run(call);
          }
        }));
  }

  private static String ask(TestChannel test) {
    return test.channel.exchangeWithin(CallContext.EMPTY, Map.of(), (headers, deadline) -> "done");
  }

  @Test
  void theChainIsNotPassedASecondTime() {
    try (var test = channel(TestChannel.options())) {
      test.channel.invokeWithin(CallContext.EMPTY, REQUEST).close();
      test.channel.exchangeWithin(CallContext.EMPTY, Map.of(), (headers, deadline) -> "asked");
      assertThat(chains).hasValue(0);
      test.channel.invoke(REQUEST, CallContext.EMPTY).close();
      assertThat(chains).hasValue(1);
    }
  }

  @Test
  void tokenTraceAndDeadlineGoAlong() {
    try (var test = channel(TestChannel.options().token("t0"))) {
      test.channel.invokeWithin(CallContext.EMPTY.with(TRACE), REQUEST).close();
      assertThat(app.requests.get(0).headers())
          .containsEntry("dapr-api-token", List.of("t0"))
          .containsEntry("traceparent", List.of(TRACE.get("traceparent")));
      var context = CallContext.EMPTY.with(TRACE);
      long left =
          test.channel.exchangeWithin(context, Map.of("x", List.of("1")), (headers, deadline) -> {
            assertThat(headers).containsKeys("x", "dapr-api-token", "traceparent");
            return deadline.remainingNanos();
          });
      // Without a deadline of its own a call has a minute.
      assertThat(left).isEqualTo(ofSeconds(60).toNanos());
    }
  }

  @Test
  void aSlotIsTakenAndGivenBack() {
    try (var test = channel(TestChannel.options().maxConcurrency(1))) {
      var now = CallContext.EMPTY.with(Deadline.after(ZERO, test.time));
      var held = test.channel.invokeWithin(CallContext.EMPTY, REQUEST);
      // Whoever limits a call ends its wait by an interrupt.
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> test.channel.exchangeWithin(now, Map.of(), (h, d) -> "x"))
          .isInstanceOf(CallRejectedException.class);
      assertThat(Thread.interrupted()).isTrue();
      held.close();
      assertThat(ask(test)).isEqualTo("done");
      assertThatThrownBy(() -> test.channel.exchangeWithin(CallContext.EMPTY, Map.of(), (h, d) -> {
            throw EventProgram.gone(InvocationException.Reason.CLOSED);
          }))
          .isInstanceOf(InvocationException.class);
      assertThat(ask(test)).isEqualTo("done");
    }
  }

  @Test
  void anUnhealthyProgramIsNotAsked() {
    app.healthy = false;
    try (var test = channel(TestChannel.options().healthCheck(AppOptions.HealthCheck.DEFAULT))) {
      assertThatThrownBy(() -> test.channel.invokeWithin(CallContext.EMPTY, REQUEST))
          .isInstanceOfSatisfying(InvocationException.class, e -> assertThat(e.reason())
              .isEqualTo(InvocationException.Reason.UNHEALTHY));
      assertThat(app.requests).isEmpty();
    }
  }
}
