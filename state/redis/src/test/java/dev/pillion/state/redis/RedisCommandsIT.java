// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.redis;

import static dev.pillion.state.redis.Changes.apply;
import static dev.pillion.state.redis.Changes.delete;
import static dev.pillion.state.redis.Changes.get;
import static dev.pillion.state.redis.Changes.key;
import static dev.pillion.state.redis.Changes.put;
import static dev.pillion.state.redis.Changes.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import dev.pillion.EtagMismatchException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.spi.Condition;
import dev.pillion.state.spi.StateChange;
import dev.pillion.testservers.FaultProxy;
import dev.pillion.testservers.RedisServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which commands a call costs, as the server itself counts them, and how many round trips. */
class RedisCommandsIT {
  private static RedisServer redis;
  private static RedisStateStore store;
  private static RawRedis raw;

  @BeforeAll
  static void start() {
    redis = RedisServer.start();
    store = RedisStateStore.at(redis.uri().toString());
    store.open(TestTime.context());
    raw = new RawRedis(redis.uri().toString());
    apply(store, put("warm", "scripts"));
  }

  @AfterAll
  static void stop() {
    store.close();
    raw.close();
    redis.close();
  }

  @BeforeEach
  void reset() {
    raw.resetCounts();
  }

  @Test
  void aGetIsOneHmget() {
    get(store, key());
    assertThat(raw.counts()).containsExactly(entry("hmget", 1));
  }

  @Test
  void aSaveWithEtagAndTimeToLiveIsOneEvalsha() {
    var key = key();
    apply(store, put(key, "x"));
    raw.resetCounts();

    apply(store, put(key, "y", Condition.matches("1"), Duration.ofSeconds(60)));
    assertThat(raw.counts())
        .containsOnly(
            entry("evalsha", 1),
            entry("hget", 1),
            entry("hset", 1),
            entry("hincrby", 1),
            entry("expire", 1));
  }

  @Test
  void aDeleteIsOneEvalsha() {
    apply(store, delete(key()));
    assertThat(raw.counts()).containsOnly(entry("evalsha", 1), entry("del", 1));
  }

  @Test
  void aTransactionIsOneEvalsha() {
    store.transact(
        List.of(put(key(), "a"), delete(key()), put(key(), "b", Condition.absent())),
        Deadline.none());
    assertThat(raw.counts())
        .containsEntry("evalsha", 1)
        .doesNotContainKeys("multi", "exec", "eval");
  }

  @Test
  void aTransactionOfAThousandIsOneEvalshaToo() {
    var changes = new ArrayList<StateChange>();
    var prefix = key();
    for (int i = 0; i < 1_000; i++) {
      changes.add(put(prefix + i, "v" + i, Condition.absent(), Duration.ofSeconds(100)));
    }
    store.transact(changes, Deadline.none());

    assertThat(raw.counts())
        .containsEntry("evalsha", 1)
        .containsEntry("hset", 1_000)
        .containsEntry("expire", 1_000);
    assertThat(text(store, prefix + 999)).isEqualTo("v999");
    assertThat(raw.commands.ttl(prefix + 500)).isBetween(98L, 100L);
  }

  @Test
  void aStaleEtagInTheMiddleOfATransactionChangesNothing() {
    var first = key();
    var second = key();
    var third = key();
    apply(store, put(first, "1", Condition.none(), Duration.ofSeconds(100)));
    apply(store, put(second, "2"));
    apply(store, put(third, "3", Condition.none(), Duration.ofSeconds(100)));

    assertThatThrownBy(() -> store.transact(
            List.of(
                put(first, "new", Condition.matches("1"), Duration.ofSeconds(1_000)),
                put(second, "new", Condition.matches("9"), Duration.ofSeconds(1_000)),
                delete(third)),
            Deadline.none()))
        .isInstanceOfSatisfying(
            EtagMismatchException.class, e -> assertThat(e.key()).isEqualTo(second));
    assertThat(raw.commands.hgetall(first)).isEqualTo(Map.of("data", "1", "version", "1"));
    assertThat(raw.commands.hgetall(second)).isEqualTo(Map.of("data", "2", "version", "1"));
    assertThat(raw.commands.hgetall(third)).isEqualTo(Map.of("data", "3", "version", "1"));
    assertThat(raw.commands.ttl(first)).isBetween(98L, 100L);
    assertThat(raw.commands.ttl(second)).isEqualTo(-1);
    assertThat(raw.commands.ttl(third)).isBetween(98L, 100L);
  }

