// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.Delivery;
import dev.pillion.wire.runtime.v1.TopicEventRequest;
import java.util.Map;

/** A delivery of which a stream tells little: not which attempt it is, nor what the broker has. */
record WireDelivery(String topic, TopicEventRequest event) implements Delivery {
  @Override
  public String pubsub() {
    return event.getPubsubName();
  }

  @Override
  public String path() {
    return event.getPath();
  }

  @Override
  public int attempt() {
    return 1;
  }

  @Override
  public Map<String, String> metadata() {
    return Map.of();
  }

  @Override
  public byte[] envelope() {
    throw new UnsupportedOperationException("a stream has no envelope");
  }

  @Override
  public Deadline deadline() {
    return Deadline.none();
  }

  @Override
  public Map<String, String> traceHeaders() {
    return Map.of();
  }
}
