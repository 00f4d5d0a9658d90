// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Intake;
import dev.pillion.pubsub.spi.Message;
import dev.pillion.pubsub.spi.MessageReceiver;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.pubsub.spi.PubSubComponent;
import dev.pillion.pubsub.spi.TopicSubscription;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** A broker that hands over everything at once, each message on a thread of its own. */
final class WidePubSub implements PubSubComponent {
  final List<Disposition> settled = new CopyOnWriteArrayList<>();
  private volatile @Nullable ComponentContext context;
  private volatile @Nullable MessageReceiver receiver;

  @Override
  public String type() {
    return "pubsub.wide";
  }

  @Override
  public void open(ComponentContext with) {
    context = with;
  }

  @Override
  public void publish(OutgoingMessage message, Deadline deadline) {
    var taker = receiver;
    var metadata = message.metadata();
    var given = new Given(message.data(), metadata == null ? Map.of() : metadata);
    if (taker != null && context != null) {
      context.threads().start("wide", () -> settled.add(taker.receive(given)));
    }
  }

  @Override
  public Intake subscribe(TopicSubscription subscription, MessageReceiver taker) {
    receiver = taker;
    return new Intake() {
      @Override
      public void pause() {}

      @Override
      public void resume() {}

      @Override
      public void close(Deadline deadline) {
        receiver = null;
      }
    };
  }

  @Override
  public void close() {}

  /** A message as it was published; nobody counts its attempts. */
  @SuppressWarnings("ArrayRecordComponent") // Passed through, never compared.
  private record Given(byte[] data, Map<String, String> metadata) implements Message {
    @Override
    public int attempts() {
      return 0;
    }

    @Override
    public boolean isRedelivered() {
      return false;
    }

    @Override
    public void recordAttempts(int attempts) {}
  }
}
