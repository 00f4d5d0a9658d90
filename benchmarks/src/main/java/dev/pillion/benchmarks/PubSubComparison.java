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

/** R13: what publishing and handling cost, in memory, in a file, on Redis and by the facade. */
final class PubSubComparison {
  static final PublishOptions JSON = PublishOptions.defaults().contentType("application/json");
  static final PublishOptions RAW = PublishOptions.defaults().raw();

  private PubSubComparison() {}

  static void run(Results results) throws Exception {
    inMemory(results);
    sqlite(results);
    RedisStreamsComparison.run(results);
    FacadePublishComparison.run(results);
  }

  private static void inMemory(Results results) throws Exception {
    try (var runtime = EmbeddedRuntime.builder(Values.APP)
        .component("bus", InMemoryPubSub.create())
        .start()) {
      var what = "in-memory, from publishing to the handler, one caller";
      var times = oneWay(runtime, "bus", 200_000, 0);
      var p50 = Results.micros(micros(times, 50));
      results.add(
          new Row("R13", what + ", p50", p50, "-", p50, "at most 5.00 µs", micros(times, 50) <= 5));
      results.add(reported(what + ", p99", times, 99));
      var rested = oneWay(runtime, "bus", 2_000, 2);
      results.add(reported(what + ", each after 2 ms of nothing, p50", rested, 50));
      results.add(reported(what + ", each after 2 ms of nothing, p99", rested, 99));
    }
  }

  private static Row reported(String what, Histogram times, double percentile) {
    var figure = Results.micros(micros(times, percentile));
    return Row.reported("R13", what, figure, "-", figure);
  }

  static double micros(Histogram times, double percentile) {
    return times.getValueAtPercentile(percentile) / 1_000.0;
  }

  /**
   * The time from publishing to the handler's start, one event at a time; the first half warms up.
   *
   * @param pauseMillis between a handler's end and the next event
   */
  static Histogram oneWay(EmbeddedRuntime runtime, String pubsub, int events, long pauseMillis)
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
      if (pauseMillis > 0) {
        Thread.sleep(pauseMillis);
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
      results.addWithTail(
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
