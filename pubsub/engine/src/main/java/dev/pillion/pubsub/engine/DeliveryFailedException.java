// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

/**
 * An attempt that no exception of the handler's own stands for: RETRY, null, a lost dead letter.
 */
final class DeliveryFailedException extends Exception {
  private static final long serialVersionUID = 1;

  DeliveryFailedException(String message) {
    super(message);
  }

  DeliveryFailedException(String message, Throwable cause) {
    super(message, cause);
  }
}
