// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A child process whose output goes to a file in its own directory. */
final class LocalProcess implements ServerProcess {
  private static final Duration END = Duration.ofSeconds(10);
  private static final int LOG_LINES = 20;

  private final List<String> command;
  private final Path log;
  private volatile @Nullable Process process;

  LocalProcess(List<String> command, Path directory) {
    this.command = List.copyOf(command);
    this.log = directory.resolve("log");
  }

  @Override
  public void start() {
    try {
      Process started = new ProcessBuilder(command)
          .redirectErrorStream(true)
          .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
          .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
          .start();
      Leftovers.running(started.pid(), "KILL");
      process = started;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot run \"" + command.get(0) + "\"", e);
    }
  }

  @Override
  public void stop() {
    Process running = process;
    if (running == null) {
      return;
    }
    if (running.isAlive()) {
      running.destroy();
      signal("CONT", running.pid());
    }
    try {
      awaitEnd(running.toHandle(), "stop");
    } catch (Await.GaveUpException e) {
      kill();
      throw e;
    }
    forget(running);
  }

  @Override
  public void kill() {
    Process running = process;
    if (running != null) {
      running.destroyForcibly();
      awaitEnd(running.toHandle(), "die");
      forget(running);
    }
  }

  @Override
  public void pause() {
    signal("STOP", pid());
  }

  @Override
  public void resume() {
    signal("CONT", pid());
  }

  @Override
  public boolean isAlive() {
    Process running = process;
    return running != null && running.isAlive();
  }

  @Override
  public String logTail() {
    return tail(log);
  }

  private long pid() {
    Process running = process;
    if (running == null) {
      throw new IllegalStateException("\"" + command.get(0) + "\" does not run; start it first");
    }
    return running.pid();
  }

  private void forget(Process ended) {
    process = null;
    Leftovers.ended(ended.pid());
  }

  static void awaitEnd(ProcessHandle handle, String verb) {
    Await.until(END, () -> "process " + handle.pid() + " did not " + verb, () -> !handle.isAlive());
  }

  /** Sends a signal by the system's own {@code kill}; Java has no call for it. */
  static void signal(String name, long pid) {
    try {
      Process kill = new ProcessBuilder("kill", "-s", name, Long.toString(pid))
          .redirectErrorStream(true)
          .start();
      String output = new String(kill.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (kill.waitFor() != 0 && ProcessHandle.of(pid).isPresent()) {
        throw new IllegalStateException(
            "cannot send " + name + " to process " + pid + ": " + output.strip());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(
          "interrupted while sending " + name + " to process " + pid, e);
    }
  }

  static String tail(Path log) {
    try (Stream<String> lines = Files.lines(log, StandardCharsets.ISO_8859_1)) {
      List<String> all = lines.toList();
      return String.join("\n", all.subList(Math.max(0, all.size() - LOG_LINES), all.size()));
    } catch (IOException | UncheckedIOException e) {
      return "(no log: " + e.getMessage() + ")";
    }
  }
}
