// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.Registration;
import dev.pillion.TypeRef;
import dev.pillion.call.CallChain;
import dev.pillion.call.CallContext;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.CallerIdentity;
import dev.pillion.invocation.Invocation;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.NameResolverComponent;
import dev.pillion.invocation.spi.Peer;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.invocation.spi.PeerContext;
import dev.pillion.invocation.spi.PeerTransport;
import dev.pillion.invocation.spi.Resolution;
import dev.pillion.testkit.ManualTime;
import dev.pillion.testkit.PlainThreads;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Apps of other processes: which replica, for how long a look-up holds, what they are told. */
class PeersTest {
  private static final PeerAddress FIRST = new PeerAddress("10.0.0.2", 50002);
  private static final PeerAddress SECOND = new PeerAddress("10.0.0.3", 50002);

  private final ManualTime time = new ManualTime();
  private final Directory names = new Directory();
  private final Wire wire = new Wire();
  private final InvocationEngine engine = new InvocationEngine(
      "web", "", new TextSerializer(), CallChain.of(List.of()), time, null, Duration.ZERO);

  @BeforeEach
  void connect() {
    engine.reach("names", names, wire, new PeerAddress("10.0.0.1", 50002), "hostA");
  }

  @AfterEach
  void close() {
    engine.close();
  }

  /** Knows what a test puts into it. */
  private static final class Directory implements NameResolverComponent {
    final Map<String, List<PeerAddress>> apps = new ConcurrentHashMap<>();
    final List<String> asked = new CopyOnWriteArrayList<>();
    volatile CountDownLatch held = new CountDownLatch(0);
    Duration validFor = Duration.ofSeconds(5);

    @Override
    public void open(ComponentContext context) {}

    @Override
    public Registration register(AppInstance self) {
      return () -> {};
    }

    @Override
    public Resolution resolve(String appId, String namespace, Deadline deadline) {
      asked.add(namespace.equals("default") ? appId : appId + "." + namespace);
      try {
        assertThat(held.await(10, TimeUnit.SECONDS)).isTrue();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      return new Resolution(apps.getOrDefault(appId, List.of()), validFor);
    }

    @Override
    public void close() {}
  }

  /** Answers with the address that was asked, unless that is down. */
  private static final class Wire implements PeerTransport {
    final List<InvocationRequest> requests = new CopyOnWriteArrayList<>();
    final Set<PeerAddress> down = ConcurrentHashMap.newKeySet();
    Reason how = Reason.NOT_LISTENING;

    @Override
    public PeerAddress start(PeerContext context) {
      throw new UnsupportedOperationException("it has no port");
    }

