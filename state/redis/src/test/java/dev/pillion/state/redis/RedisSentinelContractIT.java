// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.redis;

import dev.pillion.state.StateStore;
import dev.pillion.state.testkit.BareStateStore;
import dev.pillion.state.testkit.StateStoreContract;
import dev.pillion.testservers.RedisSentinel;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class RedisSentinelContractIT extends StateStoreContract {
  private static RedisSentinel sentinel;
  private static BareStateStore store;

  @BeforeAll
  static void open() {
    sentinel = RedisSentinel.start();
    store = BareStateStore.open(RedisStateStore.at(sentinel.uri().toString()));
  }

  @AfterAll
  static void close() {
    if (store != null) {
      store.close();
    }
    if (sentinel != null) {
      sentinel.close();
    }
  }

  @Override
  protected StateStore store() {
    return store;
  }
}
