// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.redis;

import static dev.pillion.state.redis.Changes.apply;
import static dev.pillion.state.redis.Changes.key;
import static dev.pillion.state.redis.Changes.put;
import static dev.pillion.state.redis.Changes.strong;
import static dev.pillion.state.redis.Changes.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.ComponentException;
import dev.pillion.ReplicationException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.state.SaveOptions;
import dev.pillion.testservers.RedisOptions;
import dev.pillion.testservers.RedisServer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Strong consistency: acknowledged when the replicas have it. */
@Timeout(60)
class RedisReplicasIT {
  private RedisServer primary;
  private RedisServer replica;
  private RedisStateStore store;
  private RawRedis raw;

  @BeforeEach
  void start() {
    primary = RedisServer.start();
    replica = RedisServer.start(
        new RedisOptions().setting("replicaof", primary.host() + " " + primary.port()));
    raw = new RawRedis(primary.uri().toString());
    TestTime.await("the replica", () -> raw.commands.info("replication").contains("state=online"));
    store = RedisStateStore.at(primary.uri().toString());
    store.open(TestTime.context());
  }

  @AfterEach
  void stop() {
    store.close();
    raw.close();
    replica.close();
    primary.close();
  }

  @Test
  void aStrongSaveIsOneScriptAndOneWait() {
    apply(store, strong(key(), "warm"));
    raw.resetCounts();
    var key = key();
    apply(store, strong(key, "x"));
    assertThat(raw.counts()).containsEntry("wait", 1).containsEntry("evalsha", 1);
    try (var copy = new RawRedis(replica.uri().toString())) {
      assertThat(copy.commands.hget(key, "data")).isEqualTo("x");
    }

    raw.resetCounts();
    store.transact(List.of(strong(key, "y"), strong(key(), "z")), Deadline.none());
    assertThat(store.applyAll(List.of(strong(key, "y"), strong(key(), "z")), Deadline.none()))
        .isEmpty();
    assertThat(raw.counts()).containsEntry("wait", 2).containsEntry("evalsha", 3);
  }

  @Test
  void aReplicaThatDoesNotFollowIsAFailureThatSaysThatTheValueIsStored() {
    apply(store, strong(key(), "warm"));
    replica.pause();
    var key = key();
    long start = System.nanoTime();
    var failure =
        catchThrowableOfType(ReplicationException.class, () -> apply(store, strong(key, "x")));
    assertThat(failure).hasMessageContaining("is stored").hasMessageContaining("0 of 1 replicas");
    assertThat(Duration.ofNanos(System.nanoTime() - start))
        .isBetween(Duration.ofMillis(900), Duration.ofMillis(1_500));
    assertThat(text(store, key)).isEqualTo("x");
    replica.resume();
  }

  @Test
  void aTransactionWhoseReplicaDoesNotFollowFailsAsAppliedNotAsRefused() {
    try (var runtime = EmbeddedRuntime.builder("orders")
        .component("st", RedisStateStore.at(primary.uri().toString()))
        .start()) {
      var orders = runtime.state("st");
      orders.save("warm", 0, SaveOptions.defaults().strong());
      replica.pause();
      var failure = catchThrowableOfType(
          ReplicationException.class,
          () -> orders.transaction(
              tx -> tx.save("a", 1, SaveOptions.defaults().strong()).save("b", 2)));
      assertThat(failure)
          .hasMessageStartingWith("error while executing state transaction")
          .hasMessageContaining("0 of 1 replicas");
      assertThat(failure.errorCode()).isEqualTo("ERR_STATE_TRANSACTION");
      assertThat(orders.getAll(List.of("a", "b"), Integer.class).found()).hasSize(2);
      replica.resume();
    }
  }

  @Test
  void ofABulkWriteOnlyTheStrongSaveFailsForItsReplica() {
    apply(store, strong(key(), "warm"));
    replica.pause();
    var eventual = key();
    var failures = store.applyAll(
        List.of(put(eventual, "x"), strong(key(), "y"), put(key(), "z")), Deadline.none());
    assertThat(failures).containsOnlyKeys(1);
    assertThat(failures.get(1)).isInstanceOf(ReplicationException.class);
    assertThat(text(store, eventual)).isEqualTo("x");
    replica.resume();
  }

  @Test
  void aWaitHoldsUpNobodyElse() {
    apply(store, strong(key(), "warm"));
    replica.pause();
    var waiting = TestTime.REAL.start("strong", () -> {
      var unused =
          catchThrowableOfType(ComponentException.class, () -> apply(store, strong(key(), "x")));
    });
    TestTime.awaitWaiting(waiting);
    long start = System.nanoTime();
    for (int i = 0; i < 10; i++) {
      text(store, key());
    }
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofMillis(500));
    assertThat(waiting.isAlive()).isTrue();
    replica.resume();
  }

  @Test
  void withoutAReplicaThereIsNothingToWaitFor() {
    replica.stop();
    TestTime.await("no replica", () -> raw.commands.info("replication").contains("slaves:0"));
    raw.resetCounts();
    apply(store, strong(key(), "x"));
    assertThat(raw.counts()).doesNotContainKey("wait");
  }
}
