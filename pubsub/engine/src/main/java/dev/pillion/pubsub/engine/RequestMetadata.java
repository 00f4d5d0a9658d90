// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.component.GoDuration;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What the metadata of a publish request means to the engine, whatever the broker makes of it. */
final class RequestMetadata {
  static final String RAW_PAYLOAD = "rawPayload";

  private static final Set<String> TRUE = Set.of("1", "t", "T", "TRUE", "true", "True");
  private static final Set<String> FALSE = Set.of("", "0", "f", "F", "FALSE", "false", "False");
  private static final Pattern ZERO = Pattern.compile("[+-]?0");
  private static final Pattern WHOLE = Pattern.compile("[+-]?\\d+");

  /** Go's longest duration. */
  private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE);

  private RequestMetadata() {}

  /**
   * Whether the data goes out, or comes in, without an envelope.
   *
   * @throws IllegalArgumentException in Dapr's words, when the entry is no boolean
   */
  static boolean isRaw(Map<String, String> metadata) {
    String value = metadata.getOrDefault(RAW_PAYLOAD, "");
    if (TRUE.contains(value)) {
      return true;
    }
    if (FALSE.contains(value)) {
      return false;
    }
    throw new IllegalArgumentException(
        "failed deserializing metadata. Error: rawPayload value must be a valid boolean: actual is '"
            + value + "'");
  }

  /**
   * The metadata of one message of a bulk publish: its own, and of the request's what it lacks.
   * Without its own it has none at all, as in Dapr.
   */
  static @Nullable Map<String, String> ofEntry(
      @Nullable Map<String, String> own, Map<String, String> request) {
    if (own == null) {
      return null;
    }
    var all = new HashMap<>(request);
    all.putAll(own);
    return Map.copyOf(all);
  }

  /**
   * The entry of that name without regard to case; null when there is none. The exact spelling goes
   * first, then the first in the alphabet, so that the choice does not depend on the map.
   */
  static @Nullable String entry(Map<String, String> metadata, String name) {
    if (metadata.isEmpty()) {
      return null;
    }
    String exact = metadata.get(name);
    if (exact != null) {
      return exact;
    }
    String found = null;
    for (String key : metadata.keySet()) {
      if (key.equalsIgnoreCase(name) && (found == null || key.compareTo(found) < 0)) {
        found = key;
      }
    }
    return found == null ? null : metadata.get(found);
  }

  /**
   * For how long the event is of use; null when the metadata does not say so, or says nothing
   * valid, which Dapr's envelopes pass over.
   */
  static @Nullable Duration timeToLive(Map<String, String> metadata) {
    String ttl = entry(metadata, "ttl");
    String text = ttl == null ? entry(metadata, "ttlInSeconds") : ttl;
    if (text == null || !text.equals(text.strip())) {
      return null;
    }
    var duration = GoDuration.parse(text, Duration.ofSeconds(1));
    if (duration == null || duration.compareTo(LONGEST) > 0) {
      return null;
    }
    // A zero is a duration to Go, other numbers need a unit or are seconds, of which there are
    // some.
    boolean seconds = WHOLE.matcher(text).matches() && !ZERO.matcher(text).matches();
    if (seconds && (duration.isNegative() || duration.isZero())) {
      return null;
    }
    return duration.isNegative() ? Duration.ZERO : duration;
  }
}
