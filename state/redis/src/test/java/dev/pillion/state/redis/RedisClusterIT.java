// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.redis;

import static dev.pillion.state.redis.Changes.apply;
import static dev.pillion.state.redis.Changes.get;
import static dev.pillion.state.redis.Changes.key;
import static dev.pillion.state.redis.Changes.put;
import static dev.pillion.state.redis.Changes.text;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.BuildingBlockException;
import dev.pillion.ComponentException;
import dev.pillion.EtagMismatchException;
import dev.pillion.TransactionException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.spi.Condition;
import dev.pillion.state.spi.StateChange;
import dev.pillion.testservers.RedisClusterServers;
import dev.pillion.testservers.RedisServer;
import io.lettuce.core.cluster.RedisClusterClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Three primaries, and slots that move. */
@Timeout(120)
class RedisClusterIT {
  private static RedisClusterServers cluster;
  private static RedisStateStore store;
  private static List<RawRedis> nodes;

  @BeforeAll
  static void start() {
    cluster = RedisClusterServers.start();
    store = RedisStateStore.at(RedisClusterContractIT.settings(cluster));
    store.open(TestTime.context());
    nodes = cluster.uris().stream().map(uri -> new RawRedis(uri.toString())).toList();
  }

  @AfterAll
  static void stop() {
    store.close();
    nodes.forEach(RawRedis::close);
    cluster.close();
  }

  @Test
  void aTransactionAcrossSlotsIsRefusedBeforeItIsSent() {
    var first = "orders||" + onNode(0);
    var second = "orders||" + onNode(1);
    nodes.forEach(RawRedis::resetCounts);

    assertThatThrownBy(
            () -> store.transact(List.of(put(first, "x"), put(second, "y")), Deadline.none()))
        .isInstanceOfSatisfying(TransactionException.class, e -> assertThat(e)
            .hasMessageContaining(first)
            .hasMessageContaining(second)
            .hasMessageContaining("braces"))
        .extracting(e -> ((BuildingBlockException) e).errorCode())
        .isEqualTo("ERR_STATE_TRANSACTION");
    nodes.forEach(node -> assertThat(node.counts()).doesNotContainKeys("evalsha", "eval"));
  }

  @Test
  void aTransactionUnderOneHashTagIsAllOrNothing() {
    var tag = "orders||{" + key() + "}";
    store.transact(List.of(put(tag + "a", "1"), put(tag + "b", "1")), Deadline.none());
    assertThatThrownBy(() -> store.transact(
            List.of(put(tag + "a", "2"), put(tag + "b", "2", Condition.matches("9"))),
            Deadline.none()))
        .isInstanceOf(EtagMismatchException.class);
    assertThat(text(store, tag + "a") + text(store, tag + "b")).isEqualTo("11");
  }

  @Test
  void bulkCallsGoToEachNodeOnce() {
    var keys = IntStream.range(0, 300).mapToObj(i -> key()).toList();
    var changes = keys.stream().map(key -> put(key, "v" + key)).toList();
    assertThat(store.applyAll(changes, Deadline.none())).isEmpty();
    nodes.forEach(RawRedis::resetCounts);

    var read = store.getAll(keys, ReadOptions.defaults(), Deadline.none());
    assertThat(read.failures()).isEmpty();
    assertThat(read.found()).hasSize(300);
    read.found()
        .forEach((key, value) -> assertThat(new String(value.bytes(), UTF_8)).isEqualTo("v" + key));
    var calls =
        nodes.stream().mapToInt(node -> node.counts().getOrDefault("hmget", 0)).toArray();
    assertThat(calls).doesNotContain(0);
    assertThat(IntStream.of(calls).sum()).isEqualTo(300);
  }

  @Test
  void aNodeThatForgotTheScriptIsGivenIt() {
    nodes.forEach(node -> node.commands.scriptFlush());
    var changes = IntStream.range(0, 100).mapToObj(i -> put(key(), "x")).toList();
    assertThat(store.applyAll(changes, Deadline.none())).isEmpty();
    nodes.forEach(RawRedis::resetCounts);
    assertThat(store.applyAll(changes, Deadline.none())).isEmpty();
    nodes.forEach(node -> assertThat(node.counts()).doesNotContainKey("eval"));
  }

  @Test
  void keysAreFoundWhileAndAfterTheirSlotMoves() {
    var tag = "{" + onNode(0) + "}";
    int slot = cluster.slotOf(tag);
    var keys = IntStream.range(0, 20).mapToObj(i -> tag + i).toList();
    keys.forEach(key -> apply(store, put(key, "before")));

    var move = cluster.beginMove(slot, 0, 1);
    move.migrateKeys(10);
    // Ten are here, ten are there, and one is new: single calls, a bulk, and a new key's ASK.
    keys.forEach(key -> assertThat(text(store, key)).isEqualTo("before"));
    assertThat(store.getAll(keys, ReadOptions.defaults(), Deadline.none()).found())
        .hasSize(20);
    keys.forEach(key -> apply(store, put(key, "during", Condition.matches("1"))));
    apply(store, put(tag + "new", "x", Condition.absent()));
    move.migrateKeys();
    move.finish();

    assertThat(store.getAll(keys, ReadOptions.defaults(), Deadline.none()).found())
        .hasSize(20)
        .allSatisfy((key, value) -> assertThat(value.etag()).isEqualTo("2"));
    keys.forEach(key -> assertThat(text(store, key)).isEqualTo("during"));
    var bulk = new ArrayList<StateChange>();
    keys.forEach(key -> bulk.add(put(key, "after", Condition.matches("2"))));
    assertThat(store.applyAll(bulk, Deadline.none())).isEmpty();
  }

