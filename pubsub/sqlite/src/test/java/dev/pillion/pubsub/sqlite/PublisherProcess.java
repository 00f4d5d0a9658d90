// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;

/**
 * A JVM of its own that publishes to the topic {@code paid} on several threads, without end, and
 * prints each text once its publish has returned.
 */
final class PublisherProcess {
  private static final int PUBLISHERS = 8;

  private PublisherProcess() {}

  static Process start(Path file, String prefix) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            PublisherProcess.class.getName(),
            file.toString(),
            prefix)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  /** Lets it go on until so many are published, kills it, and returns what it has printed. */
  static ArrayList<String> killAfter(Process process, int count)
      throws IOException, InterruptedException {
    var acknowledged = new ArrayList<String>();
    try (var lines = new BufferedReader(
        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (var line = lines.readLine(); line != null; line = lines.readLine()) {
        acknowledged.add(line);
        if (acknowledged.size() == count) {
          process.toHandle().destroyForcibly();
        }
      }
    }
    process.waitFor();
    return acknowledged;
  }

  public static void main(String[] args) {
    var broker =
        new TestBroker(Path.of(args[0]), SqlitePubSub.at(Path.of(args[0])), new WallTime());
    var out = new FileOutputStream(FileDescriptor.out);
    for (int i = 0; i < PUBLISHERS; i++) {
      int publisher = i;
      new Thread(() -> {
            for (int n = 0; ; n++) {
              var text = "%s-%d-%d".formatted(args[1], publisher, n);
              broker.publishKeyed("paid", args[1] + publisher, text);
              try {
                out.write((text + "\n").getBytes(StandardCharsets.UTF_8));
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            }
          })
          .start();
    }
  }
}
