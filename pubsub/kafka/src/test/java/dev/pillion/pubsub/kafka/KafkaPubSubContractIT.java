// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import dev.pillion.connections.kafka.KafkaSettings;
import dev.pillion.pubsub.spi.PubSubComponent;
import dev.pillion.pubsub.testkit.PubSubComponentContract;
import dev.pillion.testservers.KafkaServer;
import dev.pillion.testservers.RealServers;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealServers.class)
class KafkaPubSubContractIT extends PubSubComponentContract {
  private static final Set<String> CREATED = ConcurrentHashMap.newKeySet();

  private KafkaServer kafka;

  @BeforeEach
  void use(KafkaServer shared) {
    kafka = shared;
  }

  @Override
  protected PubSubComponent component() {
    return KafkaPubSub.at(KafkaSettings.of(
            Map.of("bootstrap.servers", kafka.bootstrap(), "auto.offset.reset", "earliest")))
        .redeliverAfter(Duration.ofMillis(100));
  }

  @Override
  protected void createTopic(String name, int partitions) {
    if (CREATED.add(name)) {
      kafka.createTopic(name, partitions);
    }
  }
}
