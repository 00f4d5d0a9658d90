// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.call.CallContext;
import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.pubsub.spi.Payload;
import org.jspecify.annotations.Nullable;

/** An event on its way out: made once, so that a repeated attempt publishes the same event. */
final class OutgoingEvent {
  private final Payload payload;
  private final PublishOptions options;
  private final boolean raw;
  private @Nullable WrittenEvent written;
  private @Nullable OutgoingMessage message;

  /**
   * An event.
   *
   * @param raw whether it goes out without an envelope
   */
  OutgoingEvent(Payload payload, PublishOptions options, boolean raw) {
    this.payload = payload;
    this.options = options;
    this.raw = raw;
  }

  /**
   * Publishes the event.
   *
   * @throws MalformedEventException when the data is said to be a CloudEvent and is none
   * @throws dev.pillion.ComponentException when the broker does not take it
   */
  void publish(NamedPubSub pubsub, String topic, CallContext context) {
    var outgoing = message(pubsub, topic, context);
    if (pubsub.component() instanceof InMemoryPubSub own) {
      own.handOver(outgoing, written, context.deadline());
    } else {
      pubsub.component().publish(outgoing, context.deadline());
    }
  }

  /**
   * What the broker is given.
   *
   * @throws MalformedEventException when the data is said to be a CloudEvent and is none
   */
  OutgoingMessage message(NamedPubSub pubsub, String topic, CallContext context) {
    if (message == null) {
      byte[] data = payload.bytes();
      if (!raw) {
        written = pubsub.envelope().write(topic, data, traced(context));
        data = written.json();
      }
      var metadata = options.metadata();
      message = new OutgoingMessage(
          pubsub.stored(topic), data, metadata.isEmpty() ? null : metadata, payload.contentType());
    }
    return message;
  }

  /** With the trace context of the call, where somebody traces; else with the publisher's own. */
  private PublishOptions traced(CallContext context) {
    var typed = options.contentType(payload.contentType());
    var parent = context.headers().get("traceparent");
    return parent == null
        ? typed
        : typed.traceContext(parent, context.headers().getOrDefault("tracestate", ""));
  }
}
