// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import dev.pillion.ComponentException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.sqlite.SqliteSettings;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Message;
import dev.pillion.pubsub.spi.MessageReceiver;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A JVM of its own that subscribes to the topic {@code paid}. What its receiver does it appends to
 * a journal, which several processes share, so that there is one order of all lines: {@code start
 * <text> <attempt>}, {@code end <text>}, {@code dead <text>}, {@code ready}.
 *
 * <p>It counts attempts as the engine does. The text says what is done with a message:
 * {@code halt…} ends the JVM at once, {@code hold…} keeps it until the process is killed or closed,
 * {@code time <nanos>} notes how long it was on its way.
 */
final class SubscriberProcess implements MessageReceiver, AutoCloseable {
  private static final int MAX_ATTEMPTS = 3;

  private final Process process;

  private SubscriberProcess(Process process) {
    this.process = process;
  }

  /** Starts it, and waits until it is subscribed. */
  static SubscriberProcess start(Path file, Path journal, int concurrency, Ordering ordering)
      throws IOException {
    return new SubscriberProcess(new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-Xshare:auto",
            "-cp",
            System.getProperty("java.class.path"),
            SubscriberProcess.class.getName(),
            file.toString(),
            journal.toString(),
            Integer.toString(concurrency),
            ordering.name())
        .redirectOutput(ProcessBuilder.Redirect.INHERIT)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start());
  }

  static List<String> lines(Path journal) {
    try {
      return Files.exists(journal) ? Files.readAllLines(journal) : List.of();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The second words of the lines that begin so. */
  static List<String> texts(Path journal, String verb) {
    var texts = new ArrayList<String>();
    for (String line : lines(journal)) {
      if (line.startsWith(verb + " ")) {
        texts.add(line.split(" ")[1]);
      }
    }
    return texts;
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** What {@code kill -9} does. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    awaitEnd();
  }

  /** Sends it a signal by name. */
  void signal(String name) throws IOException, InterruptedException {
    int status = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
        .start()
        .waitFor();
    if (status != 0) {
      throw new AssertionError("kill -" + name + " failed");
    }
  }

  /** Lets it close its broker, and waits for its end. */
  void stop() throws IOException, InterruptedException {
    process.getOutputStream().close();
    awaitEnd();
  }

  int awaitEnd() throws InterruptedException {
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      throw new AssertionError("the process did not end");
    }
    return process.exitValue();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  // What follows runs in the other process.

  private FileChannel out;
  private volatile boolean stopping;

  private SubscriberProcess(FileChannel out) {
    this.process = null;
    this.out = out;
  }

  public static void main(String[] args) throws Exception {
    var file = Path.of(args[0]);
    var settings = SqliteSettings.at(file).busyTimeout(Duration.ofSeconds(10));
    var component = SqlitePubSub.builder(settings)
        .processingTimeout(Duration.ofSeconds(3))
        .redeliverInterval(Duration.ofMillis(200))
        .ordering(Ordering.valueOf(args[3]))
        .build();
    var journal =
        FileChannel.open(Path.of(args[1]), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    var receiver = new SubscriberProcess(journal);
    try (var broker = new TestBroker(file, component, new WallTime())) {
      var intake = broker.subscribe("paid", "g", Integer.parseInt(args[2]), receiver);
      receiver.note("ready " + ProcessHandle.current().pid());
      try (var commands =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
        while (commands.readLine() != null) {}
      }
      receiver.stopping = true;
      intake.close(Deadline.after(Duration.ofSeconds(2), new WallTime()));
    }
    System.exit(0);
  }

  private void note(String line) {
    try {
      out.write(ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public Disposition receive(Message message) {
    var text = TestReceiver.text(message);
    int attempt = message.attempts() + 1;
    try {
      if (message.isRedelivered()) {
        if (attempt > MAX_ATTEMPTS) {
          note("dead " + text);
          return Disposition.ACKNOWLEDGE;
        }
        message.recordAttempts(attempt);
      }
    } catch (ComponentException e) {
      note("refused " + text);
      return Disposition.RELEASE;
    }
    note("start " + text + " " + attempt);
    if (text.startsWith("halt")) {
      Runtime.getRuntime().halt(137);
    } else if (text.startsWith("hold")) {
      while (!stopping) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      }
      message.recordAttempts(attempt - 1);
      return Disposition.RELEASE;
    } else if (text.startsWith("slow")) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
    } else if (text.startsWith("time")) {
      note("took " + (System.nanoTime() - Long.parseLong(text.substring(4))));
    }
    note("end " + text);
    return Disposition.ACKNOWLEDGE;
  }

  @Override
  public List<Disposition> receiveAll(List<Message> messages) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void revoke(Message message) {
    note("revoked " + TestReceiver.text(message));
  }
}
