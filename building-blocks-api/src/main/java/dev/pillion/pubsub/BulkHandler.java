// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub;

import java.util.List;

/** Takes many events at a time; called by several threads at once. */
@FunctionalInterface
public interface BulkHandler<T> {
  /**
   * Handles the events of one batch, all of the same path.
   *
   * @return what became of each, in the same order; an entry that is missing or null has failed
   * @throws Exception whatever went wrong: all of them have failed
   */
  List<DeliveryResult> handle(List<Entry<T>> entries) throws Exception;

  /** One event of a batch. */
  record Entry<T>(CloudEvent<T> event, Delivery delivery) {}
}
