// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A real JVM that is asked to end. */
@Timeout(120)
class AwaitShutdownTest {
  private static final int SIGTERM_STATUS = 128 + 15;

  private record Ended(List<String> said, int status) {}

  private static Ended terminated(String program) throws IOException, InterruptedException {
    var process = new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xshare:auto",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            AwaitShutdownProgram.class.getName(),
            program)
        .redirectErrorStream(true)
        .start();
    try (var out = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
      var said = new ArrayList<String>();
      for (var line = out.readLine(); line != null; line = out.readLine()) {
        said.add(line);
        if (line.equals("ready")) {
          // Process.destroy() would close the stream as well.
          process.toHandle().destroy();
        }
      }
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      return new Ended(said, process.exitValue());
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void sigtermClosesTheRuntimeBeforeTheJvmEnds() throws Exception {
    var ended = terminated("await");
    assertThat(ended.said()).startsWith("ready", "component closing", "component closed");
    assertThat(ended.status()).isEqualTo(SIGTERM_STATUS);
  }

  @Test
  void aCloseThatHasBegunIsWaitedFor() throws Exception {
    var ended = terminated("busy");
    assertThat(ended.said()).contains("component closing", "ready", "component closed");
    assertThat(ended.status()).isEqualTo(SIGTERM_STATUS);
  }
}
