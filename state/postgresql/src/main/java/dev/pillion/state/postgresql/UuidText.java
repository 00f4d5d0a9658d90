// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The spellings of a UUID that Dapr takes for an etag. */
final class UuidText {
  private static final Pattern BARE = Pattern.compile("[0-9a-f]{32}");
  private static final Pattern HYPHENS =
      Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

  private UuidText() {}

  /** A spelling that PostgreSQL reads; null when {@code text} is no UUID. */
  static @Nullable String normalize(String text) {
    var lower = text.toLowerCase(Locale.ROOT);
    if (lower.startsWith("urn:uuid:")) {
      lower = lower.substring("urn:uuid:".length());
    } else if (lower.length() == 38 && lower.startsWith("{") && lower.endsWith("}")) {
      lower = lower.substring(1, 37);
    } else if (BARE.matcher(lower).matches()) {
      return lower;
    }
    return HYPHENS.matcher(lower).matches() ? lower : null;
  }
}
