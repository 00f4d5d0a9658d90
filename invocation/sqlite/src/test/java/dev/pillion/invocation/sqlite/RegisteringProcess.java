// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.sqlite;

import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.testkit.PlainThreads;
import dev.pillion.testkit.RealTime;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/** A program that registers an app and leaves when its input ends. */
final class RegisteringProcess {
  private RegisteringProcess() {}

  static Process start(Path file, String appId, int port) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path").replace(';', File.pathSeparatorChar),
            RegisteringProcess.class.getName(),
            file.toString(),
            appId,
            Integer.toString(port))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .redirectOutput(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  public static void main(String[] args) throws IOException {
    try (var time = new RealTime();
        var component = SqliteNameResolver.at(Path.of(args[0]))) {
      component.open(new ComponentContext(
          args[1],
          "",
          "nr",
          time,
          new PlainThreads(),
          Deadline.after(Duration.ofSeconds(10), time)));
      try (var registration = component.register(new AppInstance(
          args[1], "", new PeerAddress("127.0.0.1", Integer.parseInt(args[2])), 0))) {
        while (System.in.read() >= 0) {
          // Until the other side closes it.
        }
      }
    }
  }
}
