// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.redis;

import static dev.pillion.state.redis.Changes.apply;
import static dev.pillion.state.redis.Changes.get;
import static dev.pillion.state.redis.Changes.key;
import static dev.pillion.state.redis.Changes.put;
import static dev.pillion.state.redis.Changes.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.BuildingBlockException;
import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.redis.RedisSettings;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.spi.Condition;
import dev.pillion.testservers.FaultProxy;
import dev.pillion.testservers.RedisOptions;
import dev.pillion.testservers.RedisServer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What callers see while the network or the server fails, and that it heals without them. */
@Timeout(60)
class RedisFaultsIT {
  private static final Duration READ_TIMEOUT = Duration.ofSeconds(1);

  private static RedisServer redis;
  private static RawRedis raw;
  private FaultProxy proxy;
  private RedisStateStore store;

  @BeforeAll
  static void start() {
    redis = RedisServer.start();
    raw = new RawRedis(redis.uri().toString());
  }

  @AfterAll
  static void stop() {
    raw.close();
    redis.close();
  }

  @BeforeEach
  void open() {
    proxy = FaultProxy.to(redis.host(), redis.port());
    store = RedisStateStore.at(settings(proxy.host(), proxy.port()));
    store.open(TestTime.context());
  }

  @AfterEach
  void close() {
    store.close();
    proxy.close();
  }

  @Test
  void whileTheServerIsAwayCallsWaitForItAndThenFailAsTransient() {
    proxy.cut();
    // The call that meets the breaking connection fails with it, whenever that is; later ones wait.
    failsWithin(READ_TIMEOUT, () -> get(store, "k"));
    var took = failsWithin(READ_TIMEOUT, () -> get(store, "k"));
    assertThat(took).isBetween(Duration.ofMillis(900), Duration.ofMillis(1_400));
    failsWithin(READ_TIMEOUT, () -> apply(store, put("k", "x", Condition.matches("1"))));
    failsWithin(READ_TIMEOUT, () -> store.transact(List.of(put("k", "x")), Deadline.none()));
    failsWithin(
        READ_TIMEOUT, () -> store.getAll(List.of("k"), ReadOptions.defaults(), Deadline.none()));
    failsWithin(Duration.ofMillis(200), () -> store.probe(TestTime.in(Duration.ofMillis(200))));

    proxy.heal();
    var key = key();
    apply(store, put(key, "x"));
    assertThat(text(store, key)).isEqualTo("x");
  }

  @Test
  void aCallMadeWhileDisconnectedIsCarriedOutWhenTheServerIsBackInTime() throws Exception {
    var key = key();
    proxy.cut();
    var call = TestTime.REAL.start("caller", () -> apply(store, put(key, "x")));
    TestTime.awaitWaiting(call);
    proxy.heal();
    call.join(5_000);
    assertThat(text(store, key)).isEqualTo("x");
    assertThat(raw.commands.hget(key, "version")).isEqualTo("1");
  }

  @Test
  void aServerThatDoesNotAnswerIsGivenTheReadTimeout() {
    proxy.stall();
    var took = timesOutWithin(READ_TIMEOUT, () -> get(store, "k"));
    assertThat(took).isGreaterThan(Duration.ofMillis(900));

    proxy.heal();
    assertThat(get(store, key())).isEmpty();
  }

  @Test
  void anEarlierDeadlineIsKept() {
    var short200 = Duration.ofMillis(200);
    proxy.stall();
    timesOutWithin(short200, () -> store.get("k", ReadOptions.defaults(), TestTime.in(short200)));
    timesOutWithin(short200, () -> store.apply(put("k", "x"), TestTime.in(short200)));
    timesOutWithin(short200, () -> store.transact(List.of(put("k", "x")), TestTime.in(short200)));
    assertThat(store.applyAll(List.of(put("k", "x"), put("l", "y")), TestTime.in(short200)))
        .hasSize(2)
        .allSatisfy((i, e) -> assertThat(e).isInstanceOf(CallTimeoutException.class));

    proxy.heal();
    timesOutWithin(
        Duration.ofMillis(1),
        () -> store.get("k", ReadOptions.defaults(), TestTime.in(Duration.ZERO)));
    assertThat(get(store, key())).isEmpty();
  }

