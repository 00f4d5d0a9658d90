// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub;

/** Takes events and says what becomes of them; called by several threads at once. */
@FunctionalInterface
public interface DeliveryHandler<T> {
  /**
   * Handles one event.
   *
   * @return what became of it; null is a failure
   * @throws NotHandledException when another handler should have the event instead
   * @throws Exception whatever went wrong: the same as {@link DeliveryResult#RETRY}
   */
  DeliveryResult handle(CloudEvent<T> event, Delivery delivery) throws Exception;
}
