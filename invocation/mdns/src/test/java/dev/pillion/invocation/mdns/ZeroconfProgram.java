// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.mdns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The Go program in polyglot/zeroconf: the library that a daprd finds apps with. */
final class ZeroconfProgram implements AutoCloseable {
  private static final Path SOURCE = Path.of("..", "..", "polyglot", "zeroconf");

  private final Process process;
  private final Path output;

  private ZeroconfProgram(Process process, Path output) {
    this.process = process;
    this.output = output;
  }

  /** Builds it; without Go on this machine the test is skipped by name. */
  @SuppressWarnings("SystemOut")
  static Path build(Path directory) throws IOException, InterruptedException {
    var binary = directory.resolve("zeroconf");
    Process go;
    try {
      go = new ProcessBuilder("go", "build", "-o", binary.toString(), ".")
          .directory(SOURCE.toFile())
          .inheritIO()
          .start();
    } catch (IOException e) {
      System.out.println("skipped: Go is not on this machine, so no mDNS of Dapr's library");
      return abort("Go is not on this machine: " + e.getMessage());
    }
    assertThat(go.waitFor(180, TimeUnit.SECONDS)).as("go build ends").isTrue();
    assertThat(go.exitValue()).as("go build").isZero();
    return binary;
  }

  static ZeroconfProgram start(Path binary, String... arguments) throws IOException {
    var command = new ArrayList<>(List.of(binary.toAbsolutePath().toString()));
    command.addAll(List.of(arguments));
    var output = Files.createTempFile(binary.toAbsolutePath().getParent(), "zeroconf", ".out");
    return new ZeroconfProgram(
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start(),
        output);
  }

  List<String> lines(String begin) throws IOException {
    return Files.readAllLines(output).stream()
        .filter(line -> line.startsWith(begin))
        .toList();
  }

  /** Lets it leave, or end. */
  void end() throws IOException, InterruptedException {
    process.getOutputStream().close();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("it ends").isTrue();
    assertThat(process.exitValue()).as(Files.readString(output)).isZero();
  }

  /** Ends it without a goodbye. */
  @Override
  public void close() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }
}