    @Override
    public InvocationResponse invoke(Peer peer, InvocationRequest request, Deadline deadline) {
      assertThat(deadline.isSet()).isTrue();
      requests.add(request);
      if (down.contains(peer.address())) {
        throw new InvocationException(how, peer + " is down", null);
      }
      return InvocationResponse.of(
          200, Map.of(), "text/plain", peer.address().toString().getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public String describe() {
      return "in this test";
    }

    @Override
    public void drain() {}

    @Override
    public boolean provesCallers() {
      return false;
    }

    @Override
    public void close() {}
  }

  private String call() {
    return engine.app("orders").invoke("create", "x", String.class);
  }

  @Test
  void replicasTakeTurns() {
    names.apps.put("orders", List.of(FIRST, SECOND));
    assertThat(List.of(call(), call(), call()))
        .containsExactly("10.0.0.2:50002", "10.0.0.3:50002", "10.0.0.2:50002");
    assertThat(names.asked).containsExactly("orders");
  }

  @Test
  void aLookUpHoldsForAsLongAsTheResolverSays() {
    names.apps.put("orders", List.of(FIRST));
    call();
    time.advance(Duration.ofMillis(4_999));
    call();
    assertThat(names.asked).hasSize(1);
    names.apps.put("orders", List.of(SECOND));
    time.advance(Duration.ofMillis(1));
    assertThat(call()).isEqualTo("10.0.0.3:50002");
    assertThat(names.asked).hasSize(2);
  }

  @Test
  void aReplicaThatCannotBeReachedIsLeftOutAndLookedForAnew() {
    names.apps.put("orders", List.of(FIRST, SECOND));
    wire.down.add(FIRST);
    for (var reason : List.of(Reason.NOT_LISTENING, Reason.CLOSED)) {
      wire.how = reason;
      time.advance(Replicas.LEFT_OUT);
      var before = names.asked.size();
      InvocationException failure = null;
      while (failure == null) {
        failure = catchThrowableOfType(InvocationException.class, this::call);
      }
      assertThat(failure.reason()).isEqualTo(reason);
      call();
      assertThat(names.asked).hasSizeGreaterThan(before);
    }
  }

  /** As mDNS and a watched Consul do: what they remember is theirs to forget. */
  private void rememberedByTheResolver(PeerAddress... addresses) {
    names.validFor = Duration.ZERO;
    names.apps.put("orders", List.of(addresses));
  }

  private int failuresOf(int calls) {
    int failures = 0;
    for (int i = 0; i < calls; i++) {
      failures += catchThrowableOfType(InvocationException.class, this::call) == null ? 0 : 1;
    }
    return failures;
  }

  @Test
  void aLostReplicaThatTheResolverGoesOnNamingIsLeftOutForAWhile() {
    rememberedByTheResolver(FIRST, SECOND);
    for (var reason : List.of(Reason.NOT_LISTENING, Reason.CLOSED)) {
      wire.how = reason;
      wire.down.add(FIRST);
      assertThat(failuresOf(20)).as("%s", reason).isEqualTo(1);
      time.advance(Replicas.LEFT_OUT.minusNanos(1));
      assertThat(failuresOf(20)).as("%s", reason).isZero();
      time.advance(Duration.ofNanos(1));
      assertThat(failuresOf(20)).as("it is tried again").isEqualTo(1);
      wire.down.clear();
      time.advance(Replicas.LEFT_OUT);
      assertThat(List.of(call(), call())).as("it is back").doesNotHaveDuplicates();
    }
  }

  @Test
  void whereAllAreLostAllAreTried() {
    rememberedByTheResolver(FIRST, SECOND);
    wire.down.addAll(List.of(FIRST, SECOND));
    assertThat(failuresOf(6)).isEqualTo(6);
    wire.down.remove(FIRST);
    assertThat(failuresOf(20)).as("what answers is lost no more").isLessThanOrEqualTo(1);
  }

  @Test
  void aLostReplicaThatTheResolverHasForgottenMeanwhileIsANewOne() {
    rememberedByTheResolver(FIRST, SECOND);
    wire.down.add(FIRST);
    assertThat(failuresOf(2)).isEqualTo(1);
    rememberedByTheResolver(SECOND);
    assertThat(call()).isEqualTo(SECOND.toString());
    wire.down.clear();
    rememberedByTheResolver(FIRST, SECOND);
    assertThat(List.of(call(), call()))
        .containsExactlyInAnyOrder(FIRST.toString(), SECOND.toString());
  }

  @Test
  void soItIsForCallsThatAreProxied() {
    rememberedByTheResolver(FIRST, SECOND);
    var second = Deadline.after(Duration.ofSeconds(1), time);
    engine.unreachable(engine.find("orders", second).orElseThrow());
    for (int i = 0; i < 3; i++) {
      assertThat(engine.find("orders", second)).map(Peer::address).contains(SECOND);
    }
  }

  @Test
  void anAnswerThatIsAnErrorLeavesTheLookUpAsItIs() {
    names.apps.put("orders", List.of(FIRST));
    wire.down.add(FIRST);
    wire.how = Reason.DENIED;
    assertThatThrownBy(this::call).isInstanceOf(InvocationException.class);
    assertThatThrownBy(this::call).isInstanceOf(InvocationException.class);
    assertThat(names.asked).hasSize(1);
  }

  @Test
  void anUnknownAppIsAskedForEachTime() {
    assertThatThrownBy(this::call)
        .hasMessage(
            "no app \"orders\": this runtime is \"web\", the name resolver \"names\" does not know it");
    names.apps.put("orders", List.of(FIRST));
    assertThat(call()).isEqualTo("10.0.0.2:50002");
  }

  @Test
  void theResolverIsAskedForTheNamespaceOfTheTarget() {
    names.apps.put("orders", List.of(FIRST));
    engine.app("orders.prod").send("create", "x");
    assertThat(names.asked).containsExactly("orders.prod");
  }

  @Test
  void aPeerIsToldWhoCallsAndWhoForwards() {
    names.apps.put("orders", List.of(FIRST));
    var headers = Map.of(
        "X-Trace", List.of("t1"),
        "x-forwarded-for", List.of("1.2.3.4"),
        "DAPR-CALLER-APP-ID", List.of("admin"));
    engine
        .app("orders")
        .exchange(InvocationRequest.get("create").with(headers, Body.EMPTY))
        .close();
    assertThat(wire.requests.get(0).headers())
        .containsOnly(
            Map.entry("X-Trace", List.of("t1")),
            Map.entry("x-forwarded-for", List.of("1.2.3.4", "10.0.0.1")),
            Map.entry("X-Forwarded-Host", List.of("hostA")),
            Map.entry("Forwarded", List.of("for=10.0.0.1;by=10.0.0.1;host=hostA")),
            Map.entry("destination-app-id", List.of("orders")),
            Map.entry("dapr-caller-namespace", List.of("default")),
            Map.entry("dapr-caller-app-id", List.of("web")),
            Map.entry("dapr-callee-app-id", List.of("orders")));
  }

  @Test
  void proxiedCallsFindPeersTheSameWay() {
    names.apps.put("orders", List.of(FIRST, SECOND));
    var peer =
        engine.find("orders", Deadline.after(Duration.ofSeconds(1), time)).orElseThrow();
    assertThat(peer).isEqualTo(new Peer("orders", "default", FIRST));
    engine.unreachable(peer);
    names.apps.put("orders", List.of(SECOND));
    assertThat(engine.find("orders", Deadline.after(Duration.ofSeconds(1), time)))
        .map(Peer::address)
        .contains(SECOND);
    assertThat(engine.find("web", Deadline.after(Duration.ofSeconds(1), time))).isEmpty();
  }

  @Test
  void aCallOfAPeerPassesTheGateBeforeItsMethodIsLookedFor() {
    engine.policy((caller, operation, verb, http) -> {
      if (caller.isEmpty() || !operation.equals("create")) {
        throw new InvocationException(
            Reason.DENIED, caller + " may not " + verb + " " + operation, null);
      }
    });
    engine.method("create", new TypeRef<String>() {}, text -> text + "!");
    var identity =
        CallerIdentity.of(URI.create("spiffe://public/ns/default/shop")).orElseThrow();
    var context = CallContext.EMPTY;
    var request =
        InvocationRequest.post("/create/", "text/plain", "x".getBytes(StandardCharsets.UTF_8));
    assertThatThrownBy(() -> engine.receive(request, Invocation.of(context)))
        .hasMessageContaining("may not POST create");
    assertThatThrownBy(() -> engine.receive(
            InvocationRequest.post("a/../delete", "", new byte[0]),
            new Invocation(Optional.of(identity), context)))
        .hasMessageContaining("may not POST delete");
    var answer = engine.receive(request, new Invocation(Optional.of(identity), context));
    assertThat(answer.status()).isEqualTo(200);
  }

  @Test
  void aPeerGetsTheErrorOfAHandlerAsAnAnswer() throws Exception {
    engine.method("find", new TypeRef<String>() {}, text -> {
      throw new InvocationException(404, "no " + text);
    });
    var answer = engine.receive(
        InvocationRequest.post("find", "text/plain", "book".getBytes(StandardCharsets.UTF_8)),
        Invocation.of(CallContext.EMPTY));
    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.body().readAllBytes()).asString(StandardCharsets.UTF_8).isEqualTo("no book");
  }

