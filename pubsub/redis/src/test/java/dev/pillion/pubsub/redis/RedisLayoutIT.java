// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.ComponentException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.pubsub.spi.TopicSubscription;
import dev.pillion.testservers.RealServers;
import dev.pillion.testservers.RedisServer;
import io.lettuce.core.Range;
import io.lettuce.core.XAddArgs;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The bytes on the server are Dapr's, in both directions. */
@ExtendWith(RealServers.class)
class RedisLayoutIT {
  private static final String EVENT =
      "{\"data\":{\"a\":\"\\u003cx\\u003e\",\"b\":1.0},\"datacontenttype\":\"application/json\"}";

  @Test
  void anEventOverHttpHasItsMetadataEvenWhenThereIsNone(RedisServer redis) {
    try (var bus = Bus.on(uri(redis), Duration.ofSeconds(60))) {
      bus.component.publish(bus.message(EVENT, Map.of()), Deadline.none());
      assertThat(bus.stored()).containsExactly(Map.of("data", EVENT, "metadata", "{}"));
    }
  }

  @Test
  void anEventOverGrpcWithoutMetadataHasNoSuchField(RedisServer redis) {
    try (var bus = Bus.on(uri(redis), Duration.ofSeconds(60))) {
      bus.publish("{\"data\":{\"n\":9007199254740993}}");
      assertThat(bus.stored())
          .containsExactly(Map.of("data", "{\"data\":{\"n\":9007199254740993}}"));
    }
  }

  @Test
  void overridesAndTimeToLiveAreMetadataSortedByName(RedisServer redis) {
    try (var bus = Bus.on(uri(redis), Duration.ofSeconds(60))) {
      var metadata = new HashMap<String, String>();
      metadata.put("ttlInSeconds", "30");
      metadata.put("cloudevent.type", "t.x");
      metadata.put("cloudevent.id", "e1");
      metadata.put("cloudevent.Source", "/s");
      metadata.put("cloudevent.subject", "sub");
      bus.component.publish(bus.message("E", metadata), Deadline.none());
      assertThat(bus.stored())
          .containsExactly(
              Map.of(
                  "data",
                  "E",
                  "metadata",
                  "{\"cloudevent.Source\":\"/s\",\"cloudevent.id\":\"e1\",\"cloudevent.subject\":\"sub\",\"cloudevent.type\":\"t.x\",\"ttlInSeconds\":\"30\"}"));
    }
  }

  @Test
  void rawBytesStayAsTheyAre(RedisServer redis) {
    try (var bus = Bus.on(uri(redis), Duration.ofSeconds(60))) {
      bus.component.publish(bus.message("hi", Map.of("rawPayload", "true")), Deadline.none());
      assertThat(bus.stored())
          .containsExactly(Map.of("data", "hi", "metadata", "{\"rawPayload\":\"true\"}"));

      var bytes = new byte[] {1, 2, (byte) 0xff, 0, '\r', '\n'};
      bus.component.publish(new OutgoingMessage(bus.topic, bytes, null, null), Deadline.none());
      var recorder = Recorder.acknowledging();
      bus.subscribe(recorder);
      Bus.eventually(() -> assertThat(recorder.messages)
          .anySatisfy(message -> assertThat(message.data()).isEqualTo(bytes)));
    }
  }

  @Test
  void manyAreOneFlushInOrderEachWithItsOwnMetadata(RedisServer redis) {
    try (var bus = Bus.on(uri(redis), Duration.ofSeconds(60))) {
      var failures = bus.component.publishAll(
          List.of(bus.message("E1"), bus.message("E2", Map.of("tenant", "x", "partitionKey", "A"))),
          Deadline.none());
      assertThat(failures).isEmpty();
      assertThat(bus.stored())
          .containsExactly(
              Map.of("data", "E1"),
              Map.of("data", "E2", "metadata", "{\"partitionKey\":\"A\",\"tenant\":\"x\"}"));
    }
  }

  @Test
  void ofManyOneFailureIsItsOwn(RedisServer redis) {
    try (var bus = Bus.on(uri(redis), Duration.ofSeconds(60))) {
      bus.raw.set(bus.topic + "-text", "no stream");
      var failures = bus.component.publishAll(
          List.of(
              bus.message("a"),
              new OutgoingMessage(bus.topic + "-text", new byte[] {1}, null, null),
              bus.message("b")),
          Deadline.none());
      assertThat(failures).containsOnlyKeys(1);
      assertThat(failures.get(1))
          .isInstanceOf(ComponentException.class)
          .hasMessageContaining("WRONGTYPE");
      assertThat(bus.stored()).containsExactly(Map.of("data", "a"), Map.of("data", "b"));
      assertThatThrownBy(() -> bus.component.publish(
              new OutgoingMessage(bus.topic + "-text", new byte[] {1}, null, null),
              Deadline.none()))
          .isInstanceOf(ComponentException.class);
    }
  }

