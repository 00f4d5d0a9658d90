// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.BuildingBlockException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.redis.RedisSettings;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Intake;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.pubsub.spi.TopicSubscription;
import dev.pillion.testservers.RealServers;
import dev.pillion.testservers.RedisClusterServers;
import dev.pillion.testservers.RedisOptions;
import dev.pillion.testservers.RedisSentinel;
import dev.pillion.testservers.RedisServer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.codec.StringCodec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The primary behind Sentinel, a Cluster, and clients that are somebody else's. */
@ExtendWith(RealServers.class)
@Timeout(180)
class RedisTopologiesIT {
  @Test
  void aFailoverOfSentinelIsFollowed() {
    try (var sentinel = RedisSentinel.start();
        var bus = open(RedisPubSub.at(sentinel.uri().toString()))) {
      var recorder = Recorder.acknowledging();
      subscribe(bus, "orders", recorder);
      publish(bus, "orders", "a");
      Bus.eventually(() -> assertThat(recorder.texts).contains("a"));
      sentinel.failover();
      Bus.eventually(() -> publish(bus, "orders", "b"));
      Bus.eventually(() -> assertThat(recorder.texts).contains("b"));
      sentinel.crashMaster();
      Bus.eventually(() -> publish(bus, "orders", "c"));
      Bus.eventually(() -> assertThat(recorder.texts).contains("c"));
    }
  }

  @Test
  void topicsOfAllNodesOfAClusterAreReadAndBulkPublishingSpansThem(RedisClusterServers cluster) {
    try (var bus = open(quick(cluster))) {
      var topics =
          IntStream.range(0, 9).mapToObj(i -> "t" + i + UUID.randomUUID()).toList();
      assertThat(topics.stream()
              .map(topic -> cluster.ownerOf(cluster.slotOf(topic)))
              .distinct())
          .hasSizeGreaterThan(1);
      var failedOnce = ConcurrentHashMap.<String>newKeySet();
      var recorder = new Recorder(message ->
          failedOnce.add(Recorder.text(message)) ? Disposition.REDELIVER : Disposition.ACKNOWLEDGE);
      topics.forEach(topic -> subscribe(bus, topic, recorder));
      var messages = new ArrayList<OutgoingMessage>();
      topics.forEach(
          topic -> messages.add(new OutgoingMessage(topic, topic.getBytes(UTF_8), Map.of(), null)));
      assertThat(bus.publishAll(messages, Deadline.none())).isEmpty();
      Bus.eventually(() -> assertThat(recorder.count()).isEqualTo(18));
      topics.forEach(topic -> assertThat(recorder.count(topic)).isEqualTo(2));
    }
  }

