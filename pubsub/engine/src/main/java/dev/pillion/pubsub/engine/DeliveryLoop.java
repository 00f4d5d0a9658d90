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
      failed(subscriber, message);
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
    for (var message : messages) {
      if (!message.isSettled() && message.failure() != null && !running.isStopped()) {
        failed(subscriber, message);
      }
    }
  }

  /** Nobody wants the message: it is done once the dead letter topic has it, if there is one. */
  private void unwanted(Subscriber subscriber, Tracked message, String reason) {
    log.debug("{} on {}: {}", message.event(), pubsub.target(topic), reason);
    try {
      drop(subscriber, message);
      message.settle(Disposition.ACKNOWLEDGE);
    } catch (RuntimeException e) {
      log.warn(
          "an event on {} was not wanted, for {}, and is kept: {}",
          pubsub.target(topic),
          reason,
          e.getMessage());
      message.undeliverable();
    }
  }

  /** Gives the dead letter topic, if there is one, what a handler has dropped. */
  void drop(Subscriber subscriber, Tracked message) {
    var dead = subscriber.deadLetterTopic();
    if (dead != null) {
      deadLetters.publish(dead, message, metadata(message));
    }
  }

  /** Attempts are at their end: to the dead letter topic, or back to the broker. */
  private void failed(Subscriber subscriber, Tracked message) {
    var dead = subscriber.deadLetterTopic();
    if (dead == null) {
      warn(message, "it will be delivered again", null);
      message.redeliver();
      return;
    }
    try {
      deadLetters.publish(dead, message, metadata(message));
      warn(message, "it is on the dead letter topic \"" + dead + "\" now", null);
      message.settle(Disposition.ACKNOWLEDGE);
    } catch (RuntimeException e) {
      warn(message, "the dead letter topic does not take it, it will be delivered again", e);
      message.undeliverable();
    }
  }

  private void warn(Tracked message, String consequence, @Nullable Throwable further) {
    var failure = message.failure();
    if (further != null && failure != null) {
      further.addSuppressed(failure);
    }
    log.warn(
        "delivery of {} on {} failed, {}; {}",
        message.name(),
        pubsub.target(topic),
        message.attempts() == 0 ? "not attempted" : "attempts: " + message.attempts(),
        consequence,
        further == null ? failure : further);
  }

  private Map<String, String> metadata(Tracked message) {
    return MessageMetadata.of(message.message(), pubsub.name());
  }
}
