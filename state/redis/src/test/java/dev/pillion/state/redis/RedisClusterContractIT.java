// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.redis;

import dev.pillion.connections.redis.RedisSettings;
import dev.pillion.state.StateStore;
import dev.pillion.state.testkit.BareStateStore;
import dev.pillion.state.testkit.StateStoreContract;
import dev.pillion.testservers.RealServers;
import dev.pillion.testservers.RedisClusterServers;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealServers.class)
class RedisClusterContractIT extends StateStoreContract {
  private static BareStateStore store;

  @BeforeAll
  static void open(RedisClusterServers cluster) {
    store = BareStateStore.open(RedisStateStore.at(settings(cluster)));
  }

  static RedisSettings settings(RedisClusterServers cluster) {
    var builder = RedisSettings.builder().cluster();
    cluster.uris().forEach(uri -> builder.address(uri.getHost(), uri.getPort()));
    return builder.build();
  }

  @AfterAll
  static void close() {
    store.close();
  }

  @Override
  protected StateStore store() {
    return store;
  }

  @Override
  protected String keyPrefix() {
    return "{contract}";
  }
}
