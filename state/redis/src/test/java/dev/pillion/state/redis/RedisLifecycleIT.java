// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.redis;

import static dev.pillion.state.redis.Changes.apply;
import static dev.pillion.state.redis.Changes.get;
import static dev.pillion.state.redis.Changes.key;
import static dev.pillion.state.redis.Changes.put;
import static dev.pillion.state.redis.Changes.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.component.ComponentProvider;
import dev.pillion.component.ComponentSpec;
import dev.pillion.testservers.RealServers;
import dev.pillion.testservers.RedisServer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.codec.StringCodec;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Who makes what, and who gives it back. */
@ExtendWith(RealServers.class)
class RedisLifecycleIT {
  @Test
  void theProviderIsFoundByDaprsName(RedisServer redis) {
    var provider = ServiceLoader.load(ComponentProvider.class).stream()
        .map(ServiceLoader.Provider::get)
        .filter(found -> found.type().equals("state.redis"))
        .findFirst()
        .orElseThrow();
    var spec = ComponentSpec.of(
        "st",
        "state.redis",
        Map.of("redisHost", redis.host() + ":" + redis.port(), "queryIndexes", "[]"));
    assertThat(provider.create(spec).type()).isEqualTo("state.redis");
    assertThat(spec.metadata().problems()).singleElement().asString().contains("queryIndexes");
  }

  @Test
  void aStoresThreadsAreFewNamedDaemonsAndGoAtOnce(RedisServer redis) {
    var store = RedisStateStore.at(redis.uri().toString());
    store.open(TestTime.context());
    apply(store, put(key(), "x"));
    assertThat(threads()).isNotEmpty().hasSizeLessThanOrEqualTo(5).allMatch(Thread::isDaemon);

    long start = System.nanoTime();
    store.close();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofMillis(500));
    TestTime.await("threads to end", () -> threads().isEmpty());
    store.close();
  }

  @Test
  void aBorrowedClientStaysOpen(RedisServer redis) {
    var client = RedisClient.create(redis.uri().toString());
    try {
      var key = key();
      try (var store = RedisStateStore.on(client)) {
        store.open(TestTime.context());
        apply(store, put(key, "x"));
        assertThat(text(store, key)).isEqualTo("x");
      }
      try (var connection = client.connect(StringCodec.UTF8)) {
        assertThat(connection.sync().hget(key, "data")).isEqualTo("x");
      }
    } finally {
      client.shutdown();
    }
  }

  @Test
  void aStoreMayBeOpenedAgainAfterItWasClosed(RedisServer redis) {
    var store = RedisStateStore.at(redis.uri().toString());
    for (int i = 0; i < 2; i++) {
      store.open(TestTime.context());
      assertThat(get(store, key())).isEmpty();
      store.close();
    }
  }

  private static List<Thread> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("orders/redis/st/"))
        .toList();
  }
}
