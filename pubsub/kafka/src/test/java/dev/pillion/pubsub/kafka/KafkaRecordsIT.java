// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.pillion.ComponentException;
import dev.pillion.component.ComponentSpec;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testservers.KafkaServer;
import dev.pillion.testservers.RealServers;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Records as Dapr writes and reads them, seen by plain clients. */
@ExtendWith(RealServers.class)
class KafkaRecordsIT {
  private static final String EVENT =
      "{\"data\":{\"a\":\"\\u003cx\\u003e\",\"b\":1.0},\"datacontenttype\":\"application/json\",\"id\":\"e1\",\"pubsubname\":\"bus\",\"source\":\"shop\",\"specversion\":\"1.0\",\"time\":\"2026-01-01T00:00:00Z\",\"topic\":\"orders\",\"traceid\":\"\",\"traceparent\":\"\",\"tracestate\":\"\",\"type\":\"com.dapr.event.sent\"}";

  private TestBus bus;

  @BeforeEach
  void open(KafkaServer kafka) throws Exception {
    bus = new TestBus(kafka.bootstrap(), 3);
  }

  @AfterEach
  void close() throws Exception {
    bus.close();
  }

  private KafkaPubSub configured(Map<String, String> settings) {
    var all = new HashMap<>(
        Map.of("brokers", bus.brokers, "authType", "none", "initialOffset", "oldest"));
    all.putAll(settings);
    var spec = ComponentSpec.of("bus", "pubsub.kafka", all);
    var component = (KafkaPubSub) new KafkaPubSub.Provider().create(spec);
    assertThat(spec.metadata().problems()).isEmpty();
    return bus.open(component);
  }

  private OutgoingMessage message(String data, Map<String, String> metadata) {
    return new OutgoingMessage(bus.topic, data.getBytes(UTF_8), metadata, null);
  }

  private static Map<String, String> headers(ConsumerRecord<byte[], byte[]> record) {
    var headers = new HashMap<String, String>();
    record.headers().forEach(h -> headers.put(h.key(), new String(h.value(), UTF_8)));
    return headers;
  }

  @Test
  void withoutMetadataARecordHasNeitherKeyNorHeaders() {
    bus.publish(bus.open(), EVENT, null);

    var record = bus.records(bus.topic, 1).get(0);
    assertThat(record.key()).isNull();
    assertThat(record.headers()).isEmpty();
    assertThat(record.value()).isEqualTo(EVENT.getBytes(UTF_8));
  }

  @Test
  void everyEntryOfTheRequestsMetadataIsAHeader() {
    var metadata = Map.of(
        "cloudevent.id", "e1",
        "cloudevent.Source", "/s",
        "cloudevent.type", "t.x",
        "ttlInSeconds", "30",
        "rawPayload", "true");
    bus.publish(bus.open(), EVENT, metadata);

    assertThat(headers(bus.records(bus.topic, 1).get(0))).isEqualTo(metadata);
  }

  @Test
  void aKeyGoesToThePartitionThatDaprSendsItTo() {
    var component = bus.open();
    var expected = Map.of("order-1", 1, "A", 1, "customer-42", 0, "k", 1, "", 0);
    expected.keySet().forEach(key -> bus.publish(component, "x", Map.of("partitionKey", key)));
    bus.publish(component, "x", Map.of("__key", "order-1"));

    var records = bus.records(bus.topic, 6);
    assertThat(records).allSatisfy(record -> assertThat(record.partition())
        .isEqualTo(expected.get(new String(record.key(), UTF_8))));
    assertThat(records.stream().map(record -> headers(record)))
        .contains(Map.of("partitionKey", "order-1"), Map.of("__key", "order-1"));
  }

