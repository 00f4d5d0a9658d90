// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLSocketFactory;

/**
 * A real Redis server on 127.0.0.1. Its port and its data stay the same over {@link #stop()},
 * {@link #kill()} and {@link #restart()}.
 *
 * <p>A test that stops or pauses a server starts its own; the one that {@link RealServers} hands
 * out is shared by the whole JVM. What the server is may be asked from any thread; its life is
 * steered by one thread at a time.
 */
public final class RedisServer implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(20);
  private static final int ATTEMPTS = 5;

  private final URI uri;
  private final Optional<TestCertificate> certificate;
  private final Optional<RedisFiles> files;
  private final ServerProcess process;

  private RedisServer(
      URI uri,
      Optional<TestCertificate> certificate,
      Optional<RedisFiles> files,
      ServerProcess process) {
    this.uri = uri;
    this.certificate = certificate;
    this.files = files;
    this.process = process;
  }

  /** Starts a server without password and TLS on a free port, and waits until it serves. */
  public static RedisServer start() {
    return start(new RedisOptions());
  }

  /**
   * Starts a server and waits until it serves.
   *
   * @throws org.opentest4j.TestAbortedException if this platform has no Redis server to run
   */
  public static RedisServer start(RedisOptions options) {
    Backend backend = available();
    for (int attempt = 1; ; attempt++) {
      RedisServer server =
          prepare(options, options.port() == 0 ? Ports.free() : options.port(), backend);
      try {
        server.restart();
        return server;
      } catch (RuntimeException e) {
        boolean portTaken = server.process.logTail().contains("Address already in use");
        server.close();
        if (!portTaken || options.port() != 0 || attempt == ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  /** Where it would come from; throws as {@link #start(RedisOptions)} does. */
  static Backend available() {
    RedisBinary binary = RedisBinary.ofThisMachine();
    return Backend.choose("Redis", binary.file().isPresent(), binary.about());
  }

  /** The server that {@code variable} names: it can be used, not steered. */
  static RedisServer at(URI uri, String variable) {
    return new RedisServer(uri, Optional.empty(), Optional.empty(), new ForeignProcess(variable));
  }

  private static RedisServer prepare(RedisOptions options, int port, Backend backend) {
    RedisFiles files = RedisFiles.write(options, port);
    String scheme = options.certificate().isPresent() ? "rediss" : "redis";
    String user = options
        .password()
        .filter(password -> options.defaultUser())
        .map(p -> ":" + p + "@")
        .orElse("");
    URI uri = URI.create(scheme + "://" + user + Ports.HOST + ":" + port);
    List<String> arguments = List.of(files.configuration().toString());
    return new RedisServer(
        uri,
        options.certificate(),
        Optional.of(files),
        process(backend, arguments, files.directory()));
  }

  static ServerProcess process(Backend backend, List<String> arguments, Path directory) {
    List<String> command = new ArrayList<>(arguments);
    if (backend == Backend.DOCKER) {
      command.add(0, "redis-server");
      String image = Environment.variable("test.redis.image").orElse("redis:7.2");
      return new DockerProcess(image, command, directory, Map.of());
    }
    command.add(0, RedisBinary.ofThisMachine().file().orElseThrow().toString());
    return new LocalProcess(command, directory);
  }

  /**
   * {@code redis://…} or, with TLS, {@code rediss://…}; with the default user's password if there
   * is one.
   */
  public URI uri() {
    return uri;
  }

  public String host() {
    return uri.getHost();
  }

  public int port() {
    return uri.getPort() < 0 ? 6379 : uri.getPort();
  }

  /** The certificate to trust, and to show if the server asks for one; empty without TLS. */
  public Optional<TestCertificate> certificate() {
    return certificate;
  }

  /**
   * Stops it in order: Redis writes its data first. Its port and data stay for {@link #restart()}.
   */
  public void stop() {
    process.stop();
  }

  /**
   * Ends it as {@code kill -9} does: only what an append-only file holds is there after
   * {@link #restart()}.
   */
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
        START,
        () -> "Redis on port " + port() + " does not serve; it printed:\n" + process.logTail(),
        this::serves);
  }

  /** Freezes it: connections stay open and are accepted, nothing is answered. */
  public void pause() {
    process.pause();
  }

  /** Ends {@link #pause()}: what was sent meanwhile is now executed. */
  public void resume() {
    process.resume();
  }

  /**
   * Stops it and deletes its data; may be called again. A server that the environment names stays
   * as it is.
   */
  @Override
  public void close() {
    files.ifPresent(owned -> {
      process.kill();
      Leftovers.delete(owned.directory());
    });
  }

  /** A connection of a user who may do everything. */
  RespConnection connect() throws IOException {
    Optional<SSLSocketFactory> tls = certificate.map(own -> own.sslContext().getSocketFactory());
    RespConnection connection = RespConnection.open(host(), port(), tls);
    List<String> auth = new ArrayList<>(files.map(RedisFiles::admin).orElse(List.of()));
    if (!auth.isEmpty()) {
      auth.add(0, "AUTH");
      try {
        connection.call(auth.toArray(String[]::new));
      } catch (RuntimeException e) {
        connection.close();
        throw e;
      }
    }
    return connection;
  }

  private boolean serves() throws IOException {
    if (!process.isAlive()) {
      throw new Await.GaveUpException(
          "Redis on port " + port() + " ended; it printed:\n" + process.logTail(), null);
    }
    try (RespConnection connection = connect()) {
      // Another server may answer on this port while ours finds it taken.
      return connection.text("PING").equals("PONG")
          && files.filter(own -> own.isOf(connection)).isPresent();
    }
  }

  @Override
  public String toString() {
    return "Redis at " + host() + ":" + port();
  }
}