  @Test
  void aDeadLetterIsWrittenFirstAndThenTheEntryIsAcknowledged(RedisServer redis) {
    try (var bus = Bus.on(uri(redis), Duration.ofSeconds(60))) {
      var dead = bus.topic + "-dead";
      var recorder = new Recorder(message -> {
        bus.component.publish(
            new OutgoingMessage(dead, message.data(), Map.of("pubsubName", "bus"), null),
            Deadline.none());
        return Disposition.ACKNOWLEDGE;
      });
      bus.component.publish(bus.message(EVENT, Map.of()), Deadline.none());
      bus.subscribe(recorder);
      Bus.eventually(() -> assertThat(bus.raw.xlen(dead)).isEqualTo(1));
      assertThat(bus.raw.xrange(dead, Range.unbounded()).get(0).getBody())
          .isEqualTo(Map.of("data", EVENT, "metadata", "{\"pubsubName\":\"bus\"}"));
      Bus.eventually(() -> assertThat(bus.pending()).isEmpty());
      // Acknowledged is not deleted.
      assertThat(bus.raw.xlen(bus.topic)).isEqualTo(1);
    }
  }

  @Test
  void aTopicIsTrimmedToAboutSoManyMessages(RedisServer redis) {
    var trimming = RedisPubSub.at(uri(redis)).maxLenApprox(100).streamTtl(Duration.ofMillis(1));
    try (var bus = new Bus(uri(redis), trimming, TestTime.REAL)) {
      bus.publishMany(1_000);
      assertThat(bus.raw.xlen(bus.topic)).isBetween(100L, 300L);
    }
  }

  @Test
  void aTopicIsTrimmedByAge(RedisServer redis) {
    var trimming = RedisPubSub.at(uri(redis)).streamTtl(Duration.ofHours(1));
    try (var bus = new Bus(uri(redis), trimming, TestTime.REAL)) {
      for (int i = 1; i <= 1_000; i++) {
        bus.raw.xadd(bus.topic, XAddArgs.Builder.maxlen(10_000).id("1000-" + i), "data", "old");
      }
      bus.publish("new");
      assertThat(bus.raw.xlen(bus.topic)).isLessThan(200);
      assertThat(bus.stored()).last().isEqualTo(Map.of("data", "new"));
    }
  }

  @Test
  void aNewGroupBeginsWithTheFirstMessageAndHasDaprsName(RedisServer redis) {
    try (var bus = Bus.on(uri(redis), Duration.ofSeconds(60))) {
      bus.publish("before");
      var recorder = Recorder.acknowledging();
      bus.subscribe(recorder);
      bus.publish("after");
      Bus.eventually(() -> assertThat(recorder.texts).contains("before", "after"));
      assertThat(bus.raw.xinfoGroups(bus.topic).toString()).contains("[name, shop,");
      assertThat(bus.consumers().keySet())
          .singleElement()
          .asString()
          .as("a name that no daprd and no other process has")
          .matches("pillion-[0-9a-f-]{36}");
    }
  }

  @Test
  void whatDaprAndOthersWroteIsRead(RedisServer redis) {
    try (var bus = Bus.on(uri(redis), Duration.ofSeconds(60))) {
      bus.raw.xadd(bus.topic, Map.of("data", "d", "metadata", "{\"k\":\"v\"}"));
      bus.raw.xadd(bus.topic, Map.of("data", "e", "metadata", "{\"k\":1}"));
      bus.raw.xadd(bus.topic, Map.of("other", "field"));
      var recorder = Recorder.acknowledging();
      bus.subscribe(bus.component, recorder, 1, null);
      Bus.eventually(() -> assertThat(recorder.texts).containsExactly("d", "e", ""));
      var first = recorder.messages.remove();
      assertThat(first.metadata()).isEqualTo(Map.of("k", "v"));
      assertThat(first.contentType()).isNull();
      assertThat(first.attempts()).isZero();
      assertThat(first.isRedelivered()).isFalse();
      assertThat(recorder.messages)
          .allSatisfy(message -> assertThat(message.metadata()).isEmpty());
    }
  }

  @Test
  void topicsHaveAnyName(RedisServer redis) {
    try (var bus = Bus.on(uri(redis), Duration.ofSeconds(60))) {
      var topic = "prod/\u00e9 \ud83d\ude00 " + bus.topic;
      var recorder = Recorder.acknowledging();
      bus.component.subscribe(
          new TopicSubscription(topic, "g \u00e9", Map.of(), 0, null), recorder);
      bus.component.publish(
          new OutgoingMessage(topic, "x".getBytes(UTF_8), null, null), Deadline.none());
      Bus.eventually(() -> assertThat(recorder.texts).containsExactly("x"));
    }
  }

  private static String uri(RedisServer redis) {
    return redis.uri().toString();
  }
}
