// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import dev.pillion.connections.sqlite.SqliteSettings;
import dev.pillion.pubsub.engine.InMemoryPubSub;
import dev.pillion.pubsub.kafka.KafkaPubSub;
import dev.pillion.pubsub.redis.RedisPubSub;
import dev.pillion.pubsub.spi.PubSubComponent;
import dev.pillion.pubsub.sqlite.SqlitePubSub;
import dev.pillion.testservers.KafkaServer;
import dev.pillion.testservers.RedisServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Publishes and handles for some minutes on each broker, and fails when an event is lost or the
 * heap grows: {@code benchmarks/run soak -Dminutes=4 -Dbrokers=memory,sqlite,redis,kafka
 * -Drate=2000}.
 */
public final class Soak {
  private static final Duration SHORTLY = Duration.ofMillis(100);
  private static final Duration SOON = Duration.ofSeconds(2);
  private static final Duration LEASE = Duration.ofSeconds(5);

  private Soak() {}

  /** No arguments: what is to be done stands in system properties. */
  public static void main(String[] args) throws Exception {
    int minutes = Integer.getInteger("minutes", 4);
    int rate = Integer.getInteger("rate", 2_000);
    boolean passed = true;
    for (var broker :
        List.of(System.getProperty("brokers", "memory,sqlite,redis,kafka").split(","))) {
      passed &= soak(broker, minutes, rate);
    }
    System.exit(passed ? 0 : 1);
  }

  private static boolean soak(String broker, int minutes, int rate) throws Exception {
    return switch (broker) {
      case "memory" -> run(broker, InMemoryPubSub.create(), minutes, rate);
      case "sqlite" -> sqlite(minutes, rate);
      case "redis" -> redis(minutes, rate);
      case "kafka" -> kafka(minutes, rate);
      default ->
        throw new IllegalArgumentException(
            "no broker \"%s\"; there are memory, sqlite, redis and kafka".formatted(broker));
    };
  }

  private static boolean sqlite(int minutes, int rate) throws Exception {
    var file = Files.createTempDirectory(Path.of("target"), "soak-").resolve("events.db");
    // Old events go soon: else the file would be all that grows.
    var component = SqlitePubSub.builder(SqliteSettings.at(file))
        .retention(Duration.ofSeconds(30))
        .redeliverInterval(SOON)
        .build();
    return run("sqlite", component, minutes, rate);
  }

  private static boolean redis(int minutes, int rate) throws Exception {
    try (var server = RedisServer.start()) {
      var component = RedisPubSub.at(server.uri().toString())
          .maxLenApprox(100_000)
          .processingTimeout(LEASE)
          .redeliverInterval(SOON);
      return run("redis", component, minutes, rate);
    }
  }

  private static boolean kafka(int minutes, int rate) throws Exception {
    try (var server = KafkaServer.start()) {
      server.createTopic(SoakRun.TOPIC, 4);
      // In order, an event that has failed holds up its partition: for a little while.
      return run(
          "kafka", KafkaPubSub.at(server.bootstrap()).redeliverAfter(SHORTLY), minutes, rate);
    }
  }

  private static boolean run(String name, PubSubComponent component, int minutes, int rate)
      throws Exception {
    return new SoakRun(name, component, rate).run(Duration.ofMinutes(minutes));
  }
}
