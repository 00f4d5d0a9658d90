// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.CallTimeoutException;
import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.engine.StaticNameResolver;
import dev.pillion.runtime.EmbeddedRuntime;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A call that crosses three JVMs: this one asks the second, whose method asks the third. */
@Timeout(120)
class ThreeJvmsIT {
  private static final Map<String, String> TRACE = Map.of(
      "traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      "tracestate", "shop=1",
      "baggage", "customer=7");

  private ChainProgram third;
  private ChainProgram second;
  private EmbeddedRuntime first;

  @BeforeEach
  void start() throws Exception {
    third = ChainProgram.start("third");
    second = ChainProgram.start("second", "third", third.address);
    first = EmbeddedRuntime.builder("first")
        .component("names", StaticNameResolver.of("second", second.address))
        .start();
  }

  @AfterEach
  void stop() throws Exception {
    first.close();
    second.close();
    third.close();
  }

  private String ask(String method, Duration timeout) throws Exception {
    var context = CallContext.of(Deadline.after(timeout, first.time()), TRACE);
    try (var answer =
        first.app("second").exchange(InvocationRequest.post(method, "", new byte[0]), context)) {
      return new String(answer.body().readAllBytes(), UTF_8);
    }
  }

  @Test
  void deadlineAndTraceGoAlong() throws Exception {
    var lines = ask("tell", Duration.ofSeconds(100)).split("\n", -1);
    assertThat(lines).hasSize(2);
    var atSecond = lines[0].split(" ", 4);
    var atThird = lines[1].split(" ", 4);
    assertThat(atSecond).containsSequence("second").contains("[first]");
    assertThat(atThird).containsSequence("third").contains("[second]");
    assertThat(atSecond[3]).isEqualTo(new TreeMap<>(TRACE).toString());
    assertThat(atThird[3]).isEqualTo(new TreeMap<>(TRACE).toString());
    // More than the 60 s that a call without a deadline has.
    assertThat(Long.parseLong(atThird[1]))
        .isBetween(60_001L, Long.parseLong(atSecond[1]))
        .isLessThan(100_000);
    assertThat(Long.parseLong(atSecond[1])).isLessThan(100_000);
  }

  @Test
  void theDeadlineEndsTheWorkInAllOfThem() throws Exception {
    assertThatThrownBy(() -> ask("wait", Duration.ofSeconds(3)))
        .isInstanceOf(CallTimeoutException.class);
    third.said("waiting");
    third.said("ended");
    second.said("ended");
  }
}
