// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import dev.pillion.pubsub.kafka.KafkaPubSub;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testservers.KafkaServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** R12: publishing beside the plain producer with the same acks. */
final class KafkaComparison {
  private static final int BULK = 1_000;

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
      KafkaConsumingComparison.run(results, server);
    }
  }

  private static void publish(
      Results results, EmbeddedRuntime runtime, KafkaProducer<byte[], byte[]> producer)
      throws Exception {
    var events = runtime.topic("bus", "events");
    for (int threads : new int[] {1, 16}) {
      var rounds = new PairedRounds(threads, 12, 600);
      results.addWithTail(
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
      results.addWithTail(
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
    results.addWithTail(
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
}