  @Test
  void nothingIsLostWhileATopicMovesToAnotherNode(RedisClusterServers cluster) {
    try (var bus = open(quick(cluster))) {
      var topic = "moving" + UUID.randomUUID();
      int slot = cluster.slotOf(topic);
      int from = cluster.ownerOf(slot);
      int to = (from + 1) % 3;
      var recorder = Recorder.acknowledging();
      subscribe(bus, topic, recorder);
      var published = new ArrayList<String>();
      for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 200; i++) {
          tryPublish(bus, topic, "m" + round + "-" + i, published);
        }
        cluster.moveSlot(slot, round == 0 ? from : to, round == 0 ? to : from);
      }
      Bus.eventually(() -> publish(bus, topic, "last"));
      Bus.eventually(() -> assertThat(recorder.texts).containsAll(published).contains("last"));
    }
  }

  private static void tryPublish(
      RedisPubSub bus, String topic, String text, List<String> published) {
    try {
      publish(bus, topic, text);
      published.add(text);
    } catch (BuildingBlockException e) {
      assertThat(e.getMessage()).contains("Redis");
    }
  }

  @Test
  void aBorrowedClientStaysOpenAndItsConnectionsGo(RedisServer redis) {
    var client = RedisClient.create(redis.uri().toString());
    try (var looking = client.connect(StringCodec.UTF8)) {
      int before = clients(looking.sync().clientList());
      var topic = "borrowed" + UUID.randomUUID();
      try (var bus = open(RedisPubSub.on(client))) {
        var recorder = Recorder.acknowledging();
        subscribe(bus, topic, recorder);
        publish(bus, topic, "x");
        Bus.eventually(() -> assertThat(recorder.texts).containsExactly("x"));
        assertThat(clients(looking.sync().clientList())).isEqualTo(before + 2);
      }
      Bus.eventually(() -> assertThat(clients(looking.sync().clientList())).isEqualTo(before));
    } finally {
      client.shutdown();
    }
  }

  private static int clients(String list) {
    return list.split("\n").length;
  }

  @Test
  void thePermissionsThatThePageListsAreEnough() {
    var rules = "~* &* +xadd +xgroup +xreadgroup +xack +evalsha +eval +ping"
        + " +xpending +xclaim +xrange +xinfo";
    var options = new RedisOptions().user("bus", "b", rules).withoutDefaultUser();
    try (var redis = RedisServer.start(options);
        var bus = open(quick("redis://bus:b@%s:%d".formatted(redis.host(), redis.port())))) {
      bus.probe(Bus.soon());
      var tries = new AtomicInteger();
      var recorder = new Recorder(message -> {
        message.recordAttempts(tries.incrementAndGet());
        return tries.get() == 1 ? Disposition.REDELIVER : Disposition.ACKNOWLEDGE;
      });
      var intake = subscribe(bus, "orders", recorder);
      publish(bus, "orders", "x");
      Bus.eventually(() -> assertThat(recorder.texts).containsExactly("x", "x"));
      intake.close(Bus.soon());
      var paused = subscribe(bus, "orders", recorder);
      paused.pause();
      publish(bus, "orders", "y");
      paused.resume();
      Bus.eventually(() -> assertThat(recorder.texts).contains("y"));
      assertThat(tries.get()).isEqualTo(3);
    }
  }

  @Test
  void theThreadsOfAnIntakeAreNamedAndEndWithIt(RedisServer redis) {
    try (var bus = open(RedisPubSub.at(redis.uri().toString()))) {
      var topic = "threads" + UUID.randomUUID();
      var intake = subscribe(bus, topic, Recorder.acknowledging());
      Bus.eventually(() -> assertThat(threads(topic))
          .containsExactlyInAnyOrder(
              "shop/pubsub/bus/fetch/" + topic, "shop/pubsub/bus/claims/" + topic));
      long begin = System.nanoTime();
      intake.close(Bus.soon());
      assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(1));
      Bus.eventually(() -> assertThat(threads(topic)).isEmpty());
    }
  }

  private static List<String> threads(String topic) {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.endsWith(topic))
        .toList();
  }

  private static RedisPubSub quick(String uri) {
    return Bus.quick(uri, Duration.ofMillis(600));
  }

  private static RedisPubSub quick(RedisClusterServers cluster) {
    var settings = RedisSettings.builder().cluster();
    cluster.uris().forEach(uri -> settings.address(uri.getHost(), uri.getPort()));
    return RedisPubSub.at(settings.build())
        .processingTimeout(Duration.ofMillis(600))
        .redeliverInterval(Duration.ofMillis(100));
  }

  private static RedisPubSub open(RedisPubSub bus) {
    bus.open(TestTime.context());
    return bus;
  }

  private static Intake subscribe(RedisPubSub bus, String topic, Recorder recorder) {
    return bus.subscribe(new TopicSubscription(topic, Bus.GROUP, Map.of(), 0, null), recorder);
  }

  private static void publish(RedisPubSub bus, String topic, String text) {
    bus.publish(new OutgoingMessage(topic, text.getBytes(UTF_8), null, null), Deadline.none());
  }
}
