// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentSpec;
import dev.pillion.pubsub.spi.PubSubComponent;
import dev.pillion.pubsub.testkit.PubSubComponentContract;
import dev.pillion.testservers.RealServers;
import dev.pillion.testservers.RedisServer;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealServers.class)
class RedisPubSubContractIT extends PubSubComponentContract {
  private RedisServer redis;

  @BeforeEach
  void use(RedisServer shared) {
    redis = shared;
  }

  @Override
  protected PubSubComponent component() {
    var settings = ComponentMetadata.of(Map.of(
        "redisHost", redis.uri().getHost() + ":" + redis.uri().getPort(),
        "processingTimeout", "500ms",
        "redeliverInterval", "100ms"));
    return (PubSubComponent) new RedisPubSub.Provider()
        .create(new ComponentSpec(
            "pubsub", "pubsub.redis", "v1", settings, ComponentSpec.DEFAULT_INIT_TIMEOUT, false));
  }
}
