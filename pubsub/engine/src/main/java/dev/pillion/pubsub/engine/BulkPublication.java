// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.BuildingBlockException;
import dev.pillion.call.CallContext;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * One bulk, which policies may run more than once: an attempt publishes what the broker has not
 * taken yet. Used by one thread at a time.
 */
final class BulkPublication {
  private final NamedPubSub pubsub;
  private final String topic;
  private final EventList list;
  private List<Integer> left;

  BulkPublication(NamedPubSub pubsub, String topic, EventList list) {
    this.pubsub = pubsub;
    this.topic = topic;
    this.list = list;
    this.left = IntStream.range(0, list.events().size()).boxed().toList();
  }

  /**
   * Publishes what is left.
   *
   * @throws dev.pillion.BulkException when the broker did not take some of it
   */
  void next(CallContext context) {
    var failed = new TreeMap<Integer, BuildingBlockException>();
    try {
      var messages = left.stream()
          .map(position -> list.events().get(position).message(pubsub, topic, context))
          .toList();
      pubsub
          .component()
          .publishAll(messages, context.deadline())
          .forEach((position, e) -> failed.put(left.get(position), e));
    } catch (BuildingBlockException e) {
      left.forEach(position -> failed.put(position, e));
    }
    left = new ArrayList<>(failed.keySet());
    if (!failed.isEmpty()) {
      throw PublishFailures.some(pubsub.name(), topic, list.entryIds(), failed);
    }
  }
}
