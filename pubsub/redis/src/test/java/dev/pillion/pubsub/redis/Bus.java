// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;

import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.Threads;
import dev.pillion.pubsub.spi.Intake;
import dev.pillion.pubsub.spi.MessageReceiver;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.pubsub.spi.TopicSubscription;
import io.lettuce.core.Consumer;
import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.RedisClient;
import io.lettuce.core.XPendingArgs;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.models.stream.PendingMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import org.awaitility.core.ThrowingRunnable;
import org.jspecify.annotations.Nullable;

/** An open component with a topic of its own, and a second client that looks at the server. */
final class Bus implements AutoCloseable {
  static final String GROUP = "shop";

  final String topic = "orders-" + UUID.randomUUID();
  final String uri;
  final RedisPubSub component;
  final RedisCommands<String, String> raw;
  private final RedisClient client;

  Bus(String uri, RedisPubSub component, Threads threads) {
    this.uri = uri;
    this.component = component;
    component.open(TestTime.context(threads));
    this.client = RedisClient.create(uri);
    this.raw = client.connect().sync();
  }

  /** A bus on which a message is claimable after so long, and looked for ten times as often. */
  static Bus on(String uri, Duration processingTimeout) {
    return new Bus(uri, quick(uri, processingTimeout), TestTime.REAL);
  }

  static RedisPubSub quick(String uri, Duration processingTimeout) {
    return RedisPubSub.at(uri)
        .processingTimeout(processingTimeout)
        .redeliverInterval(processingTimeout.dividedBy(10));
  }

  OutgoingMessage message(String text) {
    return message(text, null);
  }

  OutgoingMessage message(String text, @Nullable Map<String, String> metadata) {
    return new OutgoingMessage(topic, text.getBytes(UTF_8), metadata, null);
  }

  void publish(String... texts) {
    for (String text : texts) {
      component.publish(message(text), Deadline.none());
    }
  }

  /** Publishes {@code m0}, {@code m1} and so on in one go. */
  List<String> publishMany(int count) {
    var texts = new ArrayList<String>();
    var messages = new ArrayList<OutgoingMessage>();
    for (int i = 0; i < count; i++) {
      texts.add("m" + i);
      messages.add(message("m" + i));
    }
    if (!component.publishAll(messages, Deadline.none()).isEmpty()) {
      throw new AssertionError("not all messages could be published");
    }
    return texts;
  }

  Intake subscribe(MessageReceiver receiver) {
    return subscribe(component, receiver, 0, null);
  }

  Intake subscribe(
      RedisPubSub with,
      MessageReceiver receiver,
      int concurrency,
      TopicSubscription.@Nullable Bulk bulk) {
    return with.subscribe(
        new TopicSubscription(topic, GROUP, Map.of(), concurrency, bulk), receiver);
  }

  /** Everything that is pending for the group. */
  List<PendingMessage> pending() {
    return raw.xpending(
        topic, XPendingArgs.Builder.xpending(GROUP, Range.unbounded(), Limit.from(10_000)));
  }

  /** Entries as they are stored, oldest first, each field with its text. */
  List<Map<String, String>> stored() {
    return raw.xrange(topic, Range.unbounded()).stream()
        .<Map<String, String>>map(entry -> new TreeMap<>(entry.getBody()))
        .toList();
  }

  /** The names of the group's consumers, each with how much is pending for it. */
  Map<String, Long> consumers() {
    var pending = new HashMap<String, Long>();
    for (Object consumer : raw.xinfoConsumers(topic, GROUP)) {
      var about = (List<?>) consumer;
      pending.put((String) about.get(1), (Long) about.get(3));
    }
    return pending;
  }

  /** Reads as another consumer of the group, and leaves it at that. */
  @SuppressWarnings("unchecked") // The driver's array of offsets is generic.
  List<String> readAs(String consumer, int count) {
    return raw
        .xreadgroup(
            Consumer.from(GROUP, consumer),
            XReadArgs.Builder.count(count),
            XReadArgs.StreamOffset.lastConsumed(topic))
        .stream()
        .map(entry -> entry.getId())
        .toList();
  }

  /** How often each command was called since {@link #resetCounts}, by scripts too. */
  Map<String, Integer> counts() {
    var counts = new TreeMap<String, Integer>();
    for (String line : raw.info("commandstats").split("\r\n")) {
      if (line.startsWith("cmdstat_")) {
        var name = line.substring("cmdstat_".length(), line.indexOf(':'));
        var calls = line.substring(line.indexOf("calls=") + 6, line.indexOf(','));
        counts.put(name, Integer.parseInt(calls));
      }
    }
    counts.keySet().removeAll(List.of("config", "info"));
    return counts;
  }

  void resetCounts() {
    raw.configResetstat();
  }

  static void eventually(ThrowingRunnable assertion) {
    await()
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(10))
        // A group that is about to be made anew, a server that is about to be back.
        .ignoreExceptions()
        .untilAsserted(assertion);
  }

  /** What holds now holds for so long. */
  static void steadily(Duration duration, ThrowingRunnable assertion) {
    await()
        .during(duration)
        .atMost(duration.plusSeconds(10))
        .pollInterval(Duration.ofMillis(20))
        .untilAsserted(assertion);
  }

  /** What a handler does that takes so long. */
  static void work(Duration duration) {
    long until = System.nanoTime() + duration.toNanos();
    while (System.nanoTime() < until) {
      LockSupport.parkNanos(1_000_000);
    }
  }

  static Deadline soon() {
    return TestTime.in(Duration.ofSeconds(10));
  }

  @Override
  public void close() {
    component.close();
    client.shutdown();
  }
}