  @Test
  void totalsAddUpWhileASlotMovesUnderLoad() {
    var tag = "{" + onNode(2) + "}";
    int slot = cluster.slotOf(tag);
    var left = tag + "left";
    var right = tag + "right";
    store.transact(List.of(put(left, "1000"), put(right, "1000")), Deadline.none());
    var done = new AtomicLong();
    Queue<Throwable> wrong = new ConcurrentLinkedQueue<>();
    var threads = new ArrayList<Thread>();
    var stop = new AtomicBoolean();
    for (int i = 0; i < 4; i++) {
      threads.add(TestTime.REAL.start("mover-" + i, () -> {
        while (!stop.get()) {
          transfer(left, right, done, wrong);
        }
      }));
    }
    TestTime.await("transfers", () -> done.get() > 200);
    for (int round = 0; round < 4; round++) {
      int from = round % 2 == 0 ? 2 : 1;
      cluster.moveSlot(slot, from, 3 - from);
      long seen = done.get();
      TestTime.await("transfers after a move", () -> done.get() > seen + 100);
    }
    stop.set(true);
    threads.forEach(RedisClusterIT::join);

    assertThat(wrong).isEmpty();
    assertThat(number(left) + number(right)).isEqualTo(2_000);
    assertThat(number(left)).isEqualTo(1_000 - done.get());
  }

  @Test
  void aBorrowedClientOfAClusterWorksToo() {
    var client = RedisClusterClient.create(cluster.uris().get(0).toString());
    try (var borrowed = RedisStateStore.on(client)) {
      borrowed.open(TestTime.context());
      var key = key();
      apply(borrowed, put(key, "x"));
      assertThat(text(store, key)).isEqualTo("x");
    } finally {
      client.shutdown();
    }
  }

  @Test
  void aNodeThatIsAwayFailsItsOwnKeysFirstThenAllAndHeals() {
    RedisServer away = cluster.servers().get(1);
    var there = onNode(1);
    var here = onNode(0);
    apply(store, put(there, "there"));
    apply(store, put(here, "here"));
    away.stop();
    try {
      assertThatThrownBy(() -> get(store, there))
          .isInstanceOfSatisfying(
              ComponentException.class, e -> assertThat(e.isTransient()).isTrue());
      var read = store.getAll(List.of(there, here), ReadOptions.defaults(), Deadline.none());
      assertThat(read.failures()).containsOnlyKeys(there);
      assertThat(read.found()).containsOnlyKeys(here);
      apply(store, put(here, "and written"));

      // The other nodes give it five seconds; then they serve no key, unless they are told to.
      TestTime.await("the nodes to notice", () -> isClusterDown(here));
    } finally {
      away.restart();
      cluster.awaitOk();
    }
    TestTime.await("the node's keys", () -> text(store, there).equals("there"));
    TestTime.await("all other keys", () -> text(store, here).equals("and written"));
  }

  private static boolean isClusterDown(String key) {
    try {
      get(store, key);
      return false;
    } catch (ComponentException e) {
      assertThat(e).hasMessageContaining("CLUSTERDOWN");
      assertThat(e.isTransient()).isTrue();
      return true;
    }
  }

  private static void transfer(String left, String right, AtomicLong done, Queue<Throwable> wrong) {
    try {
      var from = get(store, left).orElseThrow();
      var to = get(store, right).orElseThrow();
      store.transact(
          List.of(
              put(left, plus(from.bytes(), -1), Condition.matches(from.etag())),
              put(right, plus(to.bytes(), 1), Condition.matches(to.etag()))),
          Deadline.none());
      done.incrementAndGet();
    } catch (EtagMismatchException e) {
      // Another mover was faster; nothing was changed.
    } catch (ComponentException e) {
      // While the two keys are at two nodes the cluster answers TRYAGAIN, which changes nothing.
      if (!e.isTransient() || !String.valueOf(e.getMessage()).contains("TRYAGAIN")) {
        wrong.add(e);
      }
    } catch (RuntimeException e) {
      wrong.add(e);
    }
  }

  private static String plus(byte[] number, int more) {
    return Long.toString(Long.parseLong(new String(number, UTF_8)) + more);
  }

  private static long number(String key) {
    return Long.parseLong(text(store, key));
  }

  private static String onNode(int index) {
    while (true) {
      var key = key();
      if (cluster.ownerOf(cluster.slotOf(key)) == index) {
        return key;
      }
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join(10_000);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
