// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.postgresql;

import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Keeps the driver from printing warnings, one of which holds whole URLs, to standard error: what
 * they say reaches the caller as an exception. An application that has set a level keeps it.
 */
final class DriverLog {
  // Held, or the level would be lost with the garbage collector.
  private static final Logger DRIVER = Logger.getLogger("org.postgresql");

  static {
    if (DRIVER.getLevel() == null) {
      DRIVER.setLevel(Level.SEVERE);
    }
  }

  private DriverLog() {}

  /** Does its work by being loaded. */
  static void quiet() {}
}
