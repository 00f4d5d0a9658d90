// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.spi.Intake;
import dev.pillion.pubsub.spi.MessageReceiver;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.pubsub.spi.PubSubComponent;
import dev.pillion.pubsub.spi.TopicSubscription;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A broker that keeps what it is given, or fails as a test says; nobody subscribes to it. */
final class ScriptedPubSub implements PubSubComponent {
  final List<OutgoingMessage> published = new CopyOnWriteArrayList<>();
  volatile Runnable failure = () -> {};

  @Override
  public String type() {
    return "pubsub.scripted";
  }

  @Override
  public void open(ComponentContext context) {}

  @Override
  public void publish(OutgoingMessage message, Deadline deadline) {
    failure.run();
    published.add(message);
  }

  @Override
  public Intake subscribe(TopicSubscription subscription, MessageReceiver receiver) {
    throw new IllegalArgumentException("nobody can subscribe here");
  }

  @Override
  public void close() {}
}
