// SPDX-License-Identifier: Apache-2.0
package dev.pillion;

import org.jspecify.annotations.Nullable;

/**
 * A conditional write found another etag than the expected one, no value at all, or (first-write) a
 * value where none was expected. Nothing was written. A connection failure is never reported so.
 */
public final class EtagMismatchException extends BuildingBlockException {
  private static final long serialVersionUID = 1;

  private final String key;
  private final @Nullable String expected;
  private final @Nullable String malformedReason;

  /**
   * @param errorCode Dapr's code, {@code ERR_STATE_SAVE} or {@code ERR_STATE_DELETE}
   * @param key the key written to
   * @param expected the etag the caller gave; null for first-write, which expects no value
   * @param malformedReason why no store could have issued this etag; null when it is well formed
   */
  public EtagMismatchException(
      String errorCode, String key, @Nullable String expected, @Nullable String malformedReason) {
    super(errorCode, message(key, expected, malformedReason), null);
    this.key = key;
    this.expected = expected;
    this.malformedReason = malformedReason;
  }

  private static String message(
      String key, @Nullable String expected, @Nullable String malformedReason) {
    if (malformedReason != null) {
      return "invalid etag value \"%s\" for key \"%s\": %s"
          .formatted(expected, key, malformedReason);
    }
    return expected == null
        ? "possible etag mismatch: key \"%s\" has a value already, and first-write expects none"
            .formatted(key)
        : "possible etag mismatch: key \"%s\" does not have the etag \"%s\" (it changed, or is missing)"
            .formatted(key, expected);
  }

  /** The key that was to be written. */
  public String key() {
    return key;
  }

  /** The etag the caller gave; null for first-write. */
  public @Nullable String expected() {
    return expected;
  }

  /** Why the etag can't have come from this store at all; null when it is well formed. */
  public @Nullable String malformedReason() {
    return malformedReason;
  }
}
