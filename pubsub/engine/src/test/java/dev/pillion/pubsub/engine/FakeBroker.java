// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.BuildingBlockException;
import dev.pillion.ComponentException;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.spi.Intake;
import dev.pillion.pubsub.spi.Message;
import dev.pillion.pubsub.spi.MessageReceiver;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.pubsub.spi.PubSubComponent;
import dev.pillion.pubsub.spi.TopicSubscription;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** A broker whose messages the test hands over itself, to see what becomes of them. */
final class FakeBroker implements PubSubComponent {
  final List<OutgoingMessage> published = new CopyOnWriteArrayList<>();
  final Map<String, MessageReceiver> receivers = new HashMap<>();
  final List<TopicSubscription> subscriptions = new ArrayList<>();
  final List<String> intakes = new CopyOnWriteArrayList<>();

  /** How many messages came together, each time. */
  final List<Integer> together = new CopyOnWriteArrayList<>();

  /** The data that {@link #refusal} is for; all when empty. */
  final Set<String> refused = new HashSet<>();

  @Nullable
  RuntimeException refusal;

  boolean closeFails;

  @Override
  public void open(ComponentContext context) {}

  @Override
  public void publish(OutgoingMessage message, Deadline deadline) {
    if (refusal != null && (refused.isEmpty() || refused.contains(text(message)))) {
      throw refusal;
    }
    published.add(message);
  }

  @Override
  public Map<Integer, BuildingBlockException> publishAll(
      List<OutgoingMessage> messages, Deadline deadline) {
    together.add(messages.size());
    return PubSubComponent.super.publishAll(messages, deadline);
  }

  static String text(OutgoingMessage message) {
    return new String(message.data(), StandardCharsets.UTF_8);
  }

  @Override
  public Intake subscribe(TopicSubscription subscription, MessageReceiver receiver) {
    subscriptions.add(subscription);
    receivers.put(subscription.topic() + " " + subscription.consumerId(), receiver);
    return new Intake() {
      @Override
      public void pause() {
        intakes.add("pause");
      }

      @Override
      public void resume() {
        intakes.add("resume");
      }

      @Override
      public void close(Deadline deadline) {
        intakes.add("close");
        if (closeFails) {
          throw new IllegalStateException("as the test wants it");
        }
      }
    };
  }

  @Override
  public void close() {}

  /** A message as a broker would hold it, with its record of attempts. */
  static class Held implements Message {
    final byte[] data;
    final Map<String, String> metadata = new HashMap<>();
    final List<Integer> record = new ArrayList<>();
    int attempts;
    boolean redelivered;
    boolean lost;
    boolean revoked;
    int postponed;
    Runnable whenRead = () -> {};

    Held(String data) {
      this.data = data.getBytes(StandardCharsets.UTF_8);
    }

    /** It has been fetched before, and so many attempts are on record. */
    Held again(int begun) {
      attempts = begun;
      redelivered = true;
      return this;
    }

    @Override
    public byte[] data() {
      whenRead.run();
      return data;
    }

    @Override
    public Map<String, String> metadata() {
      return metadata;
    }

    @Override
    public int attempts() {
      return attempts;
    }

    @Override
    public boolean isRedelivered() {
      return redelivered;
    }

    @Override
    public void recordAttempts(int begun) {
      if (lost) {
        throw ComponentException.failed("another consumer has the message", null);
      }
      record.add(begun);
    }

    @Override
    public boolean isRevoked() {
      return revoked;
    }

    @Override
    public void notAttempted() {
      postponed++;
    }
  }
}
