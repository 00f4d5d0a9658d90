// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.pubsub.Delivery;
import dev.pillion.pubsub.DeliveryResult;
import java.util.List;

/** Where events end: a handler of the program's, behind what it wants its data read as. */
interface EventSink {
  /**
   * Hands over the events of one attempt: a single one, or several to a bulk handler.
   *
   * @return what became of each, in the same order; may be short and hold nulls, which are failures
   */
  List<DeliveryResult> handle(List<Item> items) throws Exception;

  /** An event with its delivery. */
  record Item(ReceivedEvent event, Delivery delivery) {}
}
