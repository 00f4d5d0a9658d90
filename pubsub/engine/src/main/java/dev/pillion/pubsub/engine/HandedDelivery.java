// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.Delivery;
import java.util.Map;

/** What a handler sees of the attempt it is in. */
record HandedDelivery(
    String pubsub, String topic, String path, Tracked message, CallContext context)
    implements Delivery {
  @Override
  public int attempt() {
    return message.attempts();
  }

  @Override
  public Map<String, String> metadata() {
    return MessageMetadata.of(message.message(), pubsub);
  }

  @Override
  public byte[] envelope() {
    return message.event().envelope().clone();
  }

  @Override
  public Deadline deadline() {
    return context.deadline();
  }

  @Override
  public Map<String, String> traceHeaders() {
    return context.headers();
  }

  @Override
  public String toString() {
    return "attempt %d on %s/%s".formatted(attempt(), pubsub, topic);
  }
}
