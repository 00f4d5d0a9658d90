// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.redis;

import static dev.pillion.state.redis.Changes.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.ComponentException;
import dev.pillion.testservers.RedisOptions;
import dev.pillion.testservers.RedisSentinel;
import dev.pillion.testservers.RedisServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Servers that go and come back while programs write. */
@Timeout(120)
class RedisRestartIT {
  @Test
  void aServerThatIsKilledUnderLoadLosesNothingAcknowledgedWhenItSyncsEachWrite() {
    try (var redis = RedisServer.start(new RedisOptions().appendFsyncAlways());
        var store = RedisStateStore.at(redis.uri().toString())) {
      store.open(TestTime.context());
      try (var load = new Load(store, 8)) {
        for (int round = 0; round < 3; round++) {
          load.awaitSaves(500);
          redis.kill();
          redis.restart();
        }
        load.awaitSaves(500);
        var acknowledged = load.stop();
        assertThat(acknowledged).hasSize(8);
        acknowledged.forEach((key, number) ->
            assertThat(Long.parseLong(text(store, key))).as(key).isGreaterThanOrEqualTo(number));
        assertThat(load.failures()).allSatisfy(failure -> assertThat(failure)
            .isInstanceOfSatisfying(
                ComponentException.class, e -> assertThat(e.isTransient()).isTrue()));
      }
      try (var raw = new RawRedis(redis.uri().toString())) {
        // The script was given to the new process once or a few times, then called by its digest.
        assertThat(raw.counts().get("evalsha")).isGreaterThan(500);
        assertThat(raw.counts().get("eval")).isBetween(1, 8);
      }
    }
  }

  @Test
  void aFailoverOfSentinelIsFollowed() {
    try (var sentinel = RedisSentinel.start();
        var store = RedisStateStore.at(sentinel.uri().toString())) {
      store.open(TestTime.context());
      try (var load = new Load(store, 4)) {
        load.awaitSaves(200);
        var first = sentinel.master();
        sentinel.failover();
        assertThat(sentinel.master().port()).isNotEqualTo(first.port());
        load.awaitSaves(200);
        sentinel.crashMaster();
        load.awaitSaves(200);
        var acknowledged = load.stop();
        try (var raw = new RawRedis(sentinel.master().uri().toString())) {
          acknowledged.keySet().forEach(key -> assertThat(raw.commands.hget(key, "data"))
              .isEqualTo(text(store, key)));
        }
        assertThat(load.failures())
            .allSatisfy(failure -> assertThat(failure.toString()).doesNotContain("AssertionError"));
      }
    }
  }
}
