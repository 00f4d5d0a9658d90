// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.spi;

import dev.pillion.BuildingBlockException;
import dev.pillion.component.Component;
import dev.pillion.concurrent.Deadline;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What every pubsub does: it carries bytes. Envelopes, scopes, routing, retries, dead letters,
 * metrics and traces are not its business.
 *
 * <p>A component enforces {@code deadline} together with its own timeout setting, whichever is
 * earlier, and then throws {@link dev.pillion.CallTimeoutException}. Driver failures become
 * {@link dev.pillion.ComponentException}, once.
 */
public interface PubSubComponent extends Component {
  /**
   * Hands a message to the broker and returns when the broker has it.
   *
   * @throws IllegalArgumentException when the message's metadata asks for what can't be, such as a
   *     partition that is not there
   */
  void publish(OutgoingMessage message, Deadline deadline);

  /**
   * Hands many messages of one topic to the broker; one's failure does not fail the others. A
   * native bulk publish overrides this.
   *
   * @return the failures by position in the list; empty when the broker has all of them
   */
  default Map<Integer, BuildingBlockException> publishAll(
      List<OutgoingMessage> messages, Deadline deadline) {
    var failures = new LinkedHashMap<Integer, BuildingBlockException>();
    for (int i = 0; i < messages.size(); i++) {
      try {
        publish(messages.get(i), deadline);
      } catch (BuildingBlockException e) {
        failures.put(i, e);
      }
    }
    return failures;
  }

  /**
   * Begins to take in the messages of a topic for a group. There is one intake for a topic and
   * group at a time: who shares it is the engine's business.
   *
   * <p>The component calls the receiver on its own threads, which decide concurrency and order, and
   * heeds what it returns. It keeps a message as its own, renewing its claim, from fetching on
   * until the receiver has returned.
   *
   * <p>An outage of the broker while taking in is survived: the component goes on when it can.
   *
   * @throws IllegalArgumentException when the subscription's metadata is wrong
   * @throws dev.pillion.ComponentException when the broker refuses, or can't be reached by now
   */
  Intake subscribe(TopicSubscription subscription, MessageReceiver receiver);

  /**
   * The name of the consumer group by a setting of the component's own, which goes before
   * {@code consumerID}; null when there is none.
   */
  default @Nullable String consumerGroup() {
    return null;
  }

  /** Whether the broker itself lets messages expire (Dapr's {@code MESSAGE_TTL}). */
  default boolean expiresMessages() {
    return false;
  }
}
