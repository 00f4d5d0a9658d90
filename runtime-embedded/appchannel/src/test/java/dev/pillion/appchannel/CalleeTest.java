// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import static dev.pillion.appchannel.TestChannel.options;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.CallTimeoutException;
import dev.pillion.call.Call;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallContext;
import dev.pillion.call.CallInterceptor;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.InProcessNetwork;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testkit.ManualTime;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The program beside a runtime answers calls of its app: by the app itself, and by others. */
@Timeout(30)
class CalleeTest {
  private static final InvocationRequest REQUEST =
      InvocationRequest.post("v1/create", "text/plain", "a".getBytes(UTF_8));

  private final InMemoryApp app = new InMemoryApp();
  private final List<Call> calls = new ArrayList<>();

  private final class Recorder implements CallInterceptor {
    @Override
    public <T extends @Nullable Object, E extends Exception> T around(
        Call call, CallBody<T, E> next) throws E {
      calls.add(call);
      return next.run(call);
    }
  }

  private static String text(InvocationResponse answer) throws IOException {
    try (answer) {
      return new String(answer.body().readAllBytes(), UTF_8);
    }
  }

  @Test
  void methodsWithoutAHandlerAreThePrograms() throws IOException {
    try (var test = TestChannel.to(
        app, options(), builder -> builder.method("mine", String.class, name -> "java " + name))) {
      var self = test.runtime.app("checkout");
      assertThat(self.invoke("v1/create", "a", String.class)).isEqualTo("done");
      assertThat(text(self.exchange(REQUEST))).isEqualTo("done");
      assertThat(app.requests).hasSize(2).allMatch(one -> one.method().equals("v1/create"));

      assertThat(self.invoke("mine", "b", String.class)).isEqualTo("java b");
      assertThat(app.requests).hasSize(2);
    }
  }

  @Test
  void theChainIsPassedOnceInEachDirection() {
    try (var test =
        TestChannel.to(app, options(), builder -> builder.interceptor(new Recorder()))) {
      test.runtime.app("checkout").exchange(REQUEST).close();
      assertThat(calls)
          .extracting(Call::direction)
          .containsExactly(Call.Direction.OUTBOUND, Call.Direction.INBOUND);
      assertThat(app.requests).hasSize(1);
    }
  }

  @Test
  void anotherRuntimeReachesTheProgramUnderTheRulesOfTheChannel() throws IOException {
    var network = InProcessNetwork.create();
    app.handler = (request, deadline) -> InvocationResponse.of(
        201,
        Map.of("X-Id", List.of("9"), "Connection", List.of("X-Hop"), "X-Hop", List.of("1")),
        "application/json",
        "{}".getBytes(UTF_8));
    try (var test =
            TestChannel.to(app, options().token("t0"), builder -> builder.network(network));
        var web = EmbeddedRuntime.builder("web").network(network).start()) {
      var asked = REQUEST
          .withHeader("x-trace", "t1")
          .withHeader("destination-app-id", "other")
          .withHeader("Dapr-Caller-App-Id", "forged")
          .withHeader("dapr-api-token", "callers");
      try (var answer = web.app("checkout").exchange(asked)) {
        assertThat(answer.status()).isEqualTo(201);
        assertThat(answer.headers()).isEqualTo(Map.of("X-Id", List.of("9")));
        assertThat(answer.body().readAllBytes()).isEqualTo("{}".getBytes(UTF_8));
      }
      assertThat(app.requests.get(0).headers())
          .containsEntry("x-trace", List.of("t1"))
          .containsEntry("dapr-caller-app-id", List.of("web"))
          .containsEntry("dapr-callee-app-id", List.of("checkout"))
          .containsEntry("dapr-api-token", List.of("t0"))
          .doesNotContainKeys("destination-app-id", "Dapr-Caller-App-Id");
    }
  }

