// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.jdbc;

import dev.pillion.component.ComponentMetadata;
import java.util.regex.Pattern;

/** Table names, which stand in SQL as text and so are checked. */
public final class SqlIdentifier {
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_]+");

  private SqlIdentifier() {}

  /** Whether {@code name} consists of ASCII letters, digits and underscores only. */
  public static boolean isPlain(String name) {
    return PLAIN.matcher(name).matches();
  }

  /** The setting {@code key}, a plain identifier; anything else is reported as a problem. */
  public static String read(ComponentMetadata metadata, String key, String fallback) {
    var name = metadata.text(key).filter(text -> !text.isEmpty()).orElse(fallback);
    if (isPlain(name)) {
      return name;
    }
    metadata.problem(problem(key, metadata.isSecret(key) ? "a secret" : "\"" + name + "\""));
    return fallback;
  }

  /**
   * The same name.
   *
   * @throws IllegalArgumentException when it is not a plain identifier
   */
  public static String require(String what, String name) {
    if (!isPlain(name)) {
      throw new IllegalArgumentException(problem(what, "\"" + name + "\""));
    }
    return name;
  }

  private static String problem(String what, String value) {
    return "\"%s\" was %s but must consist of ASCII letters, digits and underscores"
        .formatted(what, value);
  }
}
