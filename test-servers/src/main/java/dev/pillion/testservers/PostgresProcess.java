// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import io.zonky.test.db.postgres.embedded.DefaultPostgresBinaryResolver;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * PostgreSQL from a Maven artifact. It makes itself a daemon, so it is known by the process id it
 * writes, not as our child.
 */
final class PostgresProcess implements ServerProcess {
  private static final Duration START = Duration.ofSeconds(60);
  private static final Duration END = Duration.ofSeconds(10);

  private final Path data;
  private final Path log;
  private final int port;
  private final Map<String, String> settings;
  private @Nullable EmbeddedPostgres postgres;
  private Optional<ProcessHandle> postmaster = Optional.empty();

  PostgresProcess(Path directory, int port, Map<String, String> settings) {
    this.data = directory.resolve("data");
    this.log = directory.resolve("log");
    this.port = port;
    this.settings = Map.copyOf(settings);
  }

  /** Whether the class path has a PostgreSQL for this platform. */
  static boolean isEmbedded() {
    String system =
        System.getProperty("os.name").startsWith("Mac") ? "Darwin" : System.getProperty("os.name");
    String processor = System.getProperty("os.arch");
    if (system.startsWith("Windows")) {
      return false;
    }
    try (InputStream archive = DefaultPostgresBinaryResolver.INSTANCE.getPgBinary(
        system, processor.equals("amd64") ? "x86_64" : processor)) {
      return archive.read() >= 0;
    } catch (IOException | IllegalStateException e) {
      return false; // The resolver throws when no artifact for this platform is on the class path.
    }
  }

  @Override
  public void start() {
    EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
        .setPort(port)
        .setDataDirectory(data)
        .setCleanDataDirectory(false)
        .setRegisterShutdownHook(false)
        .setPGStartupWait(START)
        .setServerConfig("listen_addresses", Ports.HOST)
        .setServerConfig("synchronous_commit", "on") // or a crash forgets what was acknowledged
        .setOutputRedirector(ProcessBuilder.Redirect.appendTo(log.toFile()))
        .setErrorRedirector(ProcessBuilder.Redirect.appendTo(log.toFile()));
    settings.forEach(builder::setServerConfig);
    try {
      postgres = builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(
          "PostgreSQL on port " + port + " does not start; it printed:\n" + logTail(), e);
    } finally {
      postmaster = readPostmaster();
      postmaster.ifPresent(running -> Leftovers.running(running.pid(), "QUIT"));
    }
  }

  @Override
  public void stop() {
    if (isAlive()) {
      resume();
      release();
    }
    if (isAlive()) {
      kill();
    }
    forget();
  }

  @Override
  public void kill() {
    if (isAlive()) {
      postmaster.ifPresent(
          running -> LocalProcess.signal("QUIT", running.pid())); // It ends its sessions first.
      resume();
      Await.until(END, () -> "PostgreSQL on port " + port + " did not die", () -> !isAlive());
    }
    forget();
  }

  @Override
  public void pause() {
    postmaster.ifPresent(running -> {
      LocalProcess.signal("STOP", running.pid()); // first, so that it starts no more sessions
      signalAll("STOP", running.descendants());
    });
  }

  @Override
  public void resume() {
    postmaster.ifPresent(
        running -> signalAll("CONT", Stream.concat(running.descendants(), Stream.of(running))));
  }

  /**
   * The file goes when it ends; its process may stay, as a zombie, for as long as the system's init
   * cares to leave it.
   */
  @Override
  public boolean isAlive() {
    return postmaster.filter(ProcessHandle::isAlive).isPresent() && Files.exists(pidFile());
  }

  @Override
  public String logTail() {
    return LocalProcess.tail(log);
  }

  private static void signalAll(String name, Stream<ProcessHandle> processes) {
    processes
        .filter(ProcessHandle::isAlive)
        .forEach(process -> LocalProcess.signal(name, process.pid()));
  }

  private void release() {
    EmbeddedPostgres running = postgres;
    postgres = null;
    if (running != null) {
      try {
        running.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /**
   * What is dead is not closed, for that would be told to stop, and fail with an error in the log.
   * Its lock is held until it is collected, so that the next one must find another file.
   */
  private void forget() {
    postgres = null;
    try {
      Files.deleteIfExists(data.resolve("epg-lock"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    postmaster.ifPresent(ended -> Leftovers.ended(ended.pid()));
    postmaster = Optional.empty();
  }

  private Optional<ProcessHandle> readPostmaster() {
    try (Stream<String> lines = Files.lines(pidFile())) {
      return lines.findFirst().map(String::strip).map(Long::valueOf).flatMap(ProcessHandle::of);
    } catch (IOException e) {
      return Optional.empty(); // It did not get as far as writing one.
    }
  }

  private Path pidFile() {
    return data.resolve("postmaster.pid");
  }
}