  @Test
  void slowRepliesAreReadInTheirOrder() {
    var key = key();
    apply(store, put(key, "x"));
    proxy.delay(Duration.ofMillis(300));
    assertThat(text(store, key)).isEqualTo("x");
    timesOutWithin(
        Duration.ofMillis(100),
        () -> store.get(key(), ReadOptions.defaults(), TestTime.in(Duration.ofMillis(100))));
    // The answer to the call that was given up must not become the answer to this one.
    assertThat(text(store, key)).isEqualTo("x");
  }

  @Test
  void aSaveWhoseAnswerWasLostIsNotSentAgain() {
    var key = key();
    apply(store, put(key, "1"));
    proxy.stallReplies();
    timesOutWithin(READ_TIMEOUT, () -> apply(store, put(key, "2", Condition.matches("1"))));
    proxy.heal();

    assertThat(text(store, key)).isEqualTo("2");
    assertThat(get(store, key).orElseThrow().etag()).isEqualTo("2");
  }

  @Test
  void aConnectionThatBreaksUnderACallIsAFailureAtOnceAndNeverAMismatch() throws Exception {
    var key = key();
    apply(store, put(key, "1"));
    proxy.stallReplies();
    long before = proxy.requestBytes();
    var failure = new CompletableFuture<Throwable>();
    TestTime.REAL.start("caller", () -> {
      try {
        apply(store, put(key, "2", Condition.matches("1")));
        failure.complete(new AssertionError("no failure"));
      } catch (RuntimeException e) {
        failure.complete(e);
      }
    });
    TestTime.await("the save at the server", () -> proxy.requestBytes() > before);
    proxy.cut();
    assertThat(failure.get(900, TimeUnit.MILLISECONDS))
        .isInstanceOfSatisfying(
            ComponentException.class, e -> assertThat(e.isTransient()).isTrue());
  }

  @Test
  void aConnectionThatWentSilentIsReplaced() {
    get(store, key());
    long before = proxy.accepted();
    proxy.stall();
    timesOutWithin(READ_TIMEOUT, () -> get(store, "k"));
    // Without healing: a new connection is tried, although the old one was never closed by anyone.
    TestTime.await("a new connection", () -> proxy.accepted() > before);
  }

  @Test
  void aSilentConnectionIsReplacedAlsoWhenAllDeadlinesAreShort() {
    get(store, key());
    long before = proxy.accepted();
    proxy.stall();
    TestTime.await("a new connection", () -> {
      assertThatThrownBy(
              () -> store.get("k", ReadOptions.defaults(), TestTime.in(Duration.ofMillis(200))))
          .isInstanceOf(BuildingBlockException.class);
      return proxy.accepted() > before;
    });
  }

  @Test
  void aStoppedServerIsATimeoutAndItsContinuationHeals() {
    try (var own = RedisServer.start();
        var paused = RedisStateStore.at(settings(own.host(), own.port()))) {
      paused.open(TestTime.context());
      own.pause();
      timesOutWithin(READ_TIMEOUT, () -> get(paused, "k"));
      own.resume();
      var key = key();
      apply(paused, put(key, "x"));
      assertThat(text(paused, key)).isEqualTo("x");
    }
  }

  @Test
  void anInterruptedCallerKeepsItsFlag() throws Exception {
    proxy.stall();
    var interrupted = new CompletableFuture<Boolean>();
    var call = TestTime.REAL.start("caller", () -> {
      var failure = catchThrowableOfType(ComponentException.class, () -> get(store, "k"));
      interrupted.complete(failure.isTransient() && Thread.currentThread().isInterrupted());
    });
    TestTime.awaitWaiting(call);
    call.interrupt();
    assertThat(interrupted.get(900, TimeUnit.MILLISECONDS)).isTrue();
  }

  @Test
  void aStoreCanBeOpenedAgainAfterAFailedAttempt() {
    try (var own = RedisServer.start();
        var late = RedisStateStore.at(settings(own.host(), own.port()))) {
      own.stop();
      var failure =
          catchThrowableOfType(ComponentException.class, () -> late.open(TestTime.context("late")));
      assertThat(failure.isTransient()).isTrue();
      assertThat(failure).hasMessageContaining(own.host() + ":" + own.port());
      TestTime.await("no thread to be left", () -> nettyThreads("late") == 0);
      own.restart();
      late.open(TestTime.context("late"));
      assertThat(get(late, "k")).isEmpty();
    }
  }