  private Map<String, List<String>> headersSeen(
      Map<String, List<String>> said, Optional<CallerIdentity> proven) {
    var seen = new AtomicReference<Map<String, List<String>>>(Map.of());
    try (var registration = engine.method("whoami", (request, invocation) -> {
      seen.set(request.headers());
      return InvocationResponse.of(204, Map.of(), "", new byte[0]);
    })) {
      assertThat(registration).isNotNull();
      engine.receive(
          InvocationRequest.get("whoami").with(said, Body.EMPTY),
          new Invocation(proven, CallContext.EMPTY));
    }
    return seen.get();
  }

  @Test
  void forgedIdentitiesOfAProvenPeerReachNoMethod() {
    var proven = Optional.of(new CallerIdentity("public", "default", "shop"));
    var forged = Map.of(
        "dapr-caller-app-id", List.of("admin"),
        "Dapr-Caller-App-Id", List.of("root"),
        "dapr-caller-namespace", List.of("kube-system"),
        "dapr-callee-app-id", List.of("another"),
        "x-trace", List.of("t1"));
    var truth = Map.of(
        "dapr-caller-app-id", List.of("shop"),
        "dapr-caller-namespace", List.of("default"),
        "dapr-callee-app-id", List.of("web"),
        "x-trace", List.of("t1"));
    assertThat(headersSeen(forged, proven)).isEqualTo(truth);
    assertThat(headersSeen(truth, proven)).isEqualTo(truth);
    assertThat(headersSeen(Map.of("x-trace", List.of("t1")), proven)).isEqualTo(truth);
    var twice = new HashMap<>(truth);
    twice.put("dapr-caller-app-id", List.of("shop", "admin"));
    assertThat(headersSeen(twice, proven)).isEqualTo(truth);
    var beside = new HashMap<>(truth);
    beside.put("DAPR-CALLER-APP-ID", List.of("admin"));
    assertThat(headersSeen(beside, proven)).isEqualTo(truth);
  }

