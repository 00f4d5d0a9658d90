// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.CallTimeoutException;
import dev.pillion.component.Component;
import dev.pillion.component.ComponentContext;
import dev.pillion.component.ComponentProvider;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.spi.Intake;
import dev.pillion.pubsub.spi.MessageReceiver;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.pubsub.spi.PubSubComponent;
import dev.pillion.pubsub.spi.TopicSubscription;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code pubsub.in-memory}: a broker within this object, for tests and for events that may be lost
 * with the process. Behaves as every other broker here: groups, redelivery, dead letters.
 * Thread-safe.
 *
 * <p>A group has what was published since its subscription began, 1,000 messages at most:
 * publishing waits while it is full. Messages come in order, one at a time, unless the subscription
 * asks for more concurrency; one that has failed comes again after a second, behind the others. A
 * topic that ends in {@code *} subscribes to all that begin like it and are longer.
 */
public final class InMemoryPubSub implements PubSubComponent {
  private static final Logger log = LoggerFactory.getLogger(InMemoryPubSub.class);
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(10);

  private final List<MemoryGroup> groups = new CopyOnWriteArrayList<>();
  private volatile @Nullable ComponentContext context;

  private InMemoryPubSub() {}

  /** A broker of its own. */
  public static InMemoryPubSub create() {
    return new InMemoryPubSub();
  }

  @Override
  public String type() {
    return "pubsub.in-memory";
  }

  @Override
  public void open(ComponentContext with) {
    context = with;
  }

  private ComponentContext context() {
    var open = context;
    if (open == null) {
      throw new IllegalStateException("the in-memory pubsub is not open");
    }
    return open;
  }

  /**
   * Hands the message to every group of the topic.
   *
   * @throws CallTimeoutException when a group stays full until the deadline, for 10 s at most
   */
  @Override
  public void publish(OutgoingMessage message, Deadline deadline) {
    handOver(message, null, deadline);
  }

  /**
   * {@link #publish} of an event that this process has written: nobody has to read it again.
   *
   * @param event what the message carries; null when it is to be read
   */
  void handOver(OutgoingMessage message, @Nullable WrittenEvent event, Deadline deadline) {
    context();
    for (var group : groups) {
      if (group.takes(message.topic())
          && !group.offer(message, event, deadline.remainingNanos(PATIENCE))) {
        throw new CallTimeoutException(
            "ERR_COMPONENT",
            "the subscribers of \"%s\" are too slow: %d messages wait for them"
                .formatted(message.topic(), MemoryGroup.CAPACITY),
            null);
      }
    }
  }

  @Override
  public Intake subscribe(TopicSubscription subscription, MessageReceiver receiver) {
    var open = context();
    subscription
        .metadataWithoutEffect()
        .forEach(text -> log.warn("pubsub \"{}\": {}", open.name(), text));
    var group = new MemoryGroup(open, subscription, receiver, groups::remove);
    group.start();
    // From here on publishers wait for it.
    groups.add(group);
    return group;
  }

  @Override
  public void close() {
    groups.forEach(group -> group.close(Deadline.none()));
    context = null;
  }

  /** Makes {@code pubsub.in-memory} from its specification, which has no settings of its own. */
  public static final class Provider implements ComponentProvider {
    /** For {@link java.util.ServiceLoader}. */
    public Provider() {}

    @Override
    public String type() {
      return "pubsub.in-memory";
    }

    @Override
    public Component create(ComponentSpec spec) {
      return new InMemoryPubSub();
    }
  }
}
