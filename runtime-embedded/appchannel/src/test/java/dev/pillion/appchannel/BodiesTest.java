// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import static dev.pillion.appchannel.TestChannel.options;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.call.Call;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallContext;
import dev.pillion.call.CallInterceptor;
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
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class BodiesTest {
  private final InMemoryApp app = new InMemoryApp();
  private final List<Call> calls = new ArrayList<>();

  /** Endless, and counts what was taken of it. */
  private static final class Endless extends InputStream {
    long taken;
    boolean closed;

    @Override
    public int read() {
      taken++;
      return 'x';
    }

    @Override
    public int read(byte[] into, int offset, int length) {
      taken += length;
      return length;
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  private static InvocationRequest request(Body body) {
    return new InvocationRequest("POST", "orders", "", Map.of(), "text/plain", body);
  }

  private static void isTooLarge(ThrowingCallable call, String message) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(InvocationException.class, failure -> {
          assertThat(failure.reason()).isEqualTo(Reason.TOO_LARGE);
          assertThat(failure.statusCode()).isEqualTo(8);
        })
        .hasMessage(message);
  }

  @Test
  void aRequestThatIsKnownToBeTooLargeIsNotSent() {
    try (var channel = TestChannel.to(app, options().maxBodySize(10))) {
      for (var body : List.of(Body.of(new byte[11]), Body.of(new Endless(), 11))) {
        isTooLarge(
            () -> channel.channel.invoke(request(body), CallContext.EMPTY),
            "the body of the request is larger than the app's maximum body size of 10 bytes, set by maxBodySize");
      }
      assertThat(app.requests).isEmpty();
      channel.channel.invoke(request(Body.of(new byte[10])), CallContext.EMPTY).close();
      assertThat(app.requests).hasSize(1);
    }
  }

  @Test
  void aRequestThatTurnsOutTooLargeIsBrokenOff() {
    var endless = new Endless();
    app.handler = (request, deadline) -> {
      try {
        request.body().open().readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return InMemoryApp.answer("never");
    };
    try (var channel = TestChannel.to(app, options().maxBodySize(100_000))) {
      isTooLarge(
          () -> channel.channel.invoke(request(Body.of(endless, -1)), CallContext.EMPTY),
          "the body of the request is larger than the app's maximum body size of 100000 bytes, set by maxBodySize");
      assertThat(endless.taken).isEqualTo(100_001);
    }
  }

  @Test
  void aBodyThatMustBeHeldWholeIsReadNoFurtherThanItsLimit() throws Exception {
    var endless = new Endless();
    assertThatThrownBy(() -> Body.of(endless, -1)
            .limitedTo(1_000, () -> new IllegalStateException("full"))
            .bytes())
        .hasMessage("full");
    assertThat(endless.taken).isEqualTo(1_001);
    assertThat(Body.of(new ByteArrayInputStream(new byte[1_000]), -1)
            .limitedTo(1_000, IllegalStateException::new)
            .bytes())
        .hasSize(1_000);
  }

  @Test
  void anAnswerThatIsTooLargeIsBrokenOffAndClosed() {
    var endless = new Endless();
    app.handler =
        (request, deadline) -> new InvocationResponse(200, "", Map.of(), Map.of(), "", endless);
    try (var channel = TestChannel.to(app, options().maxBodySize(100_000));
        var answer = channel.channel.invoke(request(Body.EMPTY), CallContext.EMPTY)) {
      isTooLarge(
          () -> answer.body().readAllBytes(),
          "the app at 127.0.0.1:3000 answered with a body larger than its maximum body size of 100000 bytes, set by maxBodySize");
      assertThat(endless.taken).isEqualTo(100_001);
      assertThat(endless.closed).isTrue();
    }
  }

  @Test
  void anAnswerOfExactlyTheLimitIsRead() throws Exception {
    app.handler = (request, deadline) -> InvocationResponse.of(200, Map.of(), "", new byte[10]);
    try (var channel = TestChannel.to(app, options().maxBodySize(10));
        var answer = channel.channel.invoke(request(Body.EMPTY), CallContext.EMPTY)) {
      assertThat(answer.body().readAllBytes()).hasSize(10);
    }
  }

  @Test
  void anAnswerThatBreaksOffSaysSo() throws Exception {
    app.handler = (request, deadline) ->
        new InvocationResponse(200, "", Map.of(), Map.of(), "", new InputStream() {
          private int left = 3;

          @Override
          public int read() throws IOException {
            if (left-- == 0) {
              throw new IOException("reset");
            }
            return 'x';
          }

          @Override
          public int read(byte[] into, int offset, int length) throws IOException {
            if (length == 0) {
              return 0;
            }
            into[offset] = (byte) read();
            return 1;
          }
        });
    try (var channel = TestChannel.to(app, options());
        var answer = channel.channel.invoke(request(Body.EMPTY), CallContext.EMPTY)) {
      assertThat(answer.body().readNBytes(3)).isEqualTo("xxx".getBytes(UTF_8));
      assertThatThrownBy(() -> answer.body().read())
          .isInstanceOfSatisfying(InvocationException.class, failure -> {
            assertThat(failure.reason()).isEqualTo(Reason.CLOSED);
            assertThat(failure.statusCode()).isEqualTo(14);
          })
          .hasMessage("the app at 127.0.0.1:3000 ended its answer before the body was whole")
          .hasRootCauseMessage("reset");
    }
  }

  @Test
  void aStreamIsReadOnce() {
    var body = Body.of(new ByteArrayInputStream(new byte[1]), 1);
    assertThat(body.open()).isNotNull();
    assertThatThrownBy(body::open)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the body is a stream, and it has been read");
    assertThatThrownBy(() -> Body.of(new Endless(), -2))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** Notes the call, and makes it again where it may be. */
  private final class Again implements CallInterceptor {
    @Override
    public <T extends @Nullable Object, E extends Exception> T around(
        Call call, CallBody<T, E> next) throws E {
      calls.add(call);
      var first = next.run(call);
      return call.repeatable() ? next.run(call) : first;
    }
  }

  @Test
  void aBodyInMemoryIsSentAgainAndAStreamIsNot() {
    var bodies = new ArrayList<String>();
    app.handler = (request, deadline) -> {
      try {
        bodies.add(new String(request.body().open().readAllBytes(), UTF_8));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return InMemoryApp.answer("done");
    };
    var call =
        new Call("jobs", Call.Direction.INBOUND, "checkout", "trigger", true, CallContext.EMPTY);
    try (var channel =
        TestChannel.to(app, options(), builder -> builder.interceptor(new Again()))) {
      channel.channel.invoke(call, request(Body.of("twice".getBytes(UTF_8)))).close();
      channel
          .channel
          .invoke(call, request(Body.of(new ByteArrayInputStream("once".getBytes(UTF_8)), -1)))
          .close();
      assertThat(bodies).containsExactly("twice", "twice", "once");
      assertThat(calls).extracting(Call::block).containsOnly("jobs");
    }
  }

  @Test
  void interceptorsSeeADeliveryIntoTheAppWithItsMethodAsInstance() {
    try (var channel =
        TestChannel.to(app, options(), builder -> builder.interceptor(new Again()))) {
      channel.channel.invoke(request(Body.EMPTY), CallContext.EMPTY).close();
      assertThat(calls)
          .containsExactly(Call.inbound(
              "invocation", "checkout", "invoke", false, CallContext.EMPTY.at("orders")));
    }
  }
}
