// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.pubsub.CloudEvent;
import dev.pillion.pubsub.DeliveryHandler;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.SubscribeOptions;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** What a program beside a runtime subscribes to, one handler for a topic. Thread-safe. */
final class AppHandlers {
  private final Map<String, Subscribed> byTopic = new ConcurrentHashMap<>();
  private final ReentrantLock lock = new ReentrantLock();
  private boolean well = true;

  record Subscribed(String topic, SubscribeOptions options, DeliveryHandler<byte[]> handler) {}

  /**
   * Adds a topic; the program is then unwell for a moment, for a program that recovers is asked.
   */
  void add(Subscribed subscribed) {
    lock.lock();
    try {
      well = false;
      byTopic.put(subscribed.topic(), subscribed);
    } finally {
      lock.unlock();
    }
  }

  void recover() {
    lock.lock();
    try {
      well = true;
    } finally {
      lock.unlock();
    }
  }

  boolean isWell() {
    lock.lock();
    try {
      return well;
    } finally {
      lock.unlock();
    }
  }

  Collection<Subscribed> all() {
    return List.copyOf(byTopic.values());
  }

  /** What the topic's handler says; null when it says nothing. */
  @Nullable
  DeliveryResult handle(String topic, CloudEvent<byte[]> event) throws Exception {
    var subscribed = Objects.requireNonNull(byTopic.get(topic));
    return subscribed.handler().handle(event, new WireDelivery(topic, "/" + topic));
  }
}
