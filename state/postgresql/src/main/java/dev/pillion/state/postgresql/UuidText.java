// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The spellings of a UUID that Dapr takes for an etag. */
final class UuidText {
  private static final String URN = "urn:uuid:";

  private UuidText() {}

  /** A spelling that PostgreSQL reads; null when {@code text} is no UUID. */
  static @Nullable String normalize(String text) {
    var bare =
        switch (text.length()) {
          case 32, 36 -> text;
          case 38 -> text.startsWith("{") && text.endsWith("}") ? text.substring(1, 37) : "";
          case 45 ->
            text.toLowerCase(Locale.ROOT).startsWith(URN) ? text.substring(URN.length()) : "";
          default -> "";
        };
    return isUuid(bare) ? bare : null;
  }

  private static boolean isUuid(String text) {
    boolean hyphens = text.length() == 36;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean hyphen = hyphens && (i == 8 || i == 13 || i == 18 || i == 23);
      if (hyphen ? c != '-' : c > 'f' || Character.digit(c, 16) < 0) {
        return false;
      }
    }
    return !text.isEmpty();
  }
}
