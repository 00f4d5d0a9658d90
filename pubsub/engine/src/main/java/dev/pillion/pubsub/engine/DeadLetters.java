// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.BuildingBlockException;
import dev.pillion.call.Call;
import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.TopicForbiddenException;
import dev.pillion.pubsub.spi.OutgoingMessage;
import java.time.Duration;
import java.util.Map;

/** Publishes what can't be delivered, as it came, to the dead letter topic of its subscription. */
final class DeadLetters {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final Surroundings around;
  private final NamedPubSub pubsub;

  DeadLetters(Surroundings around, NamedPubSub pubsub) {
    this.around = around;
    this.pubsub = pubsub;
  }

  /**
   * Publishes the message; it is the broker's when this returns.
   *
   * @param metadata what the handler was told, which goes along as in Dapr
   * @throws BuildingBlockException when the broker does not take it
   * @throws TopicForbiddenException when this app may not publish there
   */
  void publish(String topic, Tracked dead, Map<String, String> metadata) {
    pubsub.scopes().requirePublishing(topic);
    var context = CallContext.EMPTY.with(Deadline.after(LIMIT, around.time()));
    var call = Call.outbound("pubsub", pubsub.target(topic), "deadLetter", true).with(context);
    around.calls().run(call, inner -> {
      try {
        pubsub
            .component()
            .publish(
                new OutgoingMessage(
                    pubsub.stored(topic),
                    dead.message().data(),
                    metadata,
                    dead.message().contentType()),
                inner.context().deadline());
      } catch (BuildingBlockException e) {
        throw PublishFailures.single(pubsub.name(), topic, e);
      }
      return true;
    });
  }
}
