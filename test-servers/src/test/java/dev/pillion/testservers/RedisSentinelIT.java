// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealServers.class)
class RedisSentinelIT {
  @Test
  void namesItsMaster(RedisSentinel sentinel) throws IOException {
    assertThat(sentinel.uri())
        .hasToString("redis-sentinel://127.0.0.1:" + sentinel.port() + "#mymaster");
    try (RespConnection connection = RespConnection.open(sentinel.host(), sentinel.port())) {
      assertThat(connection.texts("SENTINEL", "GET-MASTER-ADDR-BY-NAME", RedisSentinel.MASTER))
          .isEqualTo(List.of("127.0.0.1", Integer.toString(sentinel.master().port())));
    }
    assertThat(role(sentinel.master())).isEqualTo("master");
    assertThat(role(sentinel.replica())).isEqualTo("slave");
  }

  @Test
  void failoverSwapsMasterAndReplicaThereAndBack() throws IOException {
    try (RedisSentinel sentinel = RedisSentinel.start()) {
      RedisServer first = sentinel.master();
      RedisServer second = sentinel.replica();
      set(first, "before");
      awaitValue(second, "before");
      sentinel.failover();
      assertThat(sentinel.master()).isSameAs(second);
      assertThat(role(second)).isEqualTo("master");
      assertThat(role(first)).isEqualTo("slave");
      set(second, "after");
      awaitValue(first, "after");
      sentinel.failover();
      assertThat(sentinel.master()).isSameAs(first);
    }
  }

  @Test
  void aCrashedMasterIsReplacedAndComesBackAsReplica() throws IOException {
    try (RedisSentinel sentinel = RedisSentinel.start()) {
      RedisServer first = sentinel.master();
      RedisServer second = sentinel.replica();
      set(first, "kept");
      awaitValue(second, "kept");
      sentinel.crashMaster();
      assertThat(sentinel.master()).isSameAs(second);
      assertThat(role(first)).isEqualTo("slave");
      awaitValue(first, "kept");
    }
  }

  private static String role(RedisServer server) throws IOException {
    try (RespConnection connection = server.connect()) {
      return connection.texts("ROLE").get(0);
    }
  }

  private static void set(RedisServer server, String value) throws IOException {
    try (RespConnection connection = server.connect()) {
      assertThat(connection.text("SET", "key", value)).isEqualTo("OK");
    }
  }

  private static void awaitValue(RedisServer server, String value) {
    Await.until(Duration.ofSeconds(10), () -> server + " does not have \"" + value + "\"", () -> {
      try (RespConnection connection = server.connect()) {
        return connection.text("GET", "key").equals(value);
      }
    });
  }
}
