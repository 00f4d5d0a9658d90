// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Collects the events of one {@link Topic#bulk}; they are sent when the lambda that was given it
 * returns. Not thread-safe, not usable after the lambda.
 */
public interface BulkEvents {
  /** Adds an event; its entry id is its position, from {@code "0"} on. */
  BulkEvents publish(@Nullable Object data);

  /** Adds an event; its entry id is its position, from {@code "0"} on. */
  BulkEvents publish(@Nullable Object data, PublishOptions options);

  /**
   * Adds an event under this entry id.
   *
   * @throws IllegalArgumentException when the id is empty or taken
   */
  BulkEvents publish(String entryId, @Nullable Object data, PublishOptions options);

  /**
   * Request metadata of the whole bulk: it decides about {@code rawPayload}, and an entry that has
   * metadata of its own gets those entries it lacks.
   */
  BulkEvents metadata(Map<String, String> entries);

  /**
   * Writes the events down.
   *
   * @param <E> the checked exception it may throw, in which case nothing is sent
   */
  @FunctionalInterface
  interface Writer<E extends Exception> {
    /** Writes the events of one bulk into {@code events}. */
    void write(BulkEvents events) throws E;
  }
}
