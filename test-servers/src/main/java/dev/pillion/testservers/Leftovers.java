// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * Everything this JVM starts or writes, and its end. All files lie under one directory; each
 * running server has a file there, named after its process id and holding the signal that ends it.
 * A small shell waits on a pipe from this JVM: when the JVM ends, killed or not, the shell reads
 * end-of-file, ends those processes and removes the directory.
 */
final class Leftovers {
  private static final Leftovers OF_THIS_JVM = new Leftovers();

  private static final String JANITOR = """
      trap '' INT TERM HUP
      read -r _
      cd "$1/pids" || exit 0
      for p in *; do [ -f "$p" ] && kill -s "$(cat "$p")" "$p"; kill -s CONT "$p"; done
      for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        alive=
        for p in *; do kill -s 0 "$p" && alive=1; done
        [ -z "$alive" ] && break
        sleep 0.1
      done
      for p in *; do kill -s KILL "$p"; done
      cd / && rm -rf "$1"
      """;

  private final Path root;
  private final Path pids;
  private final AtomicInteger directories = new AtomicInteger();

  private Leftovers() {
    try {
      root = Files.createTempDirectory("pillion-" + ProcessHandle.current().pid() + "-");
      pids = Files.createDirectory(root.resolve("pids"));
      Process janitor = new ProcessBuilder("sh", "-c", JANITOR, "sh", root.toString())
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .redirectError(ProcessBuilder.Redirect.DISCARD)
          .start();
      Runtime.getRuntime()
          .addShutdownHook(new Thread(() -> dismiss(janitor), "test-servers-janitor"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A new empty directory, readable by this user only, gone after the JVM's end at the latest. */
  static Path newDirectory(String name) {
    return OF_THIS_JVM.createDirectory(name);
  }

  /** Ends the process with {@code signal} should this JVM end before {@link #ended} is called. */
  static void running(long pid, String signal) {
    try {
      Files.writeString(OF_THIS_JVM.pids.resolve(Long.toString(pid)), signal);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void ended(long pid) {
    try {
      Files.deleteIfExists(OF_THIS_JVM.pids.resolve(Long.toString(pid)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Lets a container's own user reach what lies in the directory, if it knows its name. */
  static void letOthersPass(Path directory) {
    try {
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void delete(Path directory) {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot delete \"" + directory + "\"", e);
    }
  }

  private Path createDirectory(String name) {
    try {
      return Files.createDirectory(
          root.resolve(name + "-" + directories.incrementAndGet()),
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void dismiss(Process janitor) {
    try {
      janitor.getOutputStream().close();
      janitor.waitFor(5, TimeUnit.SECONDS);
    } catch (IOException e) {
      // The shell is gone already; there is nobody left to tell.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