  @Test
  void openingKeepsItsDeadline() {
    proxy.stall();
    try (var late = RedisStateStore.at(settings(proxy.host(), proxy.port()))) {
      var took = failsWithin(
          Duration.ofMillis(500), () -> late.open(TestTime.context(Duration.ofMillis(500))));
      assertThat(took).isGreaterThan(Duration.ofMillis(400));
    }
  }

  @Test
  void aReplicaThatTakesNoWritesIsATransientFailure() {
    try (var replica = RedisServer.start(
            new RedisOptions().setting("replicaof", redis.host() + " " + redis.port()));
        var reader = RedisStateStore.at(replica.uri().toString())) {
      reader.open(TestTime.context());
      var failure =
          catchThrowableOfType(ComponentException.class, () -> apply(reader, put("k", "x")));
      assertThat(failure).hasMessageContaining("READONLY");
      assertThat(failure.isTransient()).isTrue();
      TestTime.await("reads on the new connection", () -> get(reader, key()).isEmpty());
    }
  }

  @Test
  void aFullServerIsATransientFailureThatWritesNothing() {
    try (var full = RedisServer.start(new RedisOptions()
            .setting("maxmemory", "100mb")
            .setting("maxmemory-policy", "noeviction"));
        var writer = RedisStateStore.at(full.uri().toString());
        var look = new RawRedis(full.uri().toString())) {
      writer.open(TestTime.context());
      var kept = key();
      apply(writer, put(kept, "kept"));
      look.commands.configSet("maxmemory", "1");
      var key = key();
      var failure = catchThrowableOfType(
          ComponentException.class,
          () -> writer.transact(List.of(put(kept, "new"), put(key, "x")), Deadline.none()));
      assertThat(failure).hasMessageContaining("OOM");
      assertThat(failure.isTransient()).isTrue();
      assertThat(look.commands.exists(key)).isZero();
      assertThat(text(writer, kept)).isEqualTo("kept");
      apply(writer, Changes.delete(kept));
    }
  }

  @Test
  void aServerThatTakesLessThanUsualFailsTheSaveAndIsConnectedAgain() {
    try (var small = RedisServer.start(new RedisOptions().setting("proto-max-bulk-len", "1mb"));
        var writer = RedisStateStore.at(settings(small.host(), small.port()))) {
      writer.open(TestTime.context());
      var key = key();
      apply(writer, put(key, "kept"));
      // The server answers, and closes while it is still sent to: either may be seen first.
      assertThatThrownBy(() -> apply(writer, put(key, "x".repeat(2 << 20))))
          .isInstanceOf(ComponentException.class);
      assertThat(text(writer, key)).isEqualTo("kept");
    }
  }

  @Test
  void aClosedStoreSaysSo() {
    store.close();
    assertThatThrownBy(() -> get(store, "k"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("not open");
  }

  private static RedisSettings settings(String host, int port) {
    return RedisSettings.builder()
        .address(host, port)
        .commandTimeout(READ_TIMEOUT)
        .build();
  }

  private static long nettyThreads(String component) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("orders/redis/" + component + "/"))
        .count();
  }

  private static Duration failsWithin(Duration limit, ThrowingCallable call) {
    long start = System.nanoTime();
    var failure = catchThrowableOfType(ComponentException.class, call);
    var took = Duration.ofNanos(System.nanoTime() - start);
    assertThat(failure).isNotNull();
    assertThat(failure.isTransient()).as(failure.getMessage()).isTrue();
    assertThat(took).isLessThan(limit.plusMillis(400));
    return took;
  }

  private static Duration timesOutWithin(Duration limit, ThrowingCallable call) {
    long start = System.nanoTime();
    var failure = catchThrowableOfType(CallTimeoutException.class, call);
    var took = Duration.ofNanos(System.nanoTime() - start);
    assertThat(failure).isNotNull();
    assertThat(took).isLessThan(limit.plusMillis(300));
    return took;
  }
}
