// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.runtime.EmbeddedRuntime;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A program in a JVM of its own that handles a topic until it is ended. What it does it appends to
 * a journal, which several share: {@code ready}, {@code start <text>}, {@code end <text>}.
 */
final class ShopProgram implements AutoCloseable {
  static final Duration DRAIN = Duration.ofSeconds(1);

  private final Process process;

  private ShopProgram(Process process) {
    this.process = process;
  }

  /** Starts it, and waits until it is subscribed. */
  static ShopProgram start(
      Bus bus, Path journal, Duration processingTimeout, int concurrency, Duration work)
      throws IOException {
    int before = lines(journal, "ready").size();
    var process = new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-Xmx128m",
            "-cp",
            System.getProperty("java.class.path"),
            ShopProgram.class.getName(),
            bus.uri,
            bus.topic,
            journal.toString(),
            processingTimeout.toString(),
            Integer.toString(concurrency),
            work.toString())
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start();
    var program = new ShopProgram(process);
    try {
      Bus.eventually(() -> {
        if (lines(journal, "ready").size() == before) {
          throw new AssertionError("not ready");
        }
      });
    } catch (RuntimeException | Error e) {
      program.close();
      throw e;
    }
    return program;
  }

  /** What follows the word on the lines that begin with it. */
  static List<String> lines(Path journal, String word) {
    try {
      return Files.exists(journal)
          ? Files.readAllLines(journal).stream()
              .filter(line -> line.startsWith(word + " "))
              .map(line -> line.substring(word.length() + 1))
              .toList()
          : List.of();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Sends it SIGTERM, and returns its exit status; it has to end in time. */
  int terminate(Duration atMost) throws InterruptedException {
    process.destroy();
    if (!process.waitFor(atMost.toNanos(), TimeUnit.NANOSECONDS)) {
      throw new AssertionError("the program did not end within " + atMost);
    }
    return process.exitValue();
  }

  /** What {@code kill -9} does. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  // What follows runs in the other process.

  /** Arguments: URI, topic, journal, processing timeout, concurrency, how long a handler takes. */
  public static void main(String[] arguments) throws Exception {
    var out = FileChannel.open(
        Path.of(arguments[2]), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    var work = Duration.parse(arguments[5]);
    var options = SubscribeOptions.defaults().raw().concurrency(Integer.parseInt(arguments[4]));
    var never = new CountDownLatch(1);
    try (var runtime = EmbeddedRuntime.builder(Bus.GROUP)
        .drainTimeout(DRAIN)
        .component("bus", Bus.quick(arguments[0], Duration.parse(arguments[3])))
        .start()) {
      runtime.subscribe("bus", arguments[1], byte[].class, options, (event, delivery) -> {
        var text = new String(event.requireData(), UTF_8);
        note(out, "start " + text);
        if (never.await(work.toNanos(), TimeUnit.NANOSECONDS)) {
          throw new AssertionError();
        }
        note(out, "end " + text);
        return DeliveryResult.SUCCESS;
      });
      note(out, "ready " + ProcessHandle.current().pid());
      runtime.awaitShutdown();
    }
  }

  private static void note(FileChannel out, String line) throws IOException {
    out.write(ByteBuffer.wrap((line + "\n").getBytes(UTF_8)));
  }
}
