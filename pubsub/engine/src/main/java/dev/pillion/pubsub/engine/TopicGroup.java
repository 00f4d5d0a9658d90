// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Intake;
import dev.pillion.pubsub.spi.Message;
import dev.pillion.pubsub.spi.MessageReceiver;
import dev.pillion.pubsub.spi.TopicSubscription;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One topic, taken in for one consumer group, and the subscribers of this runtime that share it:
 * each message goes to one of them, in turn. Thread-safe.
 */
final class TopicGroup implements MessageReceiver {
  private static final Logger log = LoggerFactory.getLogger(TopicGroup.class);

  private final NamedPubSub pubsub;
  private final String topic;
  private final String consumerId;
  private final DeliveryLoop loop;
  private final TimeSource time;
  private final Shareable shareable;
  private final List<Subscriber> subscribers = new CopyOnWriteArrayList<>();
  private final AtomicInteger turn = new AtomicInteger();
  private final Set<RunningDelivery> running = ConcurrentHashMap.newKeySet();

  // Held while the intake begins and ends, which may take as long as the broker needs.
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable Intake intake;
  private @Nullable PathHandler first;
  private boolean closed;

  TopicGroup(Surroundings around, NamedPubSub pubsub, String topic, String consumerId) {
    this.pubsub = pubsub;
    this.topic = topic;
    this.consumerId = consumerId;
    this.loop = new DeliveryLoop(around, pubsub, topic);
    this.time = around.time();
    this.shareable =
        new Shareable("topic \"%s\" of the pubsub \"%s\"".formatted(topic, pubsub.name()));
  }

  NamedPubSub pubsub() {
    return pubsub;
  }

  String topic() {
    return topic;
  }

  /**
   * Adds a handler, and begins to take in with the first one.
   *
   * @return whether it was added; not after the end
   */
  boolean join(Subscriber subscriber, PathHandler handler) {
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      for (var other : subscribers) {
        shareable.require(other, subscriber, handler);
      }
      if (first != null) {
        shareable.requireRoom(first, handler);
      }
      subscriber.add(handler);
      if (!subscribers.contains(subscriber)) {
        subscribers.add(subscriber);
      }
      if (intake == null) {
        begin(subscriber, handler);
      } else {
        intake.resume();
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  private void begin(Subscriber subscriber, PathHandler handler) {
    try {
      intake = pubsub
          .component()
          .subscribe(subscription(subscriber.options(), handler.concurrency()), this);
      first = handler;
      log.info("subscribed to {} as \"{}\"", pubsub.target(topic), consumerId);
    } finally {
      if (intake == null) {
        subscriber.remove(handler);
        subscribers.remove(subscriber);
        closed = true;
      }
    }
  }

  private TopicSubscription subscription(SubscribeOptions options, int concurrency) {
    var bulk = options.bulk();
    return new TopicSubscription(
        pubsub.stored(topic),
        consumerId,
        options.metadata(),
        concurrency,
        bulk == null ? null : new TopicSubscription.Bulk(bulk.maxMessages(), bulk.maxAwait()));
  }

  List<SubscriptionDescription> describe() {
    return subscribers.stream()
        .map(one -> new SubscriptionDescription(
            pubsub.name(),
            topic,
            consumerId,
            one.source(),
            one.options().rules(),
            one.deadLetterTopic(),
            one.handlers().stream().map(PathHandler::describe).toList()))
        .toList();
  }

  @Override
  public Disposition receive(Message message) {
    return receiveAll(List.of(message)).get(0);
  }

  @Override
  public List<Disposition> receiveAll(List<Message> messages) {
    var subscriber = next();
    if (subscriber == null) {
      return Collections.nCopies(messages.size(), Disposition.RELEASE);
    }
    var delivery = new RunningDelivery(messages);
    running.add(delivery);
    if (isRevoked(messages)) {
      // Before it was known here: nobody would say so again.
      delivery.stop();
    }
    try {
      return loop.deliver(subscriber, messages, delivery);
    } catch (RuntimeException | Error e) {
      // Whatever it is: a thread that ends here would be missed by nobody, and events would stay.
      log.error("a delivery on {} failed unexpectedly", pubsub.target(topic), e);
      return Collections.nCopies(messages.size(), Disposition.REDELIVER);
    } finally {
      running.remove(delivery);
    }
  }

  private static boolean isRevoked(List<Message> messages) {
    for (var message : messages) {
      if (message.isRevoked()) {
        return true;
      }
    }
    return false;
  }

  /** The next one in turn that has room, else the next that takes events; null when none does. */
  private @Nullable Subscriber next() {
    var all = subscribers.toArray(new Subscriber[0]);
    int begin = all.length < 2 ? 0 : Math.floorMod(turn.getAndIncrement(), all.length);
    Subscriber busy = null;
    for (int i = 0; i < all.length; i++) {
      var subscriber = all[(begin + i) % all.length];
      if (subscriber.hasRoom()) {
        return subscriber;
      }
      if (busy == null && subscriber.isActive()) {
        busy = subscriber;
      }
    }
    return busy;
  }

  @Override
  public void revoke(Message message) {
    for (var delivery : running) {
      if (delivery.has(message)) {
        delivery.stop();
        subscribers.forEach(Subscriber::wake);
      }
    }
  }

  /** Pauses the intake where nobody takes events any more, and resumes it where somebody does. */
  void pausedOrResumed() {
    lock.lock();
    try {
      if (intake == null || closed) {
        return;
      }
      if (subscribers.stream().anyMatch(Subscriber::isActive)) {
        intake.resume();
      } else {
        intake.pause();
        // What waits for a paused handler, because others went on, is given back as well.
        subscribers.forEach(Subscriber::wake);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes a handler out, which has been closed, and ends the intake when it was the last one. While
   * what runs is waited for the others go on, and more may join.
   *
   * @param deadline when what the handler still does is interrupted
   * @param last until when anything is waited for
   */
  void leave(Subscriber subscriber, PathHandler handler, Deadline deadline, Deadline last) {
    lock.lock();
    try {
      subscriber.remove(handler);
      if (!subscriber.hasHandlers()) {
        subscribers.remove(subscriber);
      }
      pausedOrResumed();
    } finally {
      lock.unlock();
    }
    handler.drain(deadline, last);
    lock.lock();
    try {
      if (!closed && subscribers.isEmpty()) {
        closed = true;
        if (intake != null) {
          // A handler that ends its own subscription can't wait for itself.
          boolean own = running.stream().anyMatch(delivery -> !delivery.isElsewhere());
          intake.close(own ? Deadline.after(Duration.ZERO, time) : last);
          log.info("unsubscribed from {} as \"{}\"", pubsub.target(topic), consumerId);
        }
      }
    } finally {
      lock.unlock();
    }
  }
}
