// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.Threads;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.pubsub.spi.Intake;
import dev.pillion.pubsub.spi.MessageReceiver;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.pubsub.spi.TopicSubscription;
import dev.pillion.testservers.RawDatabase;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** An open broker on real threads, with the time that the test gives it. */
final class TestBroker implements Threads, AutoCloseable {
  final SqlitePubSub component;
  private final TimeSource time;
  private final boolean keeps;
  private final Path file;
  private volatile @Nullable Error refusal;
  private final ExecutorService pool = Executors.newCachedThreadPool(task -> {
    var thread = new Thread(task, "worker");
    thread.setDaemon(true);
    return thread;
  });

  TestBroker(Path file, SqlitePubSub component, TimeSource time) {
    this(file, component, time, true);
  }

  /**
   * @param keeps without it nobody renews leases or looks around, as in a process that is stopped
   */
  TestBroker(Path file, SqlitePubSub component, TimeSource time, boolean keeps) {
    this.file = file;
    this.component = component;
    this.time = time;
    this.keeps = keeps;
    component.open(new ComponentContext("orders", "", "pubsub", time, this, Deadline.none()));
  }

  void publish(String topic, String... texts) {
    for (String text : texts) {
      component.publish(message(topic, text, null), Deadline.none());
    }
  }

  void publishKeyed(String topic, String key, String... texts) {
    for (String text : texts) {
      component.publish(message(topic, text, Map.of("partitionKey", key)), Deadline.none());
    }
  }

  static OutgoingMessage message(String topic, String text, Map<String, String> metadata) {
    return new OutgoingMessage(topic, text.getBytes(StandardCharsets.UTF_8), metadata, null);
  }

  Intake subscribe(String topic, String group, int concurrency, MessageReceiver receiver) {
    return component.subscribe(
        new TopicSubscription(topic, group, Map.of(), concurrency, null), receiver);
  }

  Intake subscribe(String topic, String group, MessageReceiver receiver) {
    return subscribe(topic, group, 0, receiver);
  }

  /** What the only column of the only row says, as another program sees it. */
  long number(String sql) {
    try (var raw = new RawDatabase(file)) {
      return raw.number(sql);
    }
  }

  /** Waits until nothing is under way or waits for anybody. */
  void awaitAllDone() {
    awaitNumber("SELECT count(*) FROM pubsub_deliveries", 0);
  }

  void awaitNumber(String sql, long expected) {
    await()
        .atMost(TestReceiver.PATIENCE)
        .untilAsserted(() -> assertThat(number(sql)).as(sql).isEqualTo(expected));
  }

  /** From now on there are no threads for deliveries, for that reason; null: there are again. */
  void refuseThreads(@Nullable Error reason) {
    refusal = reason;
  }

  @Override
  public void execute(String name, Runnable task) {
    var reason = refusal;
    if (reason != null) {
      throw reason;
    }
    pool.execute(task);
  }

  @Override
  public Thread start(String name, Runnable loop) {
    var thread = new Thread(name.endsWith("/keeper") && !keeps ? () -> {} : loop, name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  Deadline in(Duration duration) {
    return Deadline.after(duration, time);
  }

  @Override
  public void close() {
    component.close();
    pool.shutdownNow();
  }
}
