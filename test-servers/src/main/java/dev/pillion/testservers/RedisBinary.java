// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import redis.embedded.Redis;
import redis.embedded.core.ExecutableProvider;
import redis.embedded.model.OsArchitecture;

/**
 * The redis-server to run: the one that {@code TEST_REDIS_BINARY} names (environment, or system
 * property of that name), otherwise the embedded one, extracted once per machine and user.
 *
 * @param file the executable, empty if this platform has none
 * @param about its name and version
 */
record RedisBinary(Optional<Path> file, String about) {
  static final String VARIABLE = "TEST_REDIS_BINARY";
  private static final Map<Optional<String>, RedisBinary> FOUND = new ConcurrentHashMap<>();

  static RedisBinary find(Optional<String> chosen) {
    if (chosen.isPresent()) {
      Path file = Path.of(chosen.get()).toAbsolutePath();
      String about = VARIABLE + " " + file + " "
          + version(file)
              .orElseThrow(() -> new IllegalStateException(
                  VARIABLE + " names \"" + file + "\", which does not answer --version"));
      return new RedisBinary(Optional.of(file), about);
    }
    String none = "embedded redis-server for " + System.getProperty("os.name") + " "
        + System.getProperty("os.arch");
    if (!FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
      return new RedisBinary(
          Optional.empty(), none); // The one for Windows is of version 5, too old.
    }
    return embeddedResource()
        .map(RedisBinary::extract)
        .flatMap(file -> version(file)
            .map(version -> new RedisBinary(Optional.of(file), "redis-server " + version)))
        .orElseGet(() -> new RedisBinary(Optional.empty(), none));
  }

  static RedisBinary ofThisMachine() {
    return FOUND.computeIfAbsent(Environment.variable(VARIABLE), RedisBinary::find);
  }

  private static Optional<String> embeddedResource() {
    try {
      return Optional.ofNullable(ExecutableProvider.newProvidedVersionsMap()
          .get(OsArchitecture.detectOSandArchitecture()));
    } catch (RuntimeException e) {
      return Optional
          .empty(); // The library throws for an operating system or processor it does not know.
    }
  }

  private static Path extract(String resource) {
    String name = resource.substring(resource.lastIndexOf('/') + 1);
    try (InputStream in = Redis.class.getResourceAsStream("/" + name)) {
      if (in == null) {
        throw new IllegalStateException("embedded-redis has no resource \"" + name + "\"");
      }
      Path directory = cache();
      Path file = directory.resolve(name);
      if (!Files.exists(file)) {
        Path part = Files.createTempFile(directory, name, ".part");
        Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
        Files.setPosixFilePermissions(part, PosixFilePermissions.fromString("rwx------"));
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
      }
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot extract redis-server", e);
    }
  }

  /** Ours alone: on a shared machine nobody else may put a program there. */
  private static Path cache() throws IOException {
    String user = System.getProperty("user.name");
    Path directory = Path.of(System.getProperty("java.io.tmpdir"), "pillion-test-servers-" + user);
    if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)
        || !Files.getOwner(directory, LinkOption.NOFOLLOW_LINKS)
            .equals(Files.getOwner(Leftovers.newDirectory("owner")))) {
      throw new IOException(
          "\"" + directory + "\" is not a directory of user \"" + user + "\"; remove it");
    }
    return directory;
  }

  private static Optional<String> version(Path file) {
    try {
      Process process = new ProcessBuilder(file.toString(), "--version")
          .redirectErrorStream(true)
          .start();
      String output =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      int from = output.indexOf("v=");
      if (process.waitFor() != 0 || from < 0) {
        return Optional.empty();
      }
      return Optional.of(output.substring(from + 2).replaceFirst("\\s.*", ""));
    } catch (IOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }
}
