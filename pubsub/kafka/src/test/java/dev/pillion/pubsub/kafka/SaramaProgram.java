// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The Go program in polyglot/sarama: the client that a daprd has, with Dapr's settings. */
final class SaramaProgram implements AutoCloseable {
  private static final Path SOURCE = Path.of("..", "..", "polyglot", "sarama");

  private final Process process;
  private final Path output;

  private SaramaProgram(Process process, Path output) {
    this.process = process;
    this.output = output;
  }

  /** Builds it; without Go on this machine the test is skipped by name. */
  @SuppressWarnings("SystemOut")
  static Path build(Path directory) throws IOException, InterruptedException {
    var binary = directory.resolve("sarama");
    Process go;
    try {
      go = new ProcessBuilder("go", "build", "-o", binary.toString(), ".")
          .directory(SOURCE.toFile())
          .inheritIO()
          .start();
    } catch (IOException e) {
      System.out.println("skipped: Go is not on this machine, so no member of Dapr's client");
      return abort("Go is not on this machine: " + e.getMessage());
    }
    assertThat(go.waitFor(180, TimeUnit.SECONDS)).as("go build ends").isTrue();
    assertThat(go.exitValue()).as("go build").isZero();
    return binary;
  }

  static SaramaProgram consume(Path binary, TestBus bus, String... topics) throws IOException {
    var arguments = new ArrayList<>(List.of("consume", bus.brokers, bus.group));
    arguments.addAll(List.of(topics));
    return start(binary, arguments);
  }

  static SaramaProgram produce(Path binary, TestBus bus, List<String> keys) throws IOException {
    var arguments = new ArrayList<>(List.of("produce", bus.brokers, bus.topic));
    arguments.addAll(keys);
    return start(binary, arguments);
  }

  private static SaramaProgram start(Path binary, List<String> arguments) throws IOException {
    var command = new ArrayList<>(List.of(binary.toAbsolutePath().toString()));
    command.addAll(arguments);
    var output = Files.createTempFile(binary.toAbsolutePath().getParent(), "sarama", ".out");
    return new SaramaProgram(
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

  /** Everything a topic's messages said that it has handled. */
  List<String> handled(String topic) throws IOException {
    return lines("handled " + topic + " ").stream()
        .map(line -> line.split(" ")[4])
        .toList();
  }

  /** Lets it leave, or end. */
  void leave() throws IOException, InterruptedException {
    process.getOutputStream().close();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("it ends").isTrue();
    assertThat(process.exitValue()).as(Files.readString(output)).isZero();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
