// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.spi;

import dev.pillion.EtagMismatchException;
import dev.pillion.state.Consistency;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One write, as a store sees it: the key is the stored key, the value is bytes, the condition is
 * decided.
 */
public sealed interface StateChange {
  /** Dapr's request metadata entry that says what a value is. */
  String CONTENT_TYPE = "contentType";

  /** Dapr's content type of a structured value. */
  String JSON = "application/json";

  /** The stored key, prefix included; never empty. */
  String key();

  /** Under which condition the write is applied. */
  Condition condition();

  /** Request metadata, for what is particular to a store; unmodifiable. */
  Map<String, String> metadata();

  /** The failure to throw when {@link #condition()} does not hold. */
  EtagMismatchException mismatch();

  /** The failure to throw when the etag can't have come from this store. */
  EtagMismatchException malformedEtag(String expectedForm);

  /**
   * Whether the caller marked the value as JSON: a store with a JSON type of its own may then use
   * it.
   */
  default boolean isMarkedJson() {
    return JSON.equals(metadata().get(CONTENT_TYPE));
  }

  /**
   * Saves a value.
   *
   * @param value the bytes, which belong to the store from here on, and whether they are known to
   *     be JSON
   * @param timeToLive after which time it goes, in whole seconds; null clears an earlier expiry
   */
  record Put(
      String key,
      StateValue value,
      Condition condition,
      @Nullable Duration timeToLive,
      Consistency consistency,
      Map<String, String> metadata)
      implements StateChange {
    @Override
    public EtagMismatchException mismatch() {
      return new EtagMismatchException("ERR_STATE_SAVE", key, condition.etag(), null);
    }

    @Override
    public EtagMismatchException malformedEtag(String expectedForm) {
      return new EtagMismatchException("ERR_STATE_SAVE", key, condition.etag(), expectedForm);
    }
  }

  /**
   * Deletes a value; a missing key is fine without a condition. Its condition is never first-write.
   */
  record Delete(String key, Condition condition, Map<String, String> metadata)
      implements StateChange {
    @Override
    public EtagMismatchException mismatch() {
      return new EtagMismatchException("ERR_STATE_DELETE", key, condition.etag(), null);
    }

    @Override
    public EtagMismatchException malformedEtag(String expectedForm) {
      return new EtagMismatchException("ERR_STATE_DELETE", key, condition.etag(), expectedForm);
    }
  }
}
