// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

/** Pillion's own version. */
final class PillionVersion {
  private PillionVersion() {}

  /**
   * As the jar's manifest has it; {@code 0.1.0-SNAPSHOT} when the classes do not come from a jar.
   */
  static String current() {
    var version = PillionVersion.class.getPackage().getImplementationVersion();
    return version == null ? "0.1.0-SNAPSHOT" : version;
  }
}
