// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import dev.pillion.state.SaveOptions;
import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A save's expiry: the typed option, or Dapr's request metadata {@code ttlInSeconds}. */
final class TimeToLive {
  static final String METADATA = "ttlInSeconds";

  private static final Pattern WHOLE = Pattern.compile("[+-]?[0-9]{1,18}");

  private TimeToLive() {}

  /** In whole seconds; null for no expiry, which Dapr writes as 0, -1 or not at all. */
  static @Nullable Duration of(SaveOptions options) {
    var typed = options.timeToLive();
    if (typed != null) {
      return typed.getNano() == 0 ? typed : Duration.ofSeconds(typed.getSeconds() + 1);
    }
    var text = options.metadata().get(METADATA);
    if (text == null || text.isEmpty()) {
      return null;
    }
    if (!WHOLE.matcher(text).matches()) {
      throw new IllegalArgumentException(
          "incorrect value for metadata 'ttlInSeconds': \"" + text + "\" is not a whole number");
    }
    long seconds = Long.parseLong(text);
    if (seconds < -1 || seconds > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("incorrect value for metadata 'ttlInSeconds': " + seconds
          + " must be -1 (no expiry) or greater, and at most " + Integer.MAX_VALUE);
    }
    return seconds <= 0 ? null : Duration.ofSeconds(seconds);
  }
}
