// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import dev.pillion.testservers.GoProgram;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The Go program in polyglot/sarama: the client that a daprd has, with Dapr's settings. */
final class SaramaProgram implements AutoCloseable {
  private final GoProgram program;

  private SaramaProgram(GoProgram program) {
    this.program = program;
  }

  /** Builds it; without Go on this machine the test is skipped by name. */
  static Path build(Path directory) throws IOException, InterruptedException {
    return GoProgram.build("sarama", directory, "member of Dapr's client");
  }

  static SaramaProgram consume(Path binary, TestBus bus, String... topics) throws IOException {
    return start(binary, Stream.of("consume", bus.brokers, bus.group), Stream.of(topics));
  }

  static SaramaProgram produce(Path binary, TestBus bus, List<String> keys) throws IOException {
    return start(binary, Stream.of("produce", bus.brokers, bus.topic), keys.stream());
  }

  private static SaramaProgram start(Path binary, Stream<String> begin, Stream<String> rest)
      throws IOException {
    var arguments = Stream.concat(begin, rest).toArray(String[]::new);
    return new SaramaProgram(GoProgram.start(binary, arguments));
  }

  List<String> lines(String begin) throws IOException {
    return program.lines(begin);
  }

  /** Everything a topic's messages said that it has handled. */
  List<String> handled(String topic) throws IOException {
    return lines("handled " + topic + " ").stream()
        .map(line -> line.split(" ")[4])
        .toList();
  }

  /** Lets it leave, or end. */
  void leave() throws IOException, InterruptedException {
    program.end();
  }

  @Override
  public void close() throws InterruptedException {
    program.close();
  }
}
