// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import dev.pillion.pubsub.kafka.KafkaPubSub;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testservers.KafkaServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** R12: beside the plain producer with the same acks, and beside a bare poll loop. */
final class KafkaComparison {
  private static final int EVENTS = 100_000;
  private static final int BULK = 1_000;
  private static final int ROUNDS = 5;

  private KafkaComparison() {}

  static void run(Results results) throws Exception {
    try (var server = KafkaServer.start()) {
      server.createTopic("events", 4);
      server.createTopic("plain", 4);
      try (var runtime = EmbeddedRuntime.builder(Values.APP)
              .component("bus", KafkaPubSub.at(server.bootstrap()))
              .start();
          var producer = new KafkaProducer<>(
              Map.<String, Object>of(
                  "bootstrap.servers", server.bootstrap(), "acks", "all", "linger.ms", "0"),
              new ByteArraySerializer(),
              new ByteArraySerializer())) {
        publish(results, runtime, producer);
        bulk(results, runtime, producer);
      }
      consume(results, server);
    }
  }

  private static void publish(
      Results results, EmbeddedRuntime runtime, KafkaProducer<byte[], byte[]> producer)
      throws Exception {
    var events = runtime.topic("bus", "events");
    for (int threads : new int[] {1, 16}) {
      var rounds = new PairedRounds(threads, 12, 600);
      results.add(
          "R12",
          "Kafka publish, " + threads
              + " callers, beside the plain producer with the same envelope",
          rounds.compare(
              (thread, count) -> events.publish(PlainEnvelope.JSON, PubSubComparison.JSON),
              (thread, count) -> producer
                  .send(new ProducerRecord<>(
                      "plain", PlainEnvelope.write("events", PlainEnvelope.JSON)))
                  .get()),
          0.95,
          1.05);
      results.add(
          "R12",
          "Kafka publish of raw payloads, " + threads + " callers, beside the plain producer",
          rounds.compare(
              (thread, count) -> events.publish(PlainEnvelope.JSON, PubSubComparison.RAW),
              (thread, count) -> producer
                  .send(new ProducerRecord<>("plain", PlainEnvelope.JSON))
                  .get()),
          0.95,
          1.05);
    }
  }

  private static void bulk(
      Results results, EmbeddedRuntime runtime, KafkaProducer<byte[], byte[]> producer)
      throws Exception {
    var events = runtime.topic("bus", "events");
    results.add(
        "R12",
        "Kafka bulk publish of " + BULK + ", beside as many sends, then waiting",
        new PairedRounds(1, 12, 600)
            .compare(
                (thread, count) -> events.bulk(bulk -> {
                  for (int i = 0; i < BULK; i++) {
                    bulk.publish(PlainEnvelope.JSON, PubSubComparison.JSON);
                  }
                }),
                (thread, count) -> {
                  List<Future<RecordMetadata>> sent = new ArrayList<>(BULK);
                  for (int i = 0; i < BULK; i++) {
                    sent.add(producer.send(new ProducerRecord<>(
                        "plain", PlainEnvelope.write("events", PlainEnvelope.JSON))));
                  }
                  for (var one : sent) {
                    one.get();
                  }
                }),
        0.95,
        1.05);
  }

  /** Each round reads the same 100,000 events, from the oldest on, for a group of its own. */
  private static void consume(Results results, KafkaServer server) throws Exception {
    server.createTopic("consumed", 4);
    try (var runtime = EmbeddedRuntime.builder(Values.APP)
        .component("bus", KafkaPubSub.at(server.bootstrap()))
        .start()) {
      var topic = runtime.topic("bus", "consumed");
      for (int i = 0; i < EVENTS / BULK; i++) {
        topic.bulk(events -> {
          for (int j = 0; j < BULK; j++) {
            events.publish(PlainEnvelope.JSON, PubSubComparison.JSON);
          }
        });
      }
    }
    double[] ratios = new double[ROUNDS];
    double[] ours = new double[ROUNDS];
    double[] theirs = new double[ROUNDS];
    for (int i = -1; i < ROUNDS; i++) {
      double mine = handled(server, "ours" + i);
      double plain = polled(server, "plain" + i);
      if (i >= 0) {
        ours[i] = mine;
        theirs[i] = plain;
        ratios[i] = mine / plain;
      }
    }
    var ratio = Interval.of(ratios);
    results.add(new Row(
        "R12",
        "Kafka consume with acknowledgement, 4 partitions, beside a bare poll loop that reads the envelope and commits every second",
        Results.perSecond(Interval.of(ours).median()),
        Results.perSecond(Interval.of(theirs).median()),
        ratio.toString(),
        "at least 0.95",
        ratio.median() >= 0.95));
  }

  private static double handled(KafkaServer server, String group) throws Exception {
    var left = new CountDownLatch(EVENTS);
    var spec = new dev.pillion.component.ComponentSpec(
        "bus",
        "pubsub.kafka",
        "v1",
        dev.pillion.component.ComponentMetadata.of(Map.of(
            "brokers",
            server.bootstrap(),
            "authType",
            "none",
            "consumerGroup",
            group,
            "initialOffset",
            "oldest")),
        Duration.ofSeconds(30),
        false);
    try (var runtime = EmbeddedRuntime.builder(Values.APP).component(spec).start()) {
      long[] begun = new long[1];
      runtime.subscribe("bus", "consumed", byte[].class, data -> {
        if (begun[0] == 0) {
          begun[0] = System.nanoTime();
        }
        left.countDown();
      });
      left.await();
      return EVENTS * 1e9 / (System.nanoTime() - begun[0]);
    }
  }

  private static double polled(KafkaServer server, String group) throws Exception {
    try (var consumer = new KafkaConsumer<>(
        Map.<String, Object>of(
            "bootstrap.servers",
            server.bootstrap(),
            "group.id",
            group,
            "auto.offset.reset",
            "earliest",
            "enable.auto.commit",
            "false"),
        new ByteArrayDeserializer(),
        new ByteArrayDeserializer())) {
      consumer.subscribe(List.of("consumed"));
      long begun = 0;
      long committed = System.nanoTime();
      int seen = 0;
      while (seen < EVENTS) {
        for (var one : consumer.poll(Duration.ofMillis(100))) {
          begun = begun == 0 ? System.nanoTime() : begun;
          PlainEnvelope.read(one.value());
          seen++;
        }
        if (System.nanoTime() - committed > 1_000_000_000L) {
          consumer.commitAsync();
          committed = System.nanoTime();
        }
      }
      consumer.commitSync();
      return EVENTS * 1e9 / (System.nanoTime() - begun);
    }
  }
}
