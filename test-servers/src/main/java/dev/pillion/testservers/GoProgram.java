// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.opentest4j.TestAbortedException;

/**
 * A program of the folder {@code polyglot}, in which a library that a daprd is made of does what a
 * test tells it by arguments. It ends when its standard input does. For one thread.
 */
public final class GoProgram implements AutoCloseable {
  private static final long BUILD_SECONDS = 180;
  private static final long END_SECONDS = 60;

  private final Process process;
  private final Path output;

  private GoProgram(Process process, Path output) {
    this.process = process;
    this.output = output;
  }

  /**
   * Builds {@code polyglot/NAME}, seen from a module two folders below the root, into the
   * directory.
   *
   * @param what the program stands for, in words of a test that is skipped for want of it
   * @throws TestAbortedException when Go is not on this machine; that is printed, too
   */
  public static Path build(String name, Path directory, String what)
      throws IOException, InterruptedException {
    var binary = directory.resolve(name).toAbsolutePath();
    Process go;
    try {
      go = new ProcessBuilder("go", "build", "-o", binary.toString(), ".")
          .directory(Path.of("..", "..", "polyglot", name).toFile())
          .inheritIO()
          .start();
    } catch (IOException e) {
      Backend.print("skipped: Go is not on this machine, so no " + what);
      throw new TestAbortedException("Go is not on this machine: " + e.getMessage());
    }
    require(go.waitFor(BUILD_SECONDS, TimeUnit.SECONDS), "go build of " + name + " does not end");
    require(go.exitValue() == 0, "go build of " + name + " failed");
    return binary;
  }

  /** Starts what {@link #build} has made. */
  public static GoProgram start(Path binary, String... arguments) throws IOException {
    var command = new ArrayList<>(List.of(binary.toString()));
    command.addAll(List.of(arguments));
    var output = Files.createTempFile(binary.getParent(), binary.getFileName().toString(), ".out");
    return new GoProgram(
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start(),
        output);
  }

  /** What it has printed so far, of that the lines that begin so. */
  public List<String> lines(String begin) throws IOException {
    return Files.readAllLines(output).stream()
        .filter(line -> line.startsWith(begin))
        .toList();
  }

  /** Lets it leave in order, and waits for its end. */
  public void end() throws IOException, InterruptedException {
    process.getOutputStream().close();
    require(process.waitFor(END_SECONDS, TimeUnit.SECONDS), "it does not end");
    require(process.exitValue() == 0, Files.readString(output));
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new AssertionError(otherwise);
    }
  }

  /** Ends it without a goodbye. */
  @Override
  public void close() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }
}
