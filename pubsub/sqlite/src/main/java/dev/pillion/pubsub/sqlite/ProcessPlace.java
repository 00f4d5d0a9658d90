// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where a process runs, so that others know whether they could see it: on Linux the boot of the
 * kernel, the process namespace and the user; elsewhere, where processes have no namespaces, the
 * operating system and the user. A process of the same place that can't be found has ended, and
 * nobody need wait for its lease.
 *
 * @param name null when it can't be told
 */
record ProcessPlace(@Nullable String name, long processId) {
  static ProcessPlace ofThisProcess() {
    return new ProcessPlace(place(), ProcessHandle.current().pid());
  }

  /** Whether that owner's process has certainly ended. */
  boolean knowsTheEndOf(Owners.Owner owner) {
    return name != null
        && name.equals(owner.place())
        && processId != owner.processId()
        && ProcessHandle.of(owner.processId()).isEmpty();
  }

  private static @Nullable String place() {
    var system = System.getProperty("os.name", "");
    var user = System.getProperty("user.name", "");
    if (!system.equals("Linux")) {
      return system + " " + user;
    }
    try {
      var boot = Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
      var namespace = Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString();
      return boot + " " + namespace + " " + user;
    } catch (IOException | UnsupportedOperationException e) {
      return null;
    }
  }
}
