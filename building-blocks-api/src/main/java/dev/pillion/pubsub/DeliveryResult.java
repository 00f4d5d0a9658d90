// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub;

/** What became of a delivery; the words are Dapr's. */
public enum DeliveryResult {
  /** The event is done. */
  SUCCESS,
  /**
   * The event is to be delivered again, as an exception asks for too: by the retry policy of the
   * pubsub's inbound target, then to the dead letter topic where there is one, else by the broker.
   */
  RETRY,
  /** The event is not wanted: to the dead letter topic where there is one, else gone. */
  DROP
}
