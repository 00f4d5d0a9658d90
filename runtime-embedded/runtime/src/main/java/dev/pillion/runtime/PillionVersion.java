// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Properties;

/** What the build knows about this runtime. */
final class PillionVersion {
  private static final String CURRENT =
      properties("version.properties").getProperty("version", "unknown");

  private PillionVersion() {}

  /** Pillion's own version. */
  static String current() {
    return CURRENT;
  }

  /** A file of properties beside this class. */
  static Properties properties(String file) {
    var properties = new Properties();
    try (var in = PillionVersion.class.getResourceAsStream(file)) {
      if (in == null) {
        throw new IllegalStateException("the jar of the runtime lacks " + file);
      }
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return properties;
  }
}
