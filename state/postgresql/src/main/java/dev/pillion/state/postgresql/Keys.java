// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import dev.pillion.ComponentException;
import org.jspecify.annotations.Nullable;

/** Which keys PostgreSQL can hold: it has no NUL, and half a surrogate pair would become "?". */
final class Keys {
  private Keys() {}

  /** Throws what is wrong with the key. */
  static void require(String key) {
    var problem = problem(key);
    if (problem != null) {
      throw problem;
    }
  }

  static @Nullable ComponentException problem(String key) {
    for (int i = 0; i < key.length(); i++) {
      char c = key.charAt(i);
      if (c == 0) {
        return problem("a NUL character", i);
      }
      if (Character.isSurrogate(c)) {
        boolean pair = Character.isHighSurrogate(c)
            && i + 1 < key.length()
            && Character.isLowSurrogate(key.charAt(i + 1));
        if (!pair) {
          return problem("half a surrogate pair", i);
        }
        i++;
      }
    }
    return null;
  }

  private static ComponentException problem(String what, int at) {
    return ComponentException.failed(
        "PostgreSQL can't hold the key: it has %s at index %d".formatted(what, at), null);
  }
}
