// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import dev.pillion.pubsub.redis.RedisPubSub;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testservers.RedisServer;
import io.lettuce.core.Consumer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandInterruptedException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;

/** R13 on Redis Streams: beside raw XADD, and beside XREADGROUP with XACK. */
final class RedisStreamsComparison {
  private static final byte[] DATA = "data".getBytes(StandardCharsets.UTF_8);
  private static final int EVENTS = 6_000;

  private RedisStreamsComparison() {}

  static void run(Results results) throws Exception {
    try (var server = RedisServer.start();
        var runtime = EmbeddedRuntime.builder(Values.APP)
            .component("bus", RedisPubSub.at(server.uri().toString()))
            .start()) {
      var client = RedisClient.create(RedisURI.create(server.uri()));
      try (var raw = client.connect(ByteArrayCodec.INSTANCE);
          var reading = client.connect(ByteArrayCodec.INSTANCE)) {
        publish(results, runtime, raw);
        var oursTimes = PubSubComparison.oneWay(runtime, "bus", EVENTS, 0);
        var theirsTimes = oneWay(raw, reading);
        double ours = PubSubComparison.micros(oursTimes, 50);
        double theirs = PubSubComparison.micros(theirsTimes, 50);
        results.add(new Row(
            "R13",
            "Redis Streams, from publishing to the handler, one caller, p50",
            Results.micros(ours),
            Results.micros(theirs) + " raw XADD to XREADGROUP",
            String.format(Locale.ROOT, "%+.2f µs", ours - theirs),
            "at most +50 µs",
            ours - theirs <= 50));
        double oursTail = PubSubComparison.micros(oursTimes, 99);
        double theirsTail = PubSubComparison.micros(theirsTimes, 99);
        results.add(Row.reported(
            "R13",
            "Redis Streams, from publishing to the handler, one caller, p99",
            Results.micros(oursTail),
            Results.micros(theirsTail) + " raw XADD to XREADGROUP",
            String.format(Locale.ROOT, "%+.2f µs", oursTail - theirsTail)));
      } finally {
        client.shutdown();
      }
    }
  }

  private static void publish(
      Results results, EmbeddedRuntime runtime, StatefulRedisConnection<byte[], byte[]> raw)
      throws Exception {
    var commands = raw.async();
    byte[] stream = bytes("plain");
    var events = runtime.topic("bus", "events");
    for (int threads : new int[] {1, 8}) {
      var rounds = new PairedRounds(threads, 16, 600);
      results.addWithTail(
          "R13",
          "Redis Streams publish, " + threads + " callers, beside raw XADD of the same envelope",
          rounds.compare(
              (thread, count) -> events.publish(PlainEnvelope.JSON, PubSubComparison.JSON),
              (thread, count) -> commands
                  .xadd(stream, Map.of(DATA, PlainEnvelope.write("events", PlainEnvelope.JSON)))
                  .get()),
          0.95,
          1.05);
      results.addWithTail(
          "R13",
          "Redis Streams publish of raw payloads, " + threads + " callers, beside raw XADD",
          rounds.compare(
              (thread, count) -> events.publish(PlainEnvelope.JSON, PubSubComparison.RAW),
              (thread, count) ->
                  commands.xadd(stream, Map.of(DATA, PlainEnvelope.JSON)).get()),
          0.95,
          1.05);
      // Neither arm is to pay for the memory that the other has filled.
      raw.sync().del(stream, bytes("events"));
    }
  }

  /** The same way by hand: one thread reads, hands over the data and acknowledges. */
  @SuppressWarnings("unchecked") // A generic array for one stream.
  private static Histogram oneWay(
      StatefulRedisConnection<byte[], byte[]> writing,
      StatefulRedisConnection<byte[], byte[]> reading)
      throws Exception {
    byte[] stream = bytes("plain-one-way");
    byte[] group = bytes("group");
    var from = XReadArgs.StreamOffset.lastConsumed(stream);
    reading
        .sync()
        .xgroupCreate(
            XReadArgs.StreamOffset.from(stream, "0"),
            group,
            io.lettuce.core.XGroupCreateArgs.Builder.mkstream());
    var sent = new AtomicLong();
    var times = new Histogram(3);
    var handled = new Semaphore(0);
    var reader = new Thread(
        () -> {
          try {
            while (!Thread.currentThread().isInterrupted()) {
              var read = reading
                  .sync()
                  .xreadgroup(
                      Consumer.from(group, group), XReadArgs.Builder.count(100).block(1_000), from);
              for (var message : read) {
                try {
                  PlainEnvelope.read(message.getBody().values().iterator().next());
                } catch (java.io.IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
                times.recordValue(System.nanoTime() - sent.get());
                var unused = writing.async().xack(stream, group, message.getId());
                handled.release();
              }
            }
          } catch (RedisCommandInterruptedException e) {
            // The measurement is over.
            Thread.currentThread().interrupt();
          }
        },
        "reader");
    reader.setDaemon(true);
    reader.start();
    for (int i = 0; i < EVENTS; i++) {
      if (i == EVENTS / 2) {
        times.reset();
      }
      sent.set(System.nanoTime());
      writing
          .async()
          .xadd(stream, Map.of(DATA, PlainEnvelope.write("one-way", PlainEnvelope.JSON)))
          .get();
      handled.acquire();
    }
    reader.interrupt();
    return times;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
