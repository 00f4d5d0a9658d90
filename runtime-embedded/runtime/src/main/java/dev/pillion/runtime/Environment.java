// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The environment variables that component files may refer to. */
record Environment(Map<String, String> variables) {
  private static final Pattern SPACES = Pattern.compile(" +");

  /** Whether Dapr keeps this variable to itself. */
  static boolean isReserved(String name) {
    var upper = name.toUpperCase(Locale.ROOT);
    return upper.equals("APP_API_TOKEN") || upper.startsWith("DAPR_");
  }

  /** The value of a variable; null when it is not set. */
  @Nullable
  String get(String name) {
    return variables.get(name);
  }

  /** Why a file may not refer to this variable; null when it may. */
  @Nullable
  String refusal(String name) {
    if (name.isEmpty() || name.contains(" ")) {
      return "\"%s\" is not the name of a variable".formatted(name);
    }
    if (isReserved(name)) {
      return "\"%s\" is reserved; variables named APP_API_TOKEN or DAPR_… can't be referred to"
          .formatted(name);
    }
    var allowed = variables.get("DAPR_ENV_KEYS");
    if (allowed != null
        && !allowed.isBlank()
        && SPACES.splitAsStream(allowed.strip()).noneMatch(name::equalsIgnoreCase)) {
      return "\"%s\" is not in DAPR_ENV_KEYS, which lists [%s]".formatted(name, allowed.strip());
    }
    return variables.containsKey(name) ? null : "\"%s\" is not set".formatted(name);
  }
}
