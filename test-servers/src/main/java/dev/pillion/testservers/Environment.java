// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.util.Optional;

/** What the person who runs the tests may choose. */
final class Environment {
  private Environment() {}

  /** An environment variable; a system property of the same name goes first. Blank is absent. */
  static Optional<String> variable(String name) {
    return Optional.ofNullable(System.getProperty(name))
        .or(() -> Optional.ofNullable(System.getenv(name)))
        .filter(value -> !value.isBlank());
  }
}
