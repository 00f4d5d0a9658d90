// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub;

import dev.pillion.concurrent.Deadline;
import java.util.Map;

/** One attempt to hand an event to a handler. Usable while the handler runs. */
public interface Delivery {
  /** The pubsub component's name. */
  String pubsub();

  /** The topic subscribed to, without the namespace that the broker may know it with. */
  String topic();

  /** The path that the routing rules chose; empty without rules. */
  String path();

  /** Which attempt this is, from 1 on; attempts before a restart are counted where one failed. */
  int attempt();

  /**
   * What the broker carries beside the event, such as Kafka's headers, and {@code pubsubName};
   * unmodifiable.
   */
  Map<String, String> metadata();

  /**
   * What is sent to a program that takes events over HTTP: the bytes as the broker has them, for
   * raw payloads the envelope made around them. A copy.
   */
  byte[] envelope();

  /** When the handler must be done; it is interrupted then. */
  Deadline deadline();

  /**
   * The trace that this attempt belongs to, as headers such as {@code traceparent}, for what the
   * handler calls by other means; empty when there is none. Unmodifiable.
   *
   * <p>They are the event's own: a span that a tracer has begun for the attempt is the tracer's to
   * tell. Calls of this runtime within the handler are its children without further ado.
   */
  Map<String, String> traceHeaders();
}
