// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One Component document as it stands in a file, or as code gave it, before its references are
 * resolved.
 *
 * @param source where it stands, for messages: {@code file:line}
 */
record ComponentDocument(
    String source,
    String name,
    String type,
    String version,
    @Nullable String secretStore,
    List<Item> metadata,
    Duration initTimeout,
    boolean ignoreErrors) {

  /**
   * One setting: a text, or a reference to a secret or a variable. A reference wins over a text.
   *
   * @param source where it stands
   */
  record Item(
      String name,
      String source,
      @Nullable String value,
      @Nullable SecretRef secret,
      @Nullable String envRef) {}

  /**
   * {@code secretKeyRef}: the secret and the field in it; Dapr takes the secret's name for an empty
   * field.
   */
  record SecretRef(String name, String field) {}

  /** How messages call it. */
  String describe() {
    return "%s: %s \"%s\"".formatted(source, what(), name);
  }

  /** The same where a problem of one of its settings stands; the problem begins with its name. */
  String describe(String problem) {
    var place = metadata.stream()
        .filter(item -> {
          var name = "\"" + item.name() + "\"";
          return problem.regionMatches(true, 0, name, 0, name.length());
        })
        .findFirst()
        .map(Item::source)
        .orElse(source);
    return "%s: %s \"%s\"".formatted(place, what(), name);
  }

  private String what() {
    return type.equals(EndpointDocument.TYPE) ? "HTTP endpoint" : "component";
  }

  boolean isSecretStore() {
    return type.toLowerCase(java.util.Locale.ROOT).startsWith("secretstores.");
  }
}