  /** Claims of somebody who has proven nothing are no less than what a daprd would hand on. */
  @Test
  void whatAnUnprovenPeerSaysOfItselfStays() {
    var said = Map.of("dapr-caller-app-id", List.of("shop"));
    assertThat(headersSeen(said, Optional.empty())).isEqualTo(said);
  }

  @Test
  void callsAtTheSameTimeShareALookUp() throws Exception {
    names.apps.put("orders", List.of(FIRST, SECOND));
    names.held = new CountDownLatch(1);
    var calls = new ArrayList<FutureTask<String>>();
    for (int i = 0; i < 16; i++) {
      var call = new FutureTask<>(this::call);
      calls.add(call);
      new PlainThreads().execute("call", call);
    }
    time.awaitPending(15);
    names.held.countDown();
    for (var call : calls) {
      assertThat(call.get(10, TimeUnit.SECONDS)).isIn(FIRST.toString(), SECOND.toString());
    }
    assertThat(names.asked).containsExactly("orders");
  }

  @Test
  void aRuntimeThatIsClosedIsToldApartFromOneThatFails() {
    engine.close();
    assertThatThrownBy(
            () -> engine.receive(InvocationRequest.get("x"), Invocation.of(CallContext.EMPTY)))
        .isInstanceOfSatisfying(
            InvocationException.class, e -> assertThat(e.reason()).isEqualTo(Reason.NOT_LISTENING));
  }

  @Test
  void aCallerWhoIsInterruptedTakesNoReplicaAway() {
    names.apps.put("orders", List.of(FIRST));
    call();
    wire.down.add(FIRST);
    wire.how = Reason.CLOSED;
    Thread.currentThread().interrupt();
    assertThatThrownBy(this::call).isInstanceOf(InvocationException.class);
    assertThat(Thread.interrupted()).as("the interrupt is left to the caller").isTrue();
    wire.down.clear();
    call();
    assertThat(names.asked).hasSize(1);
  }

  @Test
  void aMethodThatAPeerCallsWithoutADeadlineHasAMinute() {
    var left = new ArrayList<Long>();
    engine.method("create", (request, invocation) -> {
      left.add(invocation.context().deadline().remainingNanos());
      return InvocationResponse.of(204, Map.of(), "", new byte[0]);
    });
    engine.receive(InvocationRequest.get("create"), Invocation.of(CallContext.EMPTY));
    assertThat(left).containsExactly(Duration.ofSeconds(60).toNanos());
  }
}
