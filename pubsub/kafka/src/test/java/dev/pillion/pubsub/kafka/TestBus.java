// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;

import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.kafka.KafkaSettings;
import dev.pillion.pubsub.spi.Intake;
import dev.pillion.pubsub.spi.MessageReceiver;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.pubsub.spi.TopicSubscription;
import dev.pillion.testkit.PlainThreads;
import dev.pillion.testkit.RealTime;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** A topic and a group of a test's own, with components and plain clients of Kafka on it. */
final class TestBus implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofSeconds(60);

  final String brokers;
  final String topic = "topic-" + UUID.randomUUID();
  final String group = "group-" + UUID.randomUUID();
  final RealTime time = new RealTime();
  private final Deque<AutoCloseable> closers = new ArrayDeque<>();
  private final Admin admin;
  private final KafkaProducer<byte[], byte[]> producer;

  TestBus(String brokers, int partitions) throws Exception {
    this.brokers = brokers;
    admin = Admin.create(Map.of("bootstrap.servers", brokers));
    producer = new KafkaProducer<>(
        Map.of("bootstrap.servers", brokers, "linger.ms", 0),
        new ByteArraySerializer(),
        new ByteArraySerializer());
    createTopic(topic, partitions);
  }

  void createTopic(String name, int partitions) throws Exception {
    admin.createTopics(List.of(new NewTopic(name, partitions, (short) 1))).all().get();
  }

  void deleteTopic(String name) throws Exception {
    admin.deleteTopics(List.of(name)).all().get();
  }

  /** The topic of the test again, as soon as brokers have forgotten the one before. */
  void createTopicAnew(int partitions) {
    await().atMost(PATIENCE).ignoreExceptions().until(() -> {
      createTopic(topic, partitions);
      return true;
    });
  }

  /** As retention does. */
  void removeBefore(int partition, long offset) throws Exception {
    admin
        .deleteRecords(
            Map.of(new TopicPartition(topic, partition), RecordsToDelete.beforeOffset(offset)))
        .all()
        .get();
  }

  /** As a tool does for a group without members. */
  void commit(int partition, long offset) throws Exception {
    admin
        .alterConsumerGroupOffsets(
            group, Map.of(new TopicPartition(topic, partition), new OffsetAndMetadata(offset)))
        .all()
        .get();
  }

  /** Not open yet, with short sessions; the oldest message first. */
  KafkaPubSub component() {
    return component(Map.of());
  }

  KafkaPubSub component(Map<String, ?> more) {
    var properties = new HashMap<String, Object>(more);
    properties.putIfAbsent("auto.offset.reset", "earliest");
    return with(properties);
  }

  /** The same, but a new group begins where it does unless a setting says otherwise. */
  KafkaPubSub byDefault() {
    return with(Map.of());
  }

  private KafkaPubSub with(Map<String, ?> more) {
    var properties = new HashMap<String, Object>(Map.of(
        "bootstrap.servers", brokers, "session.timeout.ms", 6_000, "heartbeat.interval.ms", 500));
    properties.putAll(more);
    return KafkaPubSub.at(KafkaSettings.of(properties)).redeliverAfter(Duration.ofMillis(50));
  }

  KafkaPubSub open(KafkaPubSub component) {
    component.open(new ComponentContext("shop", "", "bus", time, new PlainThreads(), in(PATIENCE)));
    closers.push(component);
    return component;
  }

  KafkaPubSub open() {
    return open(component());
  }

  Deadline in(Duration duration) {
    return Deadline.after(duration, time);
  }

  Intake subscribe(KafkaPubSub component, MessageReceiver receiver) {
    return component.subscribe(subscription(topic), receiver);
  }

  TopicSubscription subscription(String to) {
    return new TopicSubscription(to, group, Map.of(), 0, null);
  }

  void publish(KafkaPubSub component, String data, Map<String, String> metadata) {
    component.publish(
        new OutgoingMessage(topic, data.getBytes(UTF_8), metadata, null), in(PATIENCE));
  }

  /** As a program without us sends it. */
  void send(int partition, String data) throws Exception {
    send(new ProducerRecord<>(topic, partition, null, data.getBytes(UTF_8)));
  }

  void send(ProducerRecord<byte[], byte[]> record) throws Exception {
    producer.send(record).get();
  }

  /** What is in a topic, as a plain consumer sees it. */
  List<ConsumerRecord<byte[], byte[]>> records(String of, int count) {
    var records = new ArrayList<ConsumerRecord<byte[], byte[]>>();
    try (var consumer = new KafkaConsumer<>(
        Map.<String, Object>of("bootstrap.servers", brokers),
        new ByteArrayDeserializer(),
        new ByteArrayDeserializer())) {
      var partitions = consumer.partitionsFor(of).stream()
          .map(found -> new TopicPartition(of, found.partition()))
          .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      await().atMost(PATIENCE).until(() -> {
        consumer.poll(Duration.ofMillis(100)).forEach(records::add);
        return records.size() >= count;
      });
    }
    return records;
  }

  Map<TopicPartition, OffsetAndMetadata> committed() throws Exception {
    return admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
  }

  long committed(int partition) throws Exception {
    var found = committed().get(new TopicPartition(topic, partition));
    return found == null ? -1 : found.offset();
  }

  int members() throws Exception {
    return admin
        .describeConsumerGroups(List.of(group))
        .describedGroups()
        .get(group)
        .get()
        .members()
        .size();
  }

  @Override
  public void close() throws Exception {
    for (var closer : closers) {
      closer.close();
    }
    producer.close(Duration.ofSeconds(1));
    admin.close(Duration.ofSeconds(1));
    time.close();
  }
}