  @Test
  void aPartitionNumberGoesBeforeTheKey() {
    var component = bus.open();
    bus.publish(component, "x", Map.of("partitionNumber", "2", "partitionKey", "A"));

    var record = bus.records(bus.topic, 1).get(0);
    assertThat(record.partition()).isEqualTo(2);
    assertThat(new String(record.key(), UTF_8)).isEqualTo("A");
    assertThatThrownBy(() -> bus.publish(component, "x", Map.of("partitionNumber", "7")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("partition number 7 is out of range, topic has 3 partitions");
    assertThatThrownBy(() -> bus.publish(component, "x", Map.of("partitionNumber", "-1")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> bus.publish(component, "x", Map.of("partitionNumber", "two")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void nullIsATombstoneInBothDirections() {
    var component = bus.open();
    var recorder = Recorder.acknowledging();
    bus.subscribe(component, recorder);
    bus.publish(component, "null", Map.of("partitionKey", "A"));

    assertThat(bus.records(bus.topic, 1).get(0).value()).isNull();
    await().atMost(TestBus.PATIENCE).until(() -> recorder.texts().equals(List.of("null")));
  }

  @Test
  void excludedHeadersStayAwayInBothDirectionsAndTakeEffectAllTheSame() throws Exception {
    var component = configured(Map.of("excludeHeaderMetaRegex", "secret|^partition"));
    var recorder = Recorder.acknowledging();
    bus.subscribe(component, recorder);
    bus.publish(
        component, "x", Map.of("my-secret", "s", "partitionKey", "customer-42", "tenant", "t"));

    var record = bus.records(bus.topic, 1).get(0);
    assertThat(headers(record)).isEqualTo(Map.of("tenant", "t"));
    assertThat(record.partition()).isZero();
    var theirs = new ProducerRecord<>(bus.topic, 1, (byte[]) null, "y".getBytes(UTF_8));
    theirs.headers().add("secret", "s".getBytes(UTF_8)).add("tenant", "t".getBytes(UTF_8));
    bus.send(theirs);
    await().atMost(TestBus.PATIENCE).until(() -> recorder.texts().contains("y"));
    assertThat(recorder.seen).allSatisfy(message -> assertThat(message.metadata())
        .containsEntry("tenant", "t")
        .doesNotContainKeys("secret", "my-secret", "partitionKey"));
  }

  @Test
  void aRecordIsReadAsDaprReadsIt() throws Exception {
    var recorder = Recorder.acknowledging();
    bus.subscribe(bus.open(), recorder);
    var record = new ProducerRecord<>(
        bus.topic, 2, 1_767_225_600_000L, "order-1".getBytes(UTF_8), EVENT.getBytes(UTF_8));
    record.headers().add("partitionKey", "order-1".getBytes(UTF_8)).add("empty", null);
    bus.send(record);
    var dead = new ProducerRecord<>(bus.topic, 2, new byte[0], "d".getBytes(UTF_8));
    dead.headers().add("__topic", "first".getBytes(UTF_8)).add("__offset", "99".getBytes(UTF_8));
    bus.send(dead);

    await().atMost(TestBus.PATIENCE).until(() -> recorder.seen.size() == 2);
    assertThat(recorder.seen.get(0).metadata())
        .isEqualTo(Map.of(
            "__key", "order-1",
            "__topic", bus.topic,
            "__partition", "2",
            "__offset", "0",
            "__timestamp", "1767225600000",
            "partitionKey", "order-1",
            "empty", ""));
    assertThat(recorder.seen.get(0).data()).isEqualTo(EVENT.getBytes(UTF_8));
    assertThat(recorder.seen.get(1).metadata())
        .containsEntry("__topic", "first")
        .containsEntry("__offset", "99")
        .containsEntry("__key", "");
  }

  @Test
  void valuesAndKeysAreEscapedWhereAsked() throws Exception {
    var recorder = Recorder.acknowledging();
    bus.subscribe(configured(Map.of("escapeHeaders", "true")), recorder);
    var record =
        new ProducerRecord<>(bus.topic, 0, "a b/\u00e4~*".getBytes(UTF_8), "x".getBytes(UTF_8));
    record.headers().add("name with space", "1 + 1".getBytes(UTF_8));
    bus.send(record);

    await().atMost(TestBus.PATIENCE).until(() -> recorder.seen.size() == 1);
    assertThat(recorder.seen.get(0).metadata())
        .containsEntry("__key", "a+b%2F%C3%A4~%2A")
        .containsEntry("name with space", "1+%2B+1");
  }

  @Test
  void aWrongPartitionOfOneKeepsAllFromBeingSent() {
    var component = bus.open();
    assertThatThrownBy(() -> component.publishAll(
            List.of(message("1", null), message("2", Map.of("partitionNumber", "3"))),
            bus.in(TestBus.PATIENCE)))
        .isInstanceOf(IllegalArgumentException.class);
    bus.publish(component, "later", null);

    assertThat(bus.records(bus.topic, 1)).hasSize(1);
  }

  @Test
  void whatIsTooLargeFailsAloneAndForGood() {
    var component = bus.open();
    var large = "x".repeat(2 * 1024 * 1024);

    var failures = component.publishAll(
        List.of(message("1", null), message(large, null), message("3", null)),
        bus.in(TestBus.PATIENCE));

    assertThat(failures).containsOnlyKeys(1);
    assertThat(failures.get(1))
        .isInstanceOfSatisfying(
            ComponentException.class, e -> assertThat(e.isTransient()).isFalse())
        .hasMessageContaining("maxMessageBytes");
    assertThat(bus.records(bus.topic, 2)).hasSize(2);
  }

  @Test
  void schemasAreRefusedByName() {
    var component = bus.open();
    assertThatThrownBy(() -> bus.publish(component, "x", Map.of("valueschematype", "Avro")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("rawPayload");
    bus.publish(component, "x", Map.of("valueSchemaType", "NONE"));

    assertThat(bus.records(bus.topic, 1)).hasSize(1);
  }

  @Test
  void aDeadLetterKeepsItsKeyItsHeadersAndWhereItWas() throws Exception {
    var dead = bus.topic + "-dead";
    bus.createTopic(dead, 3);
    try (var runtime =
        EmbeddedRuntime.builder("shop").component("bus", bus.component()).start()) {
      runtime.subscribe(
          "bus",
          bus.topic,
          byte[].class,
          SubscribeOptions.defaults().consumerId(bus.group).deadLetterTopic(dead),
          (event, delivery) -> DeliveryResult.DROP);
      var record =
          new ProducerRecord<>(bus.topic, 1, "order-1".getBytes(UTF_8), EVENT.getBytes(UTF_8));
      record.headers().add("partitionKey", "order-1".getBytes(UTF_8));
      bus.send(record);

      var letter = bus.records(dead, 1).get(0);
      assertThat(letter.value()).isEqualTo(EVENT.getBytes(UTF_8));
      assertThat(new String(letter.key(), UTF_8)).isEqualTo("order-1");
      assertThat(headers(letter))
          .containsEntry("__topic", bus.topic)
          .containsEntry("__partition", "1")
          .containsEntry("__offset", "0")
          .containsEntry("__key", "order-1")
          .containsEntry("partitionKey", "order-1")
          .containsEntry("pubsubName", "bus")
          .containsKey("__timestamp");
    }
  }
}
