// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class LeftoversIT {
  @Test
  void nothingIsLeftWhenTheJvmEnds() throws IOException {
    Child child = Child.start();
    child.process().getOutputStream().close();
    Await.until(Duration.ofSeconds(20), () -> "the child did not end", () -> !child
        .process()
        .isAlive());
    assertThat(child.running()).isEmpty();
    assertThat(child.directory()).doesNotExist();
  }

  @Test
  void nothingIsLeftSoonAfterTheJvmIsKilled() throws IOException {
    Child child = Child.start();
    child.process().destroyForcibly();
    Await.until(
        Duration.ofSeconds(20),
        () -> "left: " + child.running() + " and " + child.directory(),
        () -> child.running().isEmpty() && !Files.exists(child.directory()));
  }

  /** A JVM that has started two Redis servers, one of them paused, a Kafka and a PostgreSQL. */
  private record Child(Process process, Path directory, List<ProcessHandle> servers) {
    static Child start() throws IOException {
      Process process = new ProcessBuilder(
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "-cp",
              System.getProperty("java.class.path"),
              Child.class.getName())
          .redirectError(ProcessBuilder.Redirect.DISCARD)
          .start();
      BufferedReader lines = new BufferedReader(
          new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
      String line = lines.readLine();
      while (line != null && !line.startsWith("directory ")) {
        line = lines.readLine();
      }
      assertThat(line).as("what the child printed").isNotNull();
      Path directory = Path.of(line.substring("directory ".length()));
      try (Stream<Path> pids = Files.list(directory.resolve("pids"))) {
        List<ProcessHandle> servers = pids.map(
                file -> Long.parseLong(file.getFileName().toString()))
            .map(pid -> ProcessHandle.of(pid).orElseThrow())
            .toList();
        assertThat(servers).hasSize(4);
        return new Child(process, directory, servers);
      }
    }

    List<ProcessHandle> running() {
      return servers.stream().filter(ProcessHandle::isAlive).toList();
    }

    @SuppressWarnings("resource") // That is what this program is about.
    public static void main(String[] args) throws IOException {
      RedisServer.start();
      RedisServer.start().pause();
      KafkaServer.start();
      PostgresServer.start();
      System.out.println("directory " + Leftovers.newDirectory("any").getParent());
      assertThat(System.in.read()).isNegative();
    }
  }
}
