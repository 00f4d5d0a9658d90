// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.sqlite;

import dev.pillion.ComponentException;
import dev.pillion.connections.sqlite.SqliteSettings;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A JVM of its own that saves and says so: for each save that has returned, a line {@code ack
 * <writer> <number>} in one write to its standard output.
 */
final class SavingProcess implements AutoCloseable {
  private final Process process;
  private final BufferedReader lines;

  private SavingProcess(Process process) {
    this.process = process;
    lines =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  /** Each writer saves {@code w<writer>-<number>} from {@code first}, {@code count} of them. */
  static SavingProcess start(List<String> wrapper, Path file, int writers, int first, int count)
      throws IOException {
    var command = new ArrayList<>(wrapper);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1");
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(SavingProcess.class.getName());
    command.add(file.toString());
    command.add(Integer.toString(writers));
    command.add(Integer.toString(first));
    command.add(Integer.toString(count));
    return new SavingProcess(new ProcessBuilder(command)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start());
  }

  /** The next line it prints; null at its end. */
  String readLine() throws IOException {
    return lines.readLine();
  }

  /** Every line it still prints. */
  List<String> readAll() throws IOException {
    var all = new ArrayList<String>();
    for (var line = readLine(); line != null; line = readLine()) {
      all.add(line);
    }
    return all;
  }

  /** What {@code kill -9} does; what was printed before can still be read. */
  void kill() {
    process.toHandle().destroyForcibly();
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

  static String key(int writer, int number) {
    return "w%d-%d".formatted(writer, number);
  }

  public static void main(String[] args) throws Exception {
    int writers = Integer.parseInt(args[1]);
    int first = Integer.parseInt(args[2]);
    int count = Integer.parseInt(args[3]);
    var settings = SqliteSettings.at(Path.of(args[0])).busyTimeout(Duration.ofSeconds(30));
    try (var ours = new Opened(SqliteStateStore.builder(settings).build());
        var out = new FileOutputStream(FileDescriptor.out)) {
      var threads = new ArrayList<Thread>();
      for (int i = 0; i < writers; i++) {
        int writer = i;
        threads.add(new Thread(() -> save(ours, out, writer, first, count)));
      }
      threads.forEach(Thread::start);
      for (Thread thread : threads) {
        thread.join();
      }
    }
  }

  private static void save(Opened ours, FileOutputStream out, int writer, int first, int count) {
    try {
      for (int i = first; i < first + count; i++) {
        try {
          ours.save(key(writer, i), "value " + i);
        } catch (ComponentException e) {
          out.write("refused %d %d%n".formatted(writer, i).getBytes(StandardCharsets.UTF_8));
          return;
        }
        out.write("ack %d %d%n".formatted(writer, i).getBytes(StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