  @Test
  void whatTheProgramAnswersIsTheCallersAnswerWhateverItsStatus() {
    app.handler = (request, deadline) ->
        InvocationResponse.of(404, Map.of(), "text/plain", "no order".getBytes(UTF_8));
    try (var test = TestChannel.to(app, options())) {
      var self = test.runtime.app("checkout");
      assertThatThrownBy(() -> self.invoke("orders", null, String.class))
          .isInstanceOfSatisfying(InvocationException.class, failure -> {
            assertThat(failure.reason()).isEqualTo(Reason.ANSWERED);
            assertThat(failure.statusCode()).isEqualTo(404);
            assertThat(failure.body()).isEqualTo("no order".getBytes(UTF_8));
          });
      try (var answer = self.exchange(REQUEST)) {
        assertThat(answer.status()).isEqualTo(404);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"NOT_LISTENING", "CLOSED", "GARBAGE", "TOO_LARGE"})
  void thatThereIsNoAnswerIsToldAsTheChannelTellsIt(Reason reason) {
    app.handler = (request, deadline) -> {
      throw new InvocationException(reason, "so it is", null);
    };
    try (var test = TestChannel.to(app, options())) {
      assertThatThrownBy(() -> test.runtime.app("checkout").invoke("orders", null, String.class))
          .isInstanceOfSatisfying(
              InvocationException.class, failure -> assertThat(failure.reason()).isEqualTo(reason))
          .hasMessage("so it is");
    }
  }

  @Test
  void anUnhealthyProgramIsNotAsked() {
    app.healthy = false;
    try (var test = TestChannel.to(app, options().healthCheck(AppOptions.HealthCheck.DEFAULT))) {
      assertThatThrownBy(() -> test.runtime.app("checkout").exchange(REQUEST))
          .isInstanceOfSatisfying(InvocationException.class, failure -> assertThat(failure.reason())
              .isEqualTo(Reason.UNHEALTHY));
      assertThat(app.requests).isEmpty();
    }
  }

  /** Whoever calls gets a time-out; the answer that came too late holds no slot. */
  @Test
  void anAnswerThatComesTooLateGivesItsSlotBack() throws IOException {
    try (var test = TestChannel.to(app, options().maxConcurrency(1))) {
      var self = test.runtime.app("checkout");
      app.handler = (request, deadline) -> {
        test.advance(Duration.ofSeconds(61));
        return InMemoryApp.answer("late");
      };
      assertThatThrownBy(() -> self.exchange(REQUEST)).isInstanceOf(CallTimeoutException.class);
      app.handler = (request, deadline) -> InMemoryApp.answer("done");
      assertThat(text(self.exchange(REQUEST))).isEqualTo("done");
    }
  }

  @Test
  void streamsPassBothWaysUnread() throws IOException {
    var sent = new ByteArrayInputStream(new byte[1024]);
    var source = new InputStream() {
      @Override
      public int read() {
        throw new AssertionError("it is read before the caller reads");
      }
    };
    app.handler = (request, deadline) -> {
      assertThat(request.body().isRepeatable()).isFalse();
      assertThat(sent.available()).isEqualTo(1024);
      return new InvocationResponse(200, "", Map.of(), Map.of(), "", source);
    };
    try (var test = TestChannel.to(app, options());
        var answer = test.runtime
            .app("checkout")
            .exchange(REQUEST.with(Map.of(), Body.of(sent, -1)), CallContext.EMPTY)) {
      assertThat(answer.status()).isEqualTo(200);
    }
  }

  @Test
  void whenTheChannelClosesItsMethodsAreGone() throws Exception {
    try (var runtime = EmbeddedRuntime.builder("checkout")
        .time(new ManualTime())
        .threads(new TestChannel.Inline())
        .start()) {
      var closing = AppChannel.over(options(), app).start(runtime);
      assertThat(text(runtime.app("checkout").exchange(REQUEST))).isEqualTo("done");
      closing.close();
      try (var answer = runtime.app("checkout").exchange(REQUEST)) {
        assertThat(answer.status()).isEqualTo(404);
      }
      assertThat(app.requests).hasSize(1);
    }
  }

  @Test
  void aHandlerOfAllOtherMethodsAndAProgramExcludeEachOther() {
    assertThatThrownBy(() -> TestChannel.to(
            app,
            options(),
            builder -> builder.otherMethods(
                (request, invocation) -> InvocationResponse.of(200, Map.of(), "", new byte[0]))))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("127.0.0.1:3000")
        .hasMessageContaining("checkout");
    assertThat(app.closed).isTrue();
  }
}
