// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.BuildingBlockException;
import dev.pillion.call.Call;
import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.spi.Intake;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.pubsub.spi.TopicSubscription;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Dapr's transactional outbox of one state store: events wait on an internal topic until the marker
 * of their transaction is found, and go to the final topic then. Thread-safe.
 */
public final class Outbox {
  private final Surroundings around;
  private final OutboxRoute route;
  private final NamedPubSub pubsub;
  private final NamedPubSub publishPubsub;
  private final OutboxEnvelope envelope;
  private final String topic;
  private final OutboxReceiver receiver;
  private @Nullable Intake intake;

  /** The rows of the state store that say which transactions were applied. Thread-safe. */
  public interface Markers {
    /**
     * Whether the row is there.
     *
     * @throws BuildingBlockException when the store does not tell
     */
    boolean isThere(String key);

    /**
     * Deletes the row; fine when there is none.
     *
     * @throws BuildingBlockException when the store fails
     */
    void delete(String key);
  }

  Outbox(
      Surroundings around,
      OutboxRoute route,
      NamedPubSub pubsub,
      NamedPubSub publishPubsub,
      Stamps stamps,
      Markers markers) {
    this.around = around;
    this.route = route;
    this.pubsub = pubsub;
    this.publishPubsub = publishPubsub;
    this.envelope = new OutboxEnvelope(around.appId(), pubsub.name(), stamps);
    // As in Dapr: one word after the other, with nothing between.
    this.topic = around.namespace() + around.appId() + route.publishTopic() + "outbox";
    this.receiver = new OutboxReceiver(route, markers, around.time(), this::forward);
  }

  /** Begins to take in the internal topic; not subject to subscription scopes, as in Dapr. */
  void begin() {
    intake = pubsub
        .component()
        .subscribe(
            new TopicSubscription(pubsub.stored(topic), pubsub.consumerId(), Map.of(), 0, null),
            receiver);
  }

  void close(Deadline deadline) {
    receiver.close();
    var open = intake;
    if (open != null) {
      open.close(deadline);
    }
  }

  /**
   * Publishes an event to the internal topic; returns when the broker has it.
   *
   * @param marker the key of the row that will say that the transaction was applied, and the
   *     event's id
   * @param contentType the media type of the data; empty when unknown
   * @param metadata the request metadata of the change, each entry of which is an attribute of the
   *     event
   * @throws dev.pillion.pubsub.TopicForbiddenException when the topic is closed to this app
   * @throws dev.pillion.ComponentException when the broker refuses or can't be reached
   * @throws dev.pillion.CallTimeoutException when its answer does not come in time
   */
  public void publish(
      String marker, byte[] data, String contentType, Map<String, String> metadata) {
    publish(pubsub, topic, context -> {
      var trace = context.headers();
      var event = envelope.write(
          marker,
          data,
          contentType,
          metadata,
          trace.getOrDefault("traceparent", ""),
          trace.getOrDefault("tracestate", ""));
      return new OutgoingMessage(pubsub.stored(topic), event, null, null);
    });
  }

  private void forward(OutboxEnvelope.Waiting event) {
    var data = event.addressedTo(publishPubsub.name(), route.publishTopic());
    publish(
        publishPubsub,
        route.publishTopic(),
        context -> new OutgoingMessage(
            publishPubsub.stored(route.publishTopic()), data, null, event.dataContentType()));
  }

  private void publish(
      NamedPubSub to, String topicName, Function<CallContext, OutgoingMessage> message) {
    to.scopes().requirePublishing(topicName);
    around.calls().run(Call.outbound("pubsub", to.target(topicName), "publish", true), call -> {
      try {
        to.component().publish(message.apply(call.context()), call.context().deadline());
      } catch (BuildingBlockException e) {
        throw PublishFailures.single(to.name(), topicName, e);
      }
      return true;
    });
  }
}
