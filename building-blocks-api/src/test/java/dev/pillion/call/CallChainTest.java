// SPDX-License-Identifier: Apache-2.0
package dev.pillion.call;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CallChainTest {
  private static final Call GET = Call.outbound("state", "orders", "get", true);

  private final List<String> seen = new ArrayList<>();

  /** Writes down when it is entered and left. */
  private CallInterceptor noting(String name) {
    return new CallInterceptor() {
      @Override
      public <T, E extends Exception> T around(Call call, CallBody<T, E> next) throws E {
        seen.add(name + " in");
        try {
          return next.run(call);
        } finally {
          seen.add(name + " out");
        }
      }
    };
  }

  private static CallInterceptor passing(CallContext context) {
    return new CallInterceptor() {
      @Override
      public <T, E extends Exception> T around(Call call, CallBody<T, E> next) throws E {
        return next.run(call.with(context));
      }
    };
  }

  @Test
  void theFirstInterceptorIsOutermost() {
    var chain = CallChain.of(List.of(noting("a"), noting("b"), noting("c")));
    assertThat(chain.<Integer, RuntimeException>run(GET, call -> {
          seen.add("body");
          return 7;
        }))
        .isEqualTo(7);
    assertThat(seen).containsExactly("a in", "b in", "c in", "body", "c out", "b out", "a out");
  }

  @Test
  void withoutInterceptorsTheBodyGetsTheVeryCall() {
    CallChain.of(List.of()).run(GET, call -> {
      assertThat(call).isSameAs(GET);
      return null;
    });
  }

  @Test
  void theListIsFixedWhenTheChainIsMade() {
    var list = new ArrayList<CallInterceptor>(List.of(noting("a")));
    var chain = CallChain.of(list);
    list.clear();
    chain.run(GET, call -> null);
    assertThat(seen).containsExactly("a in", "a out");
  }

  @Test
  void anInterceptorPassesAnotherContextInwards() {
    var headers = CallContext.of(Deadline.none(), Map.of("traceparent", "00-1"));
    var chain = CallChain.of(List.of(passing(headers), new CallInterceptor() {
      @Override
      public <T, E extends Exception> T around(Call call, CallBody<T, E> next) throws E {
        assertThat(call.context()).isSameAs(headers);
        return next.run(
            call.with(call.context().with(Deadline.after(Duration.ofSeconds(5), STILL))));
      }
    }));
    chain.run(GET, call -> {
      assertThat(call.context().headers()).containsEntry("traceparent", "00-1");
      assertThat(call.context().deadline().remainingNanos()).isEqualTo(5_000_000_000L);
      assertThat(call.operation()).isEqualTo("get");
      return null;
    });
    assertThat(GET.context()).isSameAs(CallContext.EMPTY);
  }

  @Test
  void anInterceptorMayRunTheRestAgain() {
    var chain = CallChain.of(List.of(
        new CallInterceptor() {
          @Override
          public <T, E extends Exception> T around(Call call, CallBody<T, E> next) throws E {
            next.run(call);
            return next.run(call);
          }
        },
        noting("inner")));
    chain.run(GET, call -> seen.add("body"));
    assertThat(seen)
        .containsExactly("inner in", "body", "inner out", "inner in", "body", "inner out");
  }

  @Test
  void anInterceptorThatTheCallDoesNotConcernIsLeftOut() {
    var chain = CallChain.of(List.of(only("other", "a"), only("orders", "b"), only("other", "c")));
    chain.run(GET, call -> seen.add("body"));
    chain.run(GET, "first", "second", (call, first, second) -> seen.add(first + " " + second));
    assertThat(seen).containsExactly("b in", "body", "b out", "b in", "first second", "b out");
    var none = CallChain.of(List.of(only("other", "a")));
    assertThat(none.<Call, RuntimeException>run(GET, call -> call)).isSameAs(GET);
  }

  private CallInterceptor only(String target, String name) {
    var noting = noting(name);
    return new CallInterceptor() {
      @Override
      public boolean appliesTo(Call call) {
        return call.target().equals(target);
      }

      @Override
      public <T, E extends Exception> T around(Call call, CallBody<T, E> next) throws E {
        return noting.around(call, next);
      }
    };
  }

  @Test
  void checkedExceptionsPassAsTheyAre() {
    var chain = CallChain.of(List.of(noting("a"), noting("b")));
    var mine = new IOException("mine");
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> chain.run(GET, call -> {
          throw mine;
        }))
        .isSameAs(mine);
    assertThat(seen).containsExactly("a in", "b in", "b out", "a out");
  }

  @Test
  void anInterceptorMayRefuseBeforeTheBody() {
    var chain = CallChain.of(List.of(noting("a"), new CallInterceptor() {
      @Override
      public <T, E extends Exception> T around(Call call, CallBody<T, E> next) {
        throw new IllegalStateException("refused " + call.target());
      }
    }));
    assertThatIllegalStateException()
        .isThrownBy(() -> chain.run(GET, call -> seen.add("body")))
        .withMessage("refused orders");
    assertThat(seen).containsExactly("a in", "a out");
  }

  @Test
  void aClosedChainRefusesNewCallsAndLetsThoseUnderWayGoOn() {
    var chain = CallChain.of(List.of(noting("a")));
    assertThat(chain.<String, RuntimeException>run(GET, call -> {
          chain.close();
          chain.close();
          return "under way";
        }))
        .isEqualTo("under way");
    assertThatIllegalStateException()
        .isThrownBy(() -> chain.run(GET, call -> seen.add("body")))
        .withMessage("the runtime is closed");
    assertThat(seen).doesNotContain("body");
  }

  private static final TimeSource STILL = new TimeSource() {
    @Override
    public Instant now() {
      return Instant.EPOCH;
    }

    @Override
    public long nanos() {
      return -1;
    }

    @Override
    public Scheduled schedule(Duration delay, Runnable task) {
      return () -> {};
    }
  };
}
