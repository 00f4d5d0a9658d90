// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.Topic;
import dev.pillion.pubsub.engine.InMemoryPubSub;
import dev.pillion.pubsub.sqlite.SqlitePubSub;
import dev.pillion.runtime.EmbeddedRuntime;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;

/** R13: what publishing and handling cost beside the broker's own client. */
final class PubSubComparison {
  static final PublishOptions JSON = PublishOptions.defaults().contentType("application/json");
  static final PublishOptions RAW = PublishOptions.defaults().raw();

  private PubSubComparison() {}

  static void run(Results results) throws Exception {
    inMemory(results);
    sqlite(results);
    RedisStreamsComparison.run(results);
  }

  private static void inMemory(Results results) throws Exception {
    try (var runtime = EmbeddedRuntime.builder(Values.APP)
        .component("bus", InMemoryPubSub.create())
        .start()) {
      results.add(within(
          "R13",
          "in-memory, from publishing to the handler, one caller, p50",
          oneWay(runtime, "bus", 20_000),
          5));
    }
  }

  static Row within(String goal, String what, double micros, double limit) {
    return new Row(
        goal,
        what,
        Results.micros(micros),
        "-",
        Results.micros(micros),
        "at most " + Results.micros(limit),
        micros <= limit);
  }

  /** The median time from publishing to the handler's start, one event at a time. */
  static double oneWay(EmbeddedRuntime runtime, String pubsub, int events) throws Exception {
    return oneWayTimes(runtime, pubsub, events).getValueAtPercentile(50) / 1_000.0;
  }

  /**
   * Nanoseconds from publishing to the handler's start, one event at a time, of the second half.
   */
  static Histogram oneWayTimes(EmbeddedRuntime runtime, String pubsub, int events)
      throws Exception {
    var sent = new AtomicLong();
    var times = new Histogram(3);
    var handled = new Semaphore(0);
    var registration = runtime.subscribe(pubsub, "one-way", byte[].class, data -> {
      times.recordValue(Math.max(0, System.nanoTime() - sent.get()));
      handled.release();
    });
    var topic = runtime.topic(pubsub, "one-way");
    for (int i = 0; i < events; i++) {
      if (i == events / 2) {
        times.reset();
      }
      sent.set(System.nanoTime());
      topic.publish(PlainEnvelope.JSON, JSON);
      handled.acquire();
    }
    registration.close();
    return times;
  }

  private static void sqlite(Results results) throws Exception {
    var folder = Files.createTempDirectory(Path.of("target"), "pubsub-sqlite-");
    try (var runtime = EmbeddedRuntime.builder(Values.APP)
            .component("bus", SqlitePubSub.at(folder.resolve("ours.db")))
            .start();
        var plain = GroupedInserts.into(folder.resolve("plain.db"))) {
      Topic topic = runtime.topic("bus", "events");
      results.add(
          "R13",
          "pubsub.sqlite publish, 16 callers, beside grouped plain inserts",
          new PairedRounds(16, 16, 600)
              .compare(
                  (thread, count) -> topic.publish(PlainEnvelope.JSON, JSON),
                  (thread, count) ->
                      plain.insert(PlainEnvelope.write("events", PlainEnvelope.JSON))),
          0.8,
          1.25);
    }
  }
}
