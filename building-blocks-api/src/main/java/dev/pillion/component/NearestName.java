// SPDX-License-Identifier: Apache-2.0
package dev.pillion.component;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/** The known name that a mistyped one most likely meant. */
public final class NearestName {
  private NearestName() {}

  /** The nearest of {@code known} by edit distance, letter case aside; null when none is near. */
  public static @Nullable String to(String written, Collection<String> known) {
    return nearest(written, known, name -> Math.max(2, name.length() / 3));
  }

  /**
   * The same where several of the names may be right, so that a guess must be a good one: at most
   * two edits, and one for every three characters.
   */
  public static @Nullable String typo(String written, Collection<String> known) {
    return nearest(written, known, name -> Math.min(2, name.length() / 3));
  }

  private static @Nullable String nearest(
      String written, Collection<String> known, ToIntFunction<String> most) {
    var lower = written.toLowerCase(Locale.ROOT);
    return known.stream()
        .min(Comparator.comparingInt(
            (String name) -> distance(lower, name.toLowerCase(Locale.ROOT))))
        .filter(name -> distance(lower, name.toLowerCase(Locale.ROOT)) <= most.applyAsInt(name))
        .orElse(null);
  }

  private static int distance(String a, String b) {
    int[] previous = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      previous[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int[] current = new int[b.length() + 1];
      current[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replace = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        current[j] = Math.min(replace, 1 + Math.min(previous[j], current[j - 1]));
      }
      previous = current;
    }
    return previous[b.length()];
  }
}
