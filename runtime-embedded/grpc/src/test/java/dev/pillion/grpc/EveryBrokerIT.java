// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.HandlerRegistration;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentSpec;
import dev.pillion.pubsub.DeliveryHandler;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.Topic;
import dev.pillion.pubsub.testkit.DeliveryContract;
import dev.pillion.pubsub.testkit.PubSubDoor;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testservers.KafkaServer;
import dev.pillion.testservers.RealServers;
import dev.pillion.testservers.RedisServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * The outcome table on every broker that outlives its process: as the runtime's own program sees it
 * and through the facade on all of them, over the app channel on one. A test waits for its broker
 * most of the time, so several run side by side.
 */
@ExtendWith(RealServers.class)
@Execution(ExecutionMode.CONCURRENT)
class EveryBrokerIT {
  /** Who publishes and handles. */
  enum Side {
    PROGRAM,
    STREAM,
    GRPC_APP,
    HTTP_APP
  }

  /** One broker behind runtimes. */
  abstract static class Broker extends DeliveryContract {
    private final String type;

    Broker(String type) {
      this.type = type;
    }

    Side side() {
      return Side.PROGRAM;
    }

    abstract Map<String, String> settings();

    @Override
    protected PubSubDoor open(PubSubDoor.Settings settings) {
      var metadata = ComponentMetadata.of(settings());
      var builder = new DoorRuntime(settings)
          .builder()
          .component(new ComponentSpec("bus", type, "v1", metadata, Duration.ofSeconds(20), false));
      try {
        return switch (side()) {
          case PROGRAM -> new RuntimeDoor(builder.start());
          case STREAM -> {
            var facade = TestFacade.facade();
            yield new StreamDoor(builder.with(facade).start(), facade);
          }
          case GRPC_APP -> AppDoor.overGrpc(builder);
          case HTTP_APP -> AppDoor.overHttp(builder);
        };
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    protected boolean hasEveryOption() {
      return side() == Side.PROGRAM;
    }

    @Override
    protected boolean hasSeveralHandlers() {
      return side() == Side.PROGRAM || side() == Side.STREAM;
    }
  }

  /** A runtime as its program sees it. */
  record RuntimeDoor(EmbeddedRuntime runtime) implements PubSubDoor {
    @Override
    public Topic topic(String topic) {
      return runtime.topic("bus", topic);
    }

    @Override
    public HandlerRegistration subscribe(
        String topic, SubscribeOptions options, DeliveryHandler<byte[]> handler) {
      return runtime.subscribe("bus", topic, byte[].class, options, handler);
    }

    @Override
    public void close() {
      runtime.close();
    }
  }

  @Nested
  @DisplayName("SQLite")
  class OnSqlite extends Broker {
    @TempDir
    Path folder;

    OnSqlite() {
      super("pubsub.sqlite");
    }

    @Override
    Map<String, String> settings() {
      return Map.of(
          "connectionString", folder.resolve("bus.db").toString(), "redeliverInterval", "100ms");
    }
  }

  @Nested
  @DisplayName("Redis Streams")
  class OnRedis extends Broker {
    private RedisServer redis;

    OnRedis() {
      super("pubsub.redis");
    }

    @BeforeEach
    void use(RedisServer shared) {
      redis = shared;
    }

    @Override
    protected Order order() {
      return Order.NONE;
    }

    @Override
    Map<String, String> settings() {
      return Map.of(
          "redisHost", redis.uri().getHost() + ":" + redis.uri().getPort(),
          "processingTimeout", "500ms",
          "redeliverInterval", "100ms");
    }
  }

  @Nested
  @DisplayName("Kafka")
  class OnKafka extends Broker {
    private static final Set<String> CREATED = ConcurrentHashMap.newKeySet();

    private KafkaServer kafka;

    OnKafka() {
      super("pubsub.kafka");
    }

    @BeforeEach
    void use(KafkaServer shared) {
      kafka = shared;
    }

    @Override
    Map<String, String> settings() {
      return Map.of(
          "brokers", kafka.bootstrap(),
          "authType", "none",
          "initialOffset", "oldest",
          // A member hears of one that has come by its next heartbeat.
          "heartbeatInterval", "200ms",
          "backOffDuration", "100ms");
    }

    @Override
    protected void createTopic(String name) {
      if (CREATED.add(name)) {
        kafka.createTopic(name, 2);
      }
    }
  }

  @Nested
  @DisplayName("SQLite, by stream")
  class OnSqliteByStream extends OnSqlite {
    @Override
    Side side() {
      return Side.STREAM;
    }
  }

  @Nested
  @DisplayName("Redis Streams, by stream")
  class OnRedisByStream extends OnRedis {
    @Override
    Side side() {
      return Side.STREAM;
    }
  }

  @Nested
  @DisplayName("Kafka, by stream")
  class OnKafkaByStream extends OnKafka {
    @Override
    Side side() {
      return Side.STREAM;
    }
  }

  @Nested
  @DisplayName("Redis Streams, by a gRPC app")
  class OnRedisByGrpcApp extends OnRedis {
    @Override
    Side side() {
      return Side.GRPC_APP;
    }
  }

  @Nested
  @DisplayName("Redis Streams, by an HTTP app")
  class OnRedisByHttpApp extends OnRedis {
    @Override
    Side side() {
      return Side.HTTP_APP;
    }
  }
}
