// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.BuildingBlockException;
import dev.pillion.call.Call;
import dev.pillion.call.CallContext;
import dev.pillion.pubsub.BulkEvents;
import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.Topic;
import dev.pillion.pubsub.spi.Payload;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One topic as programs hold it: scopes, envelope, the call chain, and failures that name what the
 * program named.
 */
final class TopicClient implements Topic {
  private final Surroundings around;
  private final NamedPubSub pubsub;
  private final String topic;
  private final Call publish;
  private final Call bulk;

  TopicClient(Surroundings around, NamedPubSub pubsub, String topic) {
    this.around = around;
    this.pubsub = pubsub;
    this.topic = topic;
    // Repeated, an event may arrive twice: at least once is what was promised.
    this.publish = Call.outbound("pubsub", pubsub.target(topic), "publish", true);
    this.bulk = Call.outbound("pubsub", pubsub.target(topic), "bulkPublish", true);
  }

  @Override
  public String pubsub() {
    return pubsub.name();
  }

  @Override
  public String name() {
    return topic;
  }

  @Override
  public void publish(@Nullable Object data) {
    publish(data, PublishOptions.defaults());
  }

  @Override
  public void publish(@Nullable Object data, PublishOptions options) {
    boolean raw = RequestMetadata.isRaw(options.metadata());
    pubsub.scopes().requirePublishing(topic);
    var event = new OutgoingEvent(Payload.of(data, options, around.serializer()), options, raw);
    around.calls().run(call(publish, options), call -> {
      try {
        event.publish(pubsub, topic, call.context());
      } catch (BuildingBlockException e) {
        throw PublishFailures.single(pubsub.name(), topic, e);
      }
      return true;
    });
  }

  @Override
  public <E extends Exception> void bulk(BulkEvents.Writer<E> writer) throws E {
    pubsub.scopes().requirePublishing(topic);
    var list = new EventList(around.serializer());
    list.writtenBy(writer);
    if (list.events().isEmpty()) {
      return;
    }
    var attempts = new BulkPublication(pubsub, topic, list);
    around.calls().run(bulk, call -> {
      attempts.next(call.context());
      return true;
    });
  }

  /** The publisher's own trace context, where nobody traces. */
  private static Call call(Call call, PublishOptions options) {
    return options.traceparent().isEmpty()
        ? call
        : call.with(CallContext.of(
            call.context().deadline(),
            Map.of(
                "traceparent", options.traceparent(),
                "tracestate", options.tracestate())));
  }
}
