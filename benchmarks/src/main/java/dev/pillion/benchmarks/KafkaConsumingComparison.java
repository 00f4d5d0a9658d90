// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import dev.pillion.connections.kafka.KafkaSettings;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.kafka.KafkaPubSub;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testservers.KafkaServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** R12: handling beside a bare poll loop that commits every second, as we do. */
final class KafkaConsumingComparison {
  private static final int EVENTS = 100_000;
  private static final int ONE_WAY = 6_000;
  private static final int BULK = 1_000;
  private static final int PARTITIONS = 4;
  private static final int ROUNDS = 7;
  private static final int WARM_UP = 2;
  private static final long COMMIT_NANOS = 1_000_000_000L;
  private static final String TOPIC = "consumed";
  private static final SubscribeOptions RAW =
      SubscribeOptions.defaults().metadata(Map.of("rawPayload", "true"));

  private final KafkaServer server;
  private int groups;

  private KafkaConsumingComparison(KafkaServer server) {
    this.server = server;
  }

  /** What is done with a record by hand. */
  private interface Work {
    void handle(ConsumerRecord<byte[], byte[]> one);
  }

  /** Reads all events for a group of its own, and says how many a second. */
  private interface Reading {
    double run(String group) throws Exception;
  }

  static void run(Results results, KafkaServer server) throws Exception {
    var comparison = new KafkaConsumingComparison(server);
    comparison.oneWay(results);
    comparison.fill();
    comparison.compare(
        results,
        "Kafka consume with acknowledgement, 4 partitions, beside a poll loop with the same envelope work, commits and a thread for each partition",
        group -> comparison.handled(group, SubscribeOptions.defaults()),
        comparison::polledByThreads);
    comparison.compare(
        results,
        "Kafka consume with acknowledgement, 4 partitions, beside a poll loop that does the same envelope work on its own thread",
        group -> comparison.handled(group, SubscribeOptions.defaults()),
        group -> comparison.polled(group, KafkaConsumingComparison::read));
    comparison.compare(
        results,
        "Kafka consume of raw payloads, 4 partitions, beside a poll loop that counts",
        group -> comparison.handled(group, RAW),
        group -> comparison.polled(group, one -> {}));
  }

  private void fill() {
    server.createTopic(TOPIC, PARTITIONS);
    try (var runtime =
        EmbeddedRuntime.builder(Values.APP).component("bus", pubsub("none")).start()) {
      var topic = runtime.topic("bus", TOPIC);
      for (int i = 0; i < EVENTS / BULK; i++) {
        topic.bulk(events -> {
          for (int j = 0; j < BULK; j++) {
            events.publish(PlainEnvelope.JSON, PubSubComparison.JSON);
          }
        });
      }
    }
  }

  private void compare(Results results, String what, Reading ours, Reading theirs)
      throws Exception {
    double[][] figures = new double[3][ROUNDS];
    for (int i = -WARM_UP; i < ROUNDS; i++) {
      boolean oursFirst = i % 2 == 0;
      double first = (oursFirst ? ours : theirs).run("group-" + groups++);
      double second = (oursFirst ? theirs : ours).run("group-" + groups++);
      if (i >= 0) {
        figures[0][i] = oursFirst ? first : second;
        figures[1][i] = oursFirst ? second : first;
        figures[2][i] = figures[0][i] / figures[1][i];
      }
    }
    var ratio = Interval.of(figures[2]);
    results.add(new Row(
        "R12",
        what,
        Results.perSecond(Interval.of(figures[0]).median()),
        Results.perSecond(Interval.of(figures[1]).median()),
        ratio.toString(),
        "at least 0.95",
        ratio.median() >= 0.95));
  }

  private KafkaPubSub pubsub(String group) {
    return KafkaPubSub.at(KafkaSettings.of(settings(group)));
  }

  private Map<String, Object> settings(String group) {
    return Map.of(
        "bootstrap.servers",
        server.bootstrap(),
        "group.id",
        group,
        "auto.offset.reset",
        "earliest");
  }

