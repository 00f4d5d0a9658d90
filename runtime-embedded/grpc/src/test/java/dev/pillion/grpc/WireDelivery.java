// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.Delivery;
import java.util.Map;

/** A delivery of which a peer is told little: not which attempt it is, nor what the broker has. */
record WireDelivery(String topic, String path) implements Delivery {
  @Override
  public String pubsub() {
    return "bus";
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
    throw new UnsupportedOperationException("a peer has no envelope");
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
