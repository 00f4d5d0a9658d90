// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.redis;

import dev.pillion.state.StateStore;
import dev.pillion.state.testkit.BareStateStore;
import dev.pillion.state.testkit.StateStoreContract;
import dev.pillion.testservers.RealServers;
import dev.pillion.testservers.RedisServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealServers.class)
class RedisStateStoreContractIT extends StateStoreContract {
  private static BareStateStore store;

  @BeforeAll
  static void open(RedisServer redis) {
    store = BareStateStore.open(RedisStateStore.at(redis.uri().toString()));
  }

  @AfterAll
  static void close() {
    store.close();
  }

  @Override
  protected StateStore store() {
    return store;
  }
}
