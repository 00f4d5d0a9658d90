// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.Expressions;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Message;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happens to a message between the broker and the handler: it is read, judged and routed, then
 * attempted. Here is the whole of the outcome table; brokers only carry out what it says.
 * Thread-safe.
 */
final class DeliveryLoop {
  private static final Logger log = LoggerFactory.getLogger(DeliveryLoop.class);

  private final Surroundings around;
  private final NamedPubSub pubsub;
  private final String topic;
  private final DeadLetters deadLetters;
  private final Set<String> nobodyFor = ConcurrentHashMap.newKeySet();

  DeliveryLoop(Surroundings around, NamedPubSub pubsub, String topic) {
    this.around = around;
    this.pubsub = pubsub;
    this.topic = topic;
    this.deadLetters = new DeadLetters(around, pubsub);
  }

  /** Delivers messages to a subscriber; returns when no attempt of any of them runs. */
  List<Disposition> deliver(
      Subscriber subscriber, List<Message> messages, RunningDelivery running) {
    if (messages.size() == 1) {
      var only = new Tracked(messages.get(0));
      var path = path(subscriber, only);
      if (path != null) {
        attempt(subscriber, path, List.of(only), running);
      }
      return List.of(only.disposition());
    }
    var all = messages.stream().map(Tracked::new).toList();
    var byPath = new LinkedHashMap<String, List<Tracked>>();
    for (var message : all) {
      var path = path(subscriber, message);
      if (path != null) {
        byPath.computeIfAbsent(path, p -> new ArrayList<>()).add(message);
      }
    }
    byPath.forEach((path, routed) -> attempt(subscriber, path, routed, running));
    return all.stream().map(Tracked::disposition).toList();
  }

  /** Where the message goes; null when that is settled: to nobody. */
  private @Nullable String path(Subscriber subscriber, Tracked message) {
    try {
      var event = subscriber.reader().read(message.message());
      message.read(event);
      if (event.isExpired(around.time().now())) {
        unwanted(subscriber, message, "it has expired");
        return null;
      }
      var path = subscriber.routes().path(event::variables);
      if (path == null) {
        unwanted(subscriber, message, "no routing rule matches it");
      }
      return path;
    } catch (MalformedEventException | Expressions.EvaluationException e) {
      message.failed(e);
      failed(subscriber, List.of(message));
      return null;
    }
  }

  private void attempt(
      Subscriber subscriber, String path, List<Tracked> messages, RunningDelivery running) {
    var handler = subscriber.handler(path);
    if (handler == null) {
      if (!subscriber.hasHandlers()) {
        // The last one has just closed: whoever is there has them.
        return;
      }
      // Not yet, or not any more: no attempt was made, so nothing is judged.
      if (nobodyFor.add(path)) {
        log.warn(
            "no handler takes the path \"{}\" of {}; its events come again until one does",
            path,
            pubsub.target(topic));
      }
      messages.forEach(Tracked::postpone);
      return;
    }
    nobodyFor.remove(path);
    switch (handler.enter(running, subscriber::isActive)) {
      case BEGUN -> {}
      case NOT_HERE -> {
        return;
      }
      case LATER -> {
        messages.forEach(Tracked::postpone);
        return;
      }
    }
    try {
      new DeliveryAttempts(around, pubsub, topic, this, subscriber, handler, path, running)
          .run(messages);
    } finally {
      handler.leave(running);
    }
    if (!running.isStopped()) {
      failed(
          subscriber,
          messages.stream()
              .filter(message -> !message.isSettled() && message.failure() != null)
              .toList());
    }
  }

  /** Nobody wants the message: it is done once the dead letter topic has it, if there is one. */
  private void unwanted(Subscriber subscriber, Tracked message, String reason) {
    log.debug("{} on {}: {}", message.event(), pubsub.target(topic), reason);
    var refused = drop(subscriber, List.of(message)).get(message);
    if (refused == null) {
      message.settle(Disposition.ACKNOWLEDGE);
    } else {
      log.warn(
          "an event on {} was not wanted, for {}, and is kept: {}",
          pubsub.target(topic),
          reason,
          refused.getMessage());
      message.undeliverable();
    }
  }

  /**
   * Gives the dead letter topic, if there is one, what a handler has dropped.
   *
   * @return why it has not taken some
   */
  Map<Tracked, RuntimeException> drop(Subscriber subscriber, List<Tracked> messages) {
    var dead = subscriber.deadLetterTopic();
    return dead == null ? Map.of() : deadLetters.publish(dead, messages);
  }

  /** Attempts are at their end: to the dead letter topic, or back to the broker. */
  private void failed(Subscriber subscriber, List<Tracked> messages) {
    var dead = subscriber.deadLetterTopic();
    if (dead == null) {
      for (var message : messages) {
        warn(message, "it will be delivered again");
        message.redeliver();
      }
      return;
    }
    var refused = deadLetters.publish(dead, messages);
    for (var message : messages) {
      var why = refused.get(message);
      if (why == null) {
        warn(message, "it is on the dead letter topic \"" + dead + "\" now");
        message.settle(Disposition.ACKNOWLEDGE);
      } else {
        warn(
            message,
            "the dead letter topic does not take it (%s), it will be delivered again"
                .formatted(why.getMessage()));
        message.undeliverable();
      }
    }
  }

  private void warn(Tracked message, String consequence) {
    log.warn(
        "delivery of {} on {} failed, {}; {}",
        message.name(),
        pubsub.target(topic),
        message.attempts() == 0 ? "not attempted" : "attempts: " + message.attempts(),
        consequence,
        message.failure());
  }
}
