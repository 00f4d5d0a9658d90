// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.BuildingBlockException;
import dev.pillion.call.Call;
import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.spi.OutgoingMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
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
   * Publishes messages with what the handler was told beside them, as Dapr does; several go
   * together, and all within one limit. Those that it took are the broker's when this returns.
   *
   * @return why the broker did not take the others, or this app may not publish there
   */
  Map<Tracked, RuntimeException> publish(String topic, List<Tracked> dead) {
    var failures = new IdentityHashMap<Tracked, RuntimeException>();
    if (dead.isEmpty()) {
      return failures;
    }
    var left = new ArrayList<>(dead);
    var context = CallContext.EMPTY.with(Deadline.after(LIMIT, around.time()));
    var call = Call.outbound("pubsub", pubsub.target(topic), "deadLetter", true).with(context);
    try {
      pubsub.scopes().requirePublishing(topic);
      around.calls().run(call, inner -> {
        failures.clear();
        publish(topic, left, failures, inner.context().deadline());
        left.retainAll(failures.keySet());
        if (!left.isEmpty()) {
          throw failures.get(left.get(0));
        }
        return true;
      });
    } catch (RuntimeException e) {
      left.forEach(message -> failures.putIfAbsent(message, e));
    }
    return failures;
  }

  private void publish(
      String topic,
      List<Tracked> left,
      Map<Tracked, RuntimeException> failures,
      Deadline deadline) {
    var messages = left.stream().map(dead -> message(topic, dead)).toList();
    try {
      pubsub
          .component()
          .publishAll(messages, deadline)
          .forEach((position, e) ->
              failures.put(left.get(position), PublishFailures.single(pubsub.name(), topic, e)));
    } catch (BuildingBlockException e) {
      var failure = PublishFailures.single(pubsub.name(), topic, e);
      left.forEach(message -> failures.put(message, failure));
    } catch (IllegalArgumentException e) {
      // One asks for what can't be, such as a partition that is not there: not the others' failure.
      alone(topic, left, failures, deadline);
    }
  }

  private void alone(
      String topic,
      List<Tracked> left,
      Map<Tracked, RuntimeException> failures,
      Deadline deadline) {
    for (var dead : left) {
      try {
        pubsub.component().publish(message(topic, dead), deadline);
      } catch (BuildingBlockException e) {
        failures.put(dead, PublishFailures.single(pubsub.name(), topic, e));
      } catch (IllegalArgumentException e) {
        failures.put(dead, e);
      }
    }
  }

  private OutgoingMessage message(String topic, Tracked dead) {
    var message = dead.message();
    return new OutgoingMessage(
        pubsub.stored(topic),
        message.data(),
        MessageMetadata.of(message, pubsub.name()),
        message.contentType());
  }
}
