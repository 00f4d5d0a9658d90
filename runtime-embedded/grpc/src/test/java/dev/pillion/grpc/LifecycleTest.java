// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static dev.pillion.grpc.StateFacadeTest.item;
import static dev.pillion.grpc.StateFacadeTest.read;
import static dev.pillion.grpc.TestFacade.STORE;
import static dev.pillion.grpc.TestFacade.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.InvalidConfigurationException;
import dev.pillion.call.Call;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallInterceptor;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.state.engine.InMemoryStateStore;
import dev.pillion.testkit.CapturedLog;
import dev.pillion.wire.runtime.v1.DaprGrpc;
import dev.pillion.wire.runtime.v1.GetMetadataRequest;
import dev.pillion.wire.runtime.v1.GetStateResponse;
import dev.pillion.wire.runtime.v1.SaveStateRequest;
import io.grpc.Metadata;
import io.grpc.Status.Code;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LifecycleTest {
  private final CountDownLatch entered = new CountDownLatch(1);
  private final CountDownLatch gate = new CountDownLatch(1);
  private final ScriptedStore component = new ScriptedStore();

  private void hold(String key) {
    component.before(key, () -> {
      entered.countDown();
      Gates.await(gate);
    });
  }

  private Future<GetStateResponse> held(TestFacade facade) {
    var held = DaprGrpc.newFutureStub(facade.channel()).getState(read("held"));
    Gates.await(entered);
    return held;
  }

  private static void awaitRefusal(TestFacade facade) {
    while (true) {
      try {
        facade.dapr().getState(read("absent"));
      } catch (io.grpc.StatusRuntimeException e) {
        assertThat(e.getStatus().getCode()).isEqualTo(Code.UNAVAILABLE);
        return;
      }
    }
  }

  @Test
  void closingWaitsForCallsUnderWayAndTakesNoMore() throws Exception {
    var facade = TestFacade.over(component);
    facade.runtime().state(STORE).save("held", "value");
    hold("held");
    var held = held(facade);
    var closing = CompletableFuture.runAsync(() -> facade.runtime().close());
    awaitRefusal(facade);

    assertThat(closing).isNotDone();
    gate.countDown();
    assertThat(held.get(30, TimeUnit.SECONDS).getData().toStringUtf8()).isEqualTo("\"value\"");
    closing.get(30, TimeUnit.SECONDS);
    facade.close();
  }

  @Test
  void closingCutsWhatDoesNotEndInTime() throws Exception {
    hold("held");
    var facade = TestFacade.start(
        TestFacade.facade(),
        builder -> builder.component(STORE, component).drainTimeout(Duration.ofMillis(100)));
    var held = held(facade);
    facade.runtime().close();

    assertThatThrownBy(() -> held.get(30, TimeUnit.SECONDS)).isInstanceOf(ExecutionException.class);
    gate.countDown();
    facade.close();
  }

  /** Stops an inbound call before it does anything. */
  private final class Halt implements CallInterceptor {
    @Override
    public <T, E extends Exception> T around(Call call, CallBody<T, E> next) throws E {
      if (call.direction() == Call.Direction.INBOUND && call.operation().equals("SaveState")) {
        entered.countDown();
        Gates.await(gate);
      }
      return next.run(call);
    }
  }

  @Test
  void aCallThatFindsTheRuntimeClosedIsUnavailable() throws Exception {
    var facade = TestFacade.start(
        TestFacade.facade(),
        builder -> builder.component(STORE, component).interceptor(new Halt()));
    var late = DaprGrpc.newFutureStub(facade.channel())
        .saveState(SaveStateRequest.newBuilder()
            .setStoreName(STORE)
            .addStates(item("k", "v"))
            .build());
    Gates.await(entered);
    var closing = CompletableFuture.runAsync(() -> facade.runtime().close());
    awaitRefusal(facade);
    gate.countDown();

    assertThatThrownBy(() -> late.get(30, TimeUnit.SECONDS))
        .hasMessageContaining("UNAVAILABLE: the runtime is closed");
    closing.get(30, TimeUnit.SECONDS);
    facade.close();
  }

  @Test
  void aCallerWhoGivesUpHoldsNobodyUp() throws Exception {
    hold("held");
    try (var facade = TestFacade.over(component)) {
      var stub =
          DaprGrpc.newFutureStub(facade.channel()).withDeadlineAfter(200, TimeUnit.MILLISECONDS);
      var held = stub.getState(read("held"));

      assertThatThrownBy(() -> held.get(30, TimeUnit.SECONDS))
          .hasMessageContaining("DEADLINE_EXCEEDED");
      assertThat(facade.dapr().getState(read("absent")).getEtag()).isEmpty();
      gate.countDown();
    }
  }

  @Test
  void theDeadlineOfTheCallerIsTheStores() {
    try (var facade = TestFacade.over(component)) {
      var stub = DaprGrpc.newBlockingStub(facade.channel());
      stub.withDeadlineAfter(20, TimeUnit.SECONDS).getState(read("absent"));
      assertThat(component.deadline().remainingNanos()).isBetween(1L, TimeUnit.SECONDS.toNanos(20));

      stub.getState(read("absent"));
      assertThat(component.deadline().isSet()).isFalse();
      stub.withDeadlineAfter(20, TimeUnit.SECONDS).getState(read("absent"));
      facade.runtime().state(STORE).get("absent", byte[].class);
      assertThat(component.deadline().isSet()).isFalse();
    }
  }

  /** As a resiliency policy would. */
  private record Within(Duration timeout) implements CallInterceptor {
    @Override
    public <T, E extends Exception> T around(Call call, CallBody<T, E> next) throws E {
      return next.run(call.with(call.context().with(Deadline.after(timeout, new SteadyTime()))));
    }
  }

  private static final class SteadyTime implements TimeSource {
    @Override
    public Instant now() {
      return Instant.EPOCH;
    }

    @Override
    public long nanos() {
      return 0;
    }

    @Override
    public Scheduled schedule(Duration delay, Runnable task) {
      throw new UnsupportedOperationException();
    }
  }

  @Test
  void anEarlierDeadlineOfAPolicyStays() {
    // The policy stands outside the facade's own interceptor.
    var facade = TestFacade.facade();
    var builder = EmbeddedRuntime.builder("checkout")
        .component(STORE, component)
        .interceptor(new Within(Duration.ofSeconds(5)))
        .with(facade);
    try (var runtime = builder.start()) {
      assertThat(runtime.appId()).isEqualTo("checkout");
      var channel = TestFacade.channelTo(facade.port());
      try {
        DaprGrpc.newBlockingStub(channel)
            .withDeadlineAfter(30, TimeUnit.SECONDS)
            .getState(read("absent"));
      } finally {
        channel.shutdownNow();
      }
      assertThat(component.deadline().remainingNanos()).isEqualTo(TimeUnit.SECONDS.toNanos(5));
    }
  }

  private record Seen(Call call, boolean hasDeadline) {}

  private static final class Recorder implements CallInterceptor {
    private final List<Seen> seen = new CopyOnWriteArrayList<>();

    @Override
    public <T, E extends Exception> T around(Call call, CallBody<T, E> next) throws E {
      seen.add(new Seen(call, call.context().deadline().isSet()));
      return next.run(call);
    }
  }

  @Test
  void everyCallPassesTheCallChainAsAnInboundOne() {
    var recorder = new Recorder();
    try (var facade = TestFacade.start(
        TestFacade.facade(),
        builder -> builder.component(STORE, component).interceptor(recorder))) {
      var headers = new Metadata();
      headers.put(text("traceparent"), "00-" + "a".repeat(32) + "-" + "b".repeat(16) + "-01");
      headers.put(text("tracestate"), "vendor=1");
      headers.put(text("baggage"), "a=1");
      headers.put(text("baggage"), "b=2");
      headers.put(text("authorization"), "canary");
      facade.dapr(headers).getState(read("absent"));
      DaprGrpc.newBlockingStub(facade.channel())
          .getMetadata(GetMetadataRequest.getDefaultInstance());
    }

    assertThat(recorder.seen.stream()
            .map(seen -> seen.call.direction() + " " + seen.call.block() + " " + seen.call.target()
                + " " + seen.call.operation()))
        .containsExactly(
            "INBOUND facade grpc GetState",
            "OUTBOUND state statestore get",
            "INBOUND facade grpc GetMetadata");
    var first = recorder.seen.get(0);
    assertThat(first.hasDeadline).isTrue();
    assertThat(first.call.repeatable()).isFalse();
    assertThat(first.call.context().headers())
        .isEqualTo(Map.of(
            "traceparent",
            "00-" + "a".repeat(32) + "-" + "b".repeat(16) + "-01",
            "tracestate",
            "vendor=1",
            "baggage",
            "a=1,b=2"));
    assertThat(recorder.seen.get(2).hasDeadline).isFalse();
    assertThat(recorder.seen.get(2).call.context().headers()).isEmpty();
  }

  private static Metadata.Key<String> text(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  @Test
  void theBinaryTraceHeaderWins() {
    var headers = new Metadata();
    headers.put(text("traceparent"), "00-" + "a".repeat(32) + "-" + "b".repeat(16) + "-01");
    var binary = Metadata.Key.of("grpc-trace-bin", Metadata.BINARY_BYTE_MARSHALLER);
    headers.put(
        binary,
        HexFormat.of()
            .parseHex(
                "0000" + "0123456789abcdef".repeat(2) + "01" + "fedcba9876543210" + "02" + "00"));
    var sent = TraceHeaders.of(headers);
    assertThat(sent)
        .containsEntry("traceparent", "00-" + "0123456789abcdef".repeat(2) + "-fedcba9876543210-00")
        .containsKey("grpc-trace-bin");

    headers.removeAll(binary);
    headers.put(binary, new byte[] {1, 2, 3});
    assertThat(TraceHeaders.of(headers).get("traceparent")).startsWith("00-aaa");
  }

  @Test
  void aDefectIsToldInTheLogAndNowhereElse() {
    component.before("bug", () -> {
      throw new IllegalStateException("canary: the inner workings");
    });
    try (var log = new CapturedLog(GrpcFacade.class.getPackageName());
        var facade = TestFacade.over(component)) {
      failure(() -> facade.dapr().getState(read("bug")))
          .has(Code.INTERNAL, "unexpected failure of GetState; the runtime's log says more")
          .hasNoDetails();
      assertThat(log.warnings()).hasSize(1);
      assertThat(log.lines("ERROR")).singleElement().asString().contains("canary");
    }
  }

  @Test
  void aPortInUseIsNamed() {
    try (var first = TestFacade.over(component)) {
      var second = new GrpcFacade(first.port(), null, null, Map.of());

      assertThatThrownBy(() -> TestFacade.start(
              second, builder -> builder.component(STORE, new InMemoryStateStore())))
          .isInstanceOf(InvalidConfigurationException.class)
          .hasMessageStartingWith("the facade can't listen on 127.0.0.1:" + first.port())
          .hasMessageContaining("in use");
      assertThat(first.dapr().getState(read("absent")).getEtag()).isEmpty();
      assertThatThrownBy(second::port).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void twoRuntimesInOneJvmHaveFacadesOfTheirOwn() {
    var pair = Stream.of("one", "two")
        .parallel()
        .map(value -> {
          var facade = TestFacade.over(new InMemoryStateStore());
          facade
              .dapr()
              .saveState(SaveStateRequest.newBuilder()
                  .setStoreName(STORE)
                  .addStates(item("k", value))
                  .build());
          return facade;
        })
        .toList();
    try (var two = pair.get(1)) {
      try (var one = pair.get(0)) {
        assertThat(one.port()).isNotEqualTo(two.port());
        assertThat(one.dapr().getState(read("k")).getData().toStringUtf8()).isEqualTo("one");
      }
      assertThat(two.dapr().getState(read("k")).getData().toStringUtf8()).isEqualTo("two");
    }
  }

  @Test
  void itsThreadsBearItsNameAndEnd() {
    try (var facade = TestFacade.over(component)) {
      facade.dapr().getState(read("absent"));
      assertThat(threads("checkout/grpc-io")).isNotEmpty().allMatch(Thread::isDaemon);
    }
    var deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!threads("checkout/grpc-io").isEmpty() && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    assertThat(threads("checkout/grpc-io")).isEmpty();
  }

  private static List<Thread> threads(String prefix) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith(prefix))
        .toList();
  }

  @Test
  void thePortIsKnownWhileItListens() {
    var facade = TestFacade.facade();
    assertThatThrownBy(facade::port).isInstanceOf(IllegalStateException.class);
    var runtime = EmbeddedRuntime.builder("checkout").with(facade).start();
    assertThat(facade.port()).isPositive();
    runtime.close();
    assertThatThrownBy(facade::port).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void anOptionIsSetOnceAndBeforeTheStart() {
    assertThatThrownBy(() -> TestFacade.facade().token("a").token("b"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("\"token\"");
    assertThatThrownBy(() -> TestFacade.facade().allowedApis("state.v1").allowedApis("lock.v1"))
        .isInstanceOf(IllegalStateException.class);
    var given = TestFacade.facade();
    EmbeddedRuntime.builder("checkout").with(given);
    assertThatThrownBy(() -> given.maxMessageSize(1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("before");
    assertThatThrownBy(() -> EmbeddedRuntime.builder("other").with(given))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("one runtime");
  }

  @Test
  void allThatIsWrongIsToldAtOnce() {
    var wrong = new GrpcFacade(70_000, null, null, Map.of())
        .token(" ")
        .maxMessageSize(0)
        .maxHeaderListSize(-1)
        .maxConcurrentCallsPerConnection(0)
        .allowedApis();

    assertThatThrownBy(() -> EmbeddedRuntime.builder("checkout").with(wrong))
        .isInstanceOfSatisfying(
            InvalidConfigurationException.class, e -> assertThat(e.problems()).hasSize(6));
    var unknown = TestFacade.facade().bindAddress("no such host.invalid");
    assertThatThrownBy(() -> EmbeddedRuntime.builder("checkout").with(unknown))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("no such host.invalid");
  }

  @Test
  void anOpenDoorWithoutATokenIsWarnedOf() {
    assertThat(warnings(TestFacade.facade().bindAddress("0.0.0.0")))
        .singleElement()
        .asString()
        .contains("0.0.0.0")
        .contains("no token");
    assertThat(warnings(TestFacade.facade().bindAddress("0.0.0.0").token("t"))).isEmpty();
    assertThat(warnings(TestFacade.facade())).isEmpty();
    assertThat(warnings(TestFacade.facade().bindAddress("127.0.0.1"))).isEmpty();
  }

  private static List<String> warnings(GrpcFacade facade) {
    try (var log = new CapturedLog(GrpcFacade.class.getPackageName())) {
      TestFacade.start(facade, builder -> {}).close();
      return log.warnings();
    }
  }
}
