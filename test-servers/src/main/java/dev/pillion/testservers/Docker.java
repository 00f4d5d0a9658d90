// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import org.testcontainers.DockerClientFactory;

/** The only door to Testcontainers, which need not be on the class path. */
final class Docker {
  private Docker() {}

  static boolean answers() {
    try {
      return DockerClientFactory.instance().isDockerAvailable();
    } catch (LinkageError e) {
      return false; // Testcontainers is an optional dependency, and may lack its native part for
      // this platform.
    }
  }
}
