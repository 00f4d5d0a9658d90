// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import io.lettuce.core.Consumer;
import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XClaimArgs;
import io.lettuce.core.XGroupCreateArgs;
import io.lettuce.core.XPendingArgs;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.api.sync.RedisCommands;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/**
 * Reads and reclaims as daprd 1.18 does: the group's name is the consumer's name, whatever has been
 * idle for the processing timeout is claimed, whoever holds it, and a success is acknowledged.
 */
final class DaprConsumer implements AutoCloseable {
  private static final int QUEUE_DEPTH = 100;

  final Queue<String> handled = new ConcurrentLinkedQueue<>();
  private final RedisClient client;
  private final RedisCommands<String, String> commands;
  private final String topic;
  private final String group;
  private final Duration processingTimeout;
  private final Predicate<String> handler;
  private final Thread thread;
  private volatile boolean closed;

  /**
   * @param handler whether a message succeeds; one that does not stays pending, as after daprd's
   *     processing timeout
   */
  DaprConsumer(
      String uri,
      String topic,
      String group,
      Duration processingTimeout,
      Predicate<String> handler) {
    this.client = RedisClient.create(uri);
    this.commands = client.connect().sync();
    this.topic = topic;
    this.group = group;
    this.processingTimeout = processingTimeout;
    this.handler = handler;
    createGroup();
    this.thread = new Thread(this::run, "daprd");
    thread.setDaemon(true);
    thread.start();
  }

  private void createGroup() {
    try {
      commands.xgroupCreate(
          XReadArgs.StreamOffset.from(topic, "0"), group, XGroupCreateArgs.Builder.mkstream());
    } catch (RedisException e) {
      if (!String.valueOf(e.getMessage()).startsWith("BUSYGROUP")) {
        throw e;
      }
    }
  }

  private void run() {
    while (!closed) {
      try {
        reclaim();
        read().forEach(this::handle);
      } catch (RedisException e) {
        if (!closed) {
          throw e;
        }
      }
      LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
    }
  }

  @SuppressWarnings("unchecked") // The driver's array of offsets is generic.
  private List<StreamMessage<String, String>> read() {
    return commands.xreadgroup(
        Consumer.from(group, group),
        XReadArgs.Builder.count(QUEUE_DEPTH),
        XReadArgs.StreamOffset.lastConsumed(topic));
  }

  private void reclaim() {
    var ids = commands
        .xpending(
            topic, XPendingArgs.Builder.xpending(group, Range.unbounded(), Limit.from(QUEUE_DEPTH)))
        .stream()
        .filter(entry -> entry.getSinceLastDelivery().compareTo(processingTimeout) >= 0)
        .map(entry -> entry.getId())
        .toList();
    if (!ids.isEmpty()) {
      List<StreamMessage<String, String>> claimed = commands.xclaim(
          topic,
          Consumer.from(group, group),
          XClaimArgs.Builder.minIdleTime(processingTimeout),
          ids.toArray(String[]::new));
      claimed.stream().filter(entry -> entry.getBody() != null).forEach(this::handle);
    }
  }

  private void handle(StreamMessage<String, String> entry) {
    var text = entry.getBody().get("data");
    handled.add(text);
    if (handler.test(text)) {
      commands.xack(topic, group, entry.getId());
    }
  }

  @Override
  public void close() {
    closed = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    client.shutdown();
  }
}
