// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.concurrent.TimeSource;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.InProcessNetwork;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.spi.PassingHandler;
import dev.pillion.invocation.spi.PeerAddress;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Which calls of other apps are made again, by files and unasked, and how often. */
@Timeout(60)
class HopRetriesTest {
  private static final String HEAD =
      "apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata: {name: r}\nspec:\n";

  @TempDir
  Path folder;

  private final PeerWorld world = new PeerWorld();
  private final Pauses pauses = new Pauses();
  private final AtomicInteger runs = new AtomicInteger();
  private volatile int answer = 200;
  private EmbeddedRuntime orders;

  /** Time that jumps to the end of every pause between attempts, and remembers it. */
  private static final class Pauses implements TimeSource {
    private final List<Long> millis = new CopyOnWriteArrayList<>();
    private final AtomicLong nanos = new AtomicLong();

    @Override
    public Instant now() {
      return Instant.EPOCH.plusNanos(nanos.get());
    }

    @Override
    public long nanos() {
      return nanos.get();
    }

    @Override
    public Scheduled schedule(Duration delay, Runnable task) {
      // Longer ones are deadlines of user code, which nobody waits for here.
      if (delay.compareTo(Duration.ofSeconds(30)) < 0) {
        millis.add(delay.toMillis());
        nanos.addAndGet(delay.toNanos());
        task.run();
      }
      return () -> {};
    }
  }

  @BeforeEach
  void orders() {
    orders = world
        .builder("orders")
        .method("m", (request, invocation) -> {
          runs.incrementAndGet();
          return InvocationResponse.of(answer, Map.of(), "text/plain", new byte[0]);
        })
        .start();
  }

  @AfterEach
  void close() {
    orders.close();
  }

  private EmbeddedRuntime web(String policies) {
    var files = new ComponentFiles(folder);
    if (!policies.isEmpty()) {
      files.file("r.yaml", HEAD + policies.indent(2));
    }
    return world.builder("web").resources(folder).time(pauses).start();
  }

  private static InvocationException lost(Reason reason) {
    return new InvocationException(reason, "the way is lost", null);
  }

  private void loseAll(Reason reason) {
    for (int i = 0; i < 100; i++) {
      world.faults.add(lost(reason));
    }
  }

  private InvocationException failure(EmbeddedRuntime web) {
    return catchThrowableOfType(
        InvocationException.class, () -> web.app("orders").send("m", null));
  }

  @ParameterizedTest
  @EnumSource(names = {"NOT_LISTENING", "CLOSED"})
  void aLostWayIsTriedThriceMoreASecondApart(Reason reason) {
    try (var web = web("")) {
      loseAll(reason);
      assertThat(failure(web).reason()).isEqualTo(reason);
      assertThat(world.asked).hasSize(4);
      assertThat(pauses.millis).containsExactly(1000L, 1000L, 1000L);
      world.faults.clear();
      world.faults.add(lost(reason));
      web.app("orders").send("m", null);
      assertThat(runs).hasValue(1);
    }
  }

  /** A caller who is told that nobody is there would repeat what may have been done. */
  @ParameterizedTest
  @EnumSource(names = {"NOT_LISTENING", "NO_SUCH_APP"})
  void whatMayHaveBeenDoneIsNotToldAsNotDone(Reason afterwards) {
    try (var web = web("")) {
      world.faults.add(lost(Reason.CLOSED));
      loseAll(afterwards);
      var failure = failure(web);
      assertThat(failure.reason()).isEqualTo(Reason.CLOSED);
      assertThat(failure)
          .hasMessageContaining("whether the app did its work is not known")
          .cause()
          .isInstanceOfSatisfying(
              InvocationException.class, e -> assertThat(e.reason()).isEqualTo(afterwards));
    }
  }

  @Test
  void theSameHoldsBetweenTheAttemptsOfAPolicy() {
    try (var web = web("""
        policies:
          retries:
            twice: {policy: constant, duration: 10ms, maxRetries: 1}
        targets: {apps: {orders: {retry: twice}}}
        """)) {
      world.faults.add(lost(Reason.CLOSED));
      loseAll(Reason.NOT_LISTENING);
      assertThat(failure(web).reason()).isEqualTo(Reason.CLOSED);
      assertThat(world.asked).hasSize(2);
    }
  }

  @Test
  void eachAttemptAsksAnewWhereTheAppIs() {
    try (var web = web("")) {
      web.app("orders").send("m", null);
      assertThat(world.resolved).hasValue(1);
      var gone = new PeerAddress("127.0.0.1", 1);
      world.known.put("orders", new CopyOnWriteArrayList<>(List.of(gone)));
      orders.close();
      assertThat(failure(web).reason()).isEqualTo(Reason.NOT_LISTENING);
      assertThat(world.resolved).as("asked by each attempt after the first").hasValue(4);
      assertThat(world.asked.get(1).address()).isNotEqualTo(gone);
      assertThat(world.asked.get(2).address()).isEqualTo(gone);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"NO_SUCH_APP", "UNHEALTHY", "DENIED", "GARBAGE", "TOO_LARGE"})
  void nothingElseIsTriedAgainUnasked(Reason reason) {
    try (var web = web("")) {
      loseAll(reason);
      assertThat(failure(web).reason()).isEqualTo(reason);
      assertThat(world.asked).hasSize(1);
    }
  }

  @ParameterizedTest
  @CsvSource({"500", "503", "404", "14"})
  void noStatusOfTheAppIsTriedAgainUnasked(int status) {
    answer = status;
    try (var web = web("")) {
      assertThat(failure(web).statusCode()).isEqualTo(status);
      assertThat(runs).hasValue(1);
      assertThat(pauses.millis).isEmpty();
    }
  }

