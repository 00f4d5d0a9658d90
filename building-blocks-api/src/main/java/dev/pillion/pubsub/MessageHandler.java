// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub;

/** Takes the data of events; called by several threads at once. */
@FunctionalInterface
public interface MessageHandler<T> {
  /**
   * Handles one event. An event without data never gets here: it fails, and goes the way of
   * failures.
   *
   * @throws Exception whatever went wrong: the same as {@link DeliveryResult#RETRY}
   */
  void handle(T data) throws Exception;
}
