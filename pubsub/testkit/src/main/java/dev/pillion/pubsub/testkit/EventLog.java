// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.testkit;

import dev.pillion.pubsub.CloudEvent;
import dev.pillion.pubsub.Delivery;
import dev.pillion.pubsub.DeliveryHandler;
import dev.pillion.pubsub.DeliveryResult;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A handler that remembers what it has seen, and is content with it. Thread-safe. */
final class EventLog implements DeliveryHandler<byte[]> {
  final Collection<String> data = new ConcurrentLinkedQueue<>();
  final Collection<CloudEvent<byte[]>> events = new ConcurrentLinkedQueue<>();
  final Collection<Integer> attempts = new ConcurrentLinkedQueue<>();

  @Override
  public DeliveryResult handle(CloudEvent<byte[]> event, Delivery delivery) {
    attempts.add(delivery.attempt());
    events.add(event);
    data.add(event.data() == null ? "" : new String(event.requireData(), StandardCharsets.UTF_8));
    return DeliveryResult.SUCCESS;
  }
}