  @Test
  void aBulkGetOfAHundredIsOneRoundTrip() {
    var keys = IntStream.range(0, 100).mapToObj(i -> key()).toList();
    try (var proxy = FaultProxy.to(redis.host(), redis.port());
        var far = RedisStateStore.at("redis://%s:%d".formatted(proxy.host(), proxy.port()))) {
      far.open(TestTime.context());
      proxy.delay(Duration.ofMillis(500));
      raw.resetCounts();

      long start = System.nanoTime();
      far.getAll(keys, ReadOptions.defaults(), Deadline.none());
      assertThat(Duration.ofNanos(System.nanoTime() - start))
          .isBetween(Duration.ofMillis(490), Duration.ofMillis(990));
      assertThat(raw.counts()).containsExactly(entry("hmget", 100));
    }
  }

  @Test
  void aBulkSaveOfAHundredIsOneRoundTrip() {
    var changes = IntStream.range(0, 100).mapToObj(i -> put(key(), "x")).toList();
    try (var proxy = FaultProxy.to(redis.host(), redis.port());
        var far = RedisStateStore.at("redis://%s:%d".formatted(proxy.host(), proxy.port()))) {
      far.open(TestTime.context());
      proxy.delay(Duration.ofMillis(500));
      raw.resetCounts();

      long start = System.nanoTime();
      assertThat(far.applyAll(changes, Deadline.none())).isEmpty();
      assertThat(Duration.ofNanos(System.nanoTime() - start))
          .isBetween(Duration.ofMillis(490), Duration.ofMillis(990));
      assertThat(raw.counts()).containsEntry("evalsha", 100).doesNotContainKey("eval");
    }
  }

  @Test
  void withoutTheJsonModuleAMarkedValueIsAnOrdinaryOne() {
    var key = key();
    apply(store, Changes.json(key, "{\"a\":1}", Condition.none()));
    assertThat(raw.commands.hgetall(key)).isEqualTo(Map.of("data", "{\"a\":1}", "version", "1"));
    assertThat(store.get(
            key,
            ReadOptions.defaults().metadata("contentType", "application/json"),
            Deadline.none()))
        .isPresent();
  }

  @Test
  void aBulkOfTenThousandWorks() {
    var prefix = key();
    var changes =
        IntStream.range(0, 10_000).mapToObj(i -> put(prefix + i, "x" + i)).toList();
    assertThat(store.applyAll(changes, Deadline.none())).isEmpty();
    var read = store.getAll(
        IntStream.range(0, 10_000).mapToObj(i -> prefix + i).toList(),
        ReadOptions.defaults(),
        Deadline.none());
    assertThat(read.found()).hasSize(10_000);
  }

  @Test
  void theLaterOfTwoSavesOfOneKeyInABulkWinsEvenWhenTheServerForgotTheScript() {
    var key = key();
    raw.commands.scriptFlush();
    assertThat(store.applyAll(
            List.of(put(key, "1"), put(key(), "x"), put(key, "2"), delete(key), put(key, "3")),
            Deadline.none()))
        .isEmpty();
    assertThat(raw.commands.hgetall(key)).isEqualTo(Map.of("data", "3", "version", "1"));
  }

  @Test
  void aServerThatForgotTheScriptIsGivenItOnce() {
    raw.commands.scriptFlush();
    raw.resetCounts();
    apply(store, put(key(), "x"));
    apply(store, put(key(), "x"));
    apply(store, put(key(), "x"));
    assertThat(raw.counts()).containsEntry("eval", 1).containsEntry("evalsha", 3);
  }
}