  @Test
  void aStreamIsSentOnce() {
    try (var web = web("")) {
      loseAll(Reason.NOT_LISTENING);
      var body = Body.of(new ByteArrayInputStream(new byte[] {1}), -1);
      var request = new InvocationRequest("POST", "m", "", Map.of(), "", body);
      assertThat(catchThrowableOfType(
              InvocationException.class, () -> web.app("orders").exchange(request)))
          .isNotNull();
      assertThat(world.asked).hasSize(1);
    }
  }

  @Test
  void anEntryOfTheAppsOwnTurnsThemOffAlsoWithoutPolicies() {
    try (var web = web("targets: {apps: {orders: {}}}")) {
      loseAll(Reason.NOT_LISTENING);
      assertThat(failure(web)).isNotNull();
      assertThat(world.asked).hasSize(1);
    }
  }

  @Test
  void defaultsByNameAreWrappedAroundThem() {
    try (var web = web("""
        policies:
          retries:
            DefaultAppRetryPolicy: {policy: constant, duration: 5s, maxRetries: 1}
        """)) {
      loseAll(Reason.NOT_LISTENING);
      assertThat(failure(web)).isNotNull();
      assertThat(world.asked).hasSize(8);
      assertThat(pauses.millis).containsExactly(1000L, 1000L, 1000L, 5000L, 1000L, 1000L, 1000L);
    }
  }

  @Test
  void theyAreOverriddenByTheirName() {
    try (var web = web("""
        policies:
          retries:
            DaprBuiltInServiceRetries: {policy: constant, duration: 10ms, maxRetries: 5}
        """)) {
      loseAll(Reason.CLOSED);
      assertThat(failure(web)).isNotNull();
      assertThat(pauses.millis).containsExactly(10L, 10L, 10L, 10L, 10L);
    }
  }

  @Test
  void anotherPolicyOfTheirsIsThreeRetriesAtLeast() {
    try (var web = web("""
        policies:
          retries:
            DaprBuiltInServiceRetries: {policy: constant, duration: 10ms, maxRetries: 0}
        """)) {
      loseAll(Reason.CLOSED);
      assertThat(failure(web)).isNotNull();
      assertThat(world.asked).hasSize(4);
    }
  }

  @Test
  void aCallInsideTheRuntimeIsNoWay() {
    PassingHandler program = (request, invocation) -> {
      runs.incrementAndGet();
      throw lost(Reason.NOT_LISTENING);
    };
    try (var web = world
        .builder("web")
        .time(pauses)
        .method("m", (request, invocation) -> {
          runs.incrementAndGet();
          throw lost(Reason.CLOSED);
        })
        .otherMethods(program)
        .start()) {
      assertThat(catchThrowableOfType(
              InvocationException.class, () -> web.app("web").send("m", null)))
          .isNotNull();
      assertThat(catchThrowableOfType(
                  InvocationException.class, () -> web.app("web").send("theApps", null))
              .reason())
          .isEqualTo(Reason.NOT_LISTENING);
      assertThat(runs).hasValue(2);
    }
  }

  @ParameterizedTest
  @CsvSource({"503, 4", "429, 4", "500, 1", "404, 1", "200, 1", "302, 1"})
  void statusesOfHttpAreMatchedAgainstTheList(int status, int expected) {
    answer = status;
    try (var web = web(matching())) {
      var got = web.app("orders").exchange(InvocationRequest.get("m"));
      assertThat(got.status()).isEqualTo(status);
      assertThat(runs).hasValue(expected);
      var failure = failure(web);
      assertThat(failure == null ? 200 : failure.statusCode())
          .isEqualTo(status == 302 ? 302 : status);
    }
  }

  @Test
  void aGrpcAppHasAnsweredWhateverItsCode() {
    answer = 14;
    try (var web = web(matching())) {
      assertThat(web.app("orders").exchange(InvocationRequest.get("m")).status())
          .isEqualTo(14);
      assertThat(runs).hasValue(1);
    }
  }

  @ParameterizedTest
  @CsvSource({"NOT_LISTENING, 4", "CLOSED, 4", "DENIED, 1", "GARBAGE, 1"})
  void whatHasNoAnswerIsMatchedByTheCodeThatDaprsCallersWouldSee(Reason reason, int expected) {
    loseAll(reason);
    try (var web = web(matching())) {
      assertThat(failure(web).reason()).isEqualTo(reason);
      assertThat(world.asked).hasSize(expected);
      assertThat(pauses.millis).allMatch(pause -> pause == 20);
    }
  }

  private static String matching() {
    return """
        policies:
          retries:
            some:
              policy: constant
              duration: 20ms
              maxRetries: 3
              matching: {httpStatusCodes: "429,501-599", gRPCStatusCodes: "14"}
        targets:
          apps:
            orders: {retry: some}
        """;
  }

  @Test
  void theSameHoldsInsideAJvmsNetwork() {
    answer = 503;
    var network = InProcessNetwork.create();
    new ComponentFiles(folder).file("r.yaml", HEAD + matching().indent(2));
    try (var callee = EmbeddedRuntime.builder("orders")
            .network(network)
            .receive("typed", String.class, text -> {
              runs.incrementAndGet();
              throw new InvocationException(503, "busy");
            })
            .start();
        var web = EmbeddedRuntime.builder("web")
            .network(network)
            .resources(folder)
            .time(pauses)
            .start()) {
      var failure = catchThrowableOfType(
          InvocationException.class, () -> web.app("orders").send("typed", "x"));
      assertThat(failure.statusCode()).isEqualTo(503);
      assertThat(runs).hasValue(4);
    }
  }
}