  private KafkaConsumer<byte[], byte[]> consumer(String group) {
    var settings = new java.util.HashMap<>(settings(group));
    settings.put("enable.auto.commit", "false");
    return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  private double handled(String group, SubscribeOptions options) throws Exception {
    var left = new CountDownLatch(EVENTS);
    var begun = new AtomicLong();
    try (var runtime =
        EmbeddedRuntime.builder(Values.APP).component("bus", pubsub(group)).start()) {
      runtime.subscribe(
          "bus", TOPIC, byte[].class, options.consumerId(group), (event, delivery) -> {
            begin(begun);
            left.countDown();
            return DeliveryResult.SUCCESS;
          });
      left.await();
      return perSecond(begun);
    }
  }

  private static void begin(AtomicLong begun) {
    if (begun.get() == 0) {
      begun.compareAndSet(0, System.nanoTime());
    }
  }

  private static double perSecond(AtomicLong begun) {
    return EVENTS * 1e9 / (System.nanoTime() - begun.get());
  }

  private double polled(String group, Work work) throws Exception {
    var begun = new AtomicLong();
    poll(group, begun, records -> records.forEach(work::handle), () -> {});
    return perSecond(begun);
  }

  private double polledByThreads(String group) throws Exception {
    var begun = new AtomicLong();
    var left = new CountDownLatch(EVENTS);
    List<ExecutorService> threads = new ArrayList<>();
    for (int i = 0; i < PARTITIONS; i++) {
      threads.add(new ThreadPoolExecutor(
          1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(8), (task, full) -> {
            try {
              // As much is held as we hold; then polling waits.
              full.getQueue().put(task);
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          }));
    }
    try {
      poll(
          group,
          begun,
          records -> threads.get(records.get(0).partition()).execute(() -> {
            records.forEach(KafkaConsumingComparison::read);
            records.forEach(one -> left.countDown());
          }),
          left::await);
      return perSecond(begun);
    } finally {
      threads.forEach(ExecutorService::shutdown);
    }
  }

  /** Takes the records of a partition. */
  private interface Taker {
    void take(List<ConsumerRecord<byte[], byte[]>> records);
  }

  /** Waits until what was taken is done. */
  private interface End {
    void await() throws InterruptedException;
  }

  private void poll(String group, AtomicLong begun, Taker taker, End end) throws Exception {
    try (var consumer = consumer(group)) {
      consumer.subscribe(List.of(TOPIC));
      long committed = System.nanoTime();
      int seen = 0;
      while (seen < EVENTS) {
        var records = consumer.poll(Duration.ofMillis(100));
        for (var partition : records.partitions()) {
          begin(begun);
          taker.take(records.records(partition));
        }
        seen += records.count();
        if (System.nanoTime() - committed > COMMIT_NANOS) {
          consumer.commitAsync();
          committed = System.nanoTime();
        }
      }
      end.await();
      consumer.commitSync();
    }
  }

  private static void read(ConsumerRecord<byte[], byte[]> one) {
    try {
      PlainEnvelope.read(one.value());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void oneWay(Results results) throws Exception {
    Histogram ours;
    try (var runtime =
        EmbeddedRuntime.builder(Values.APP).component("bus", pubsub("one-way")).start()) {
      ours = PubSubComparison.oneWay(runtime, "bus", ONE_WAY, 0);
    }
    var theirs = oneWayByHand();
    for (int percentile : new int[] {50, 99}) {
      double mine = ours.getValueAtPercentile(percentile) / 1_000.0;
      double plain = theirs.getValueAtPercentile(percentile) / 1_000.0;
      results.add(new Row(
          "R12",
          "Kafka, from publishing to the handler, one caller, p" + percentile,
          Results.micros(mine),
          Results.micros(plain) + " plain producer to poll loop",
          "%+.2f µs".formatted(mine - plain),
          "",
          true));
    }
  }

  /** The same way by hand: one thread polls, reads the envelope and hands over the data. */
  private Histogram oneWayByHand() throws Exception {
    var sent = new AtomicLong();
    var times = new Histogram(3);
    var handled = new Semaphore(0);
    var reader = new Thread(
        () -> {
          try (var consumer = consumer("one-way-by-hand")) {
            consumer.subscribe(List.of("plain-one-way"));
            while (!Thread.currentThread().isInterrupted()) {
              for (var one : consumer.poll(Duration.ofSeconds(1))) {
                read(one);
                times.recordValue(System.nanoTime() - sent.get());
                handled.release();
              }
            }
          } catch (InterruptException e) {
            // The measurement is over.
            Thread.currentThread().interrupt();
          }
        },
        "reader");
    reader.setDaemon(true);
    server.createTopic("plain-one-way", 1);
    reader.start();
    try (var producer = new KafkaProducer<>(
        Map.<String, Object>of(
            "bootstrap.servers", server.bootstrap(), "acks", "all", "linger.ms", "0"),
        new ByteArraySerializer(),
        new ByteArraySerializer())) {
      for (int i = 0; i < ONE_WAY; i++) {
        if (i == ONE_WAY / 2) {
          times.reset();
        }
        sent.set(System.nanoTime());
        producer
            .send(new ProducerRecord<>(
                "plain-one-way", PlainEnvelope.write("one-way", PlainEnvelope.JSON)))
            .get();
        handled.acquire();
      }
    }
    reader.interrupt();
    return times;
  }
}
