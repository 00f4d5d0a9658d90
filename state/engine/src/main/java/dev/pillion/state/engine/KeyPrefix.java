// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import dev.pillion.component.ComponentMetadata;
import java.util.Locale;

/** Dapr's five {@code keyPrefix} strategies: what a program's key is called in the store. */
final class KeyPrefix {
  /** Separates the parts of a stored key; a program's key can't contain it. */
  static final String SEPARATOR = "||";

  private final String prefix;

  private KeyPrefix(String prefix) {
    this.prefix = prefix;
  }

  static KeyPrefix of(
      String component, String appId, String namespace, ComponentMetadata metadata) {
    // Dapr lower-cases the strategy, and so a custom prefix too.
    var strategy = metadata.text("keyPrefix").orElse("appid").toLowerCase(Locale.ROOT);
    if (strategy.contains(SEPARATOR)) {
      metadata.problem(
          "\"keyPrefix\" can't contain \"||\", which separates the parts of a stored key");
      return new KeyPrefix("");
    }
    return new KeyPrefix(
        switch (strategy) {
          case "appid" -> separated(appId);
          // Written but empty: Dapr puts the separator there all the same.
          case "" -> SEPARATOR;
          case "name" -> separated(component);
          case "namespace" ->
            separated(namespace.isEmpty() || appId.isEmpty() ? appId : namespace + "." + appId);
          case "none" -> "";
          default -> separated(strategy);
        });
  }

  private static String separated(String first) {
    return first.isEmpty() ? "" : first + SEPARATOR;
  }

  /** The stored key. */
  String apply(String key) {
    if (key.isEmpty()) {
      throw new IllegalArgumentException("a state key can't be empty");
    }
    if (key.contains(SEPARATOR)) {
      throw new IllegalArgumentException(
          "input key/keyPrefix '" + key
              + "' can't contain '||', which separates the parts of a stored key; use another separator");
    }
    return prefix.concat(key);
  }

  /** The program's key of a stored key that {@link #apply} has made. */
  String remove(String storedKey) {
    return storedKey.substring(prefix.length());
  }
}
