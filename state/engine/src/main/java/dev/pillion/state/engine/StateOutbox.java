// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import java.util.Map;

/**
 * Takes the events of transactions that are about to be sent; the runtime makes one for each store
 * whose {@linkplain OutboxSettings settings} ask for it. Thread-safe.
 */
@FunctionalInterface
public interface StateOutbox {
  /**
   * Publishes the event to where it waits for its marker; returns when the broker has it.
   *
   * @throws dev.pillion.BuildingBlockException when it can't: the transaction is not sent then
   */
  void publish(Event event);

  /**
   * The event of one value that a transaction saves.
   *
   * @param marker the key of the row that says that the transaction was applied, and the event's id
   * @param data the value as it is stored, encrypted where the store's values are; not to be
   *     changed
   * @param contentType the media type of the data; empty when unknown
   * @param metadata the request metadata of the save; unmodifiable
   */
  @SuppressWarnings("ArrayRecordComponent") // Passed through, never compared.
  record Event(String marker, byte[] data, String contentType, Map<String, String> metadata) {}
}
