// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Optional;

/**
 * A real Kafka of one node on 127.0.0.1. Its port and its data stay the same over {@link #stop()},
 * {@link #kill()} and {@link #restart()}.
 *
 * <p>A test that stops or pauses a server starts its own; the one that {@link RealServers} hands
 * out is shared by the whole JVM, so a test isolates itself there by topics and groups of its own.
 * What the server is may be asked from any thread; its life is steered by one thread at a time.
 */
public final class KafkaServer implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(60);
  private static final Duration LEADERS = Duration.ofSeconds(20);
  private static final int ATTEMPTS = 5;

  private final String bootstrap;
  private final KafkaWire wire;
  private final Optional<TestCertificate> certificate;
  private final Optional<KafkaFiles> files;
  private final ServerProcess process;

  private KafkaServer(
      String bootstrap,
      KafkaWire wire,
      Optional<TestCertificate> certificate,
      Optional<KafkaFiles> files,
      ServerProcess process) {
    this.bootstrap = bootstrap;
    this.wire = wire;
    this.certificate = certificate;
    this.files = files;
    this.process = process;
  }

  /** Starts a server without users and TLS on a free port, and waits until it serves. */
  public static KafkaServer start() {
    return start(new KafkaOptions());
  }

  /**
   * Starts a server and waits until it serves.
   *
   * @throws org.opentest4j.TestAbortedException if there is no Kafka to run here
   */
  public static KafkaServer start(KafkaOptions options) {
    Backend backend = available();
    for (int attempt = 1; ; attempt++) {
      int port = options.port() == 0 ? Ports.free() : options.port();
      KafkaServer server = prepare(options, port, backend);
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

  /** Where it would come from; throws as {@link #start(KafkaOptions)} does. */
  static Backend available() {
    return Backend.choose(
        "Kafka", KafkaProgram.jars().isPresent(), "Kafka from Maven's kafka_2.13");
  }

  /** The server that {@code variable} names: it can be used, not steered. */
  static KafkaServer at(String brokers, String variable) {
    String first = brokers.split(",")[0].strip();
    int colon = first.lastIndexOf(':');
    if (colon < 1 || !first.substring(colon + 1).matches("\\d{1,5}")) {
      throw new IllegalStateException(
          variable + " is \"" + brokers + "\"; it must be host:port, or several with commas");
    }
    KafkaWire wire =
        new KafkaWire(first.substring(0, colon), Integer.parseInt(first.substring(colon + 1)));
    return new KafkaServer(
        brokers, wire, Optional.empty(), Optional.empty(), new ForeignProcess(variable));
  }

  private static KafkaServer prepare(KafkaOptions options, int port, Backend backend) {
    KafkaFiles files = KafkaFiles.write(options, port);
    return new KafkaServer(
        Ports.HOST + ":" + options.advertisedPort().orElse(port),
        new KafkaWire(Ports.HOST, files.adminPort()),
        options.certificate(),
        Optional.of(files),
        KafkaProgram.process(backend, files));
  }

  /** The {@code host:port} that clients begin with. */
  public String bootstrap() {
    return bootstrap;
  }

  /** The certificate to trust, and to show if the server asks for one; empty without TLS. */
  public Optional<TestCertificate> certificate() {
    return certificate;
  }

  /**
   * Creates a topic and waits until every partition has its leader.
   *
   * @throws IllegalStateException if it is there already, or the server refuses it
   */
  public void createTopic(String name, int partitions) {
    try {
      wire.createTopic(name, partitions);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot create topic \"" + name + "\" on " + this, e);
    }
    Await.until(
        LEADERS,
        () -> "topic \"" + name + "\" has partitions without a leader",
        () -> wire.describe(name).leaders().getOrDefault(name, 0) == partitions);
  }

  /** Stops it in order. Its port and data stay for {@link #restart()}. */
  public void stop() {
    process.stop();
  }

  /** Ends it as {@code kill -9} does; what it acknowledged is there after {@link #restart()}. */
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

  /** Freezes it: connections stay open and are accepted, nothing is answered. */
  public void pause() {
    process.pause();
  }

  /** Ends {@link #pause()}: what was sent meanwhile is now answered. */
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

  private boolean serves() throws IOException {
    if (!process.isAlive()) {
      throw new Await.GaveUpException(this + " ended; it printed:\n" + process.logTail(), null);
    }
    KafkaWire.Cluster cluster = wire.describe();
    // Another server may answer on this port while ours finds it taken.
    return cluster.brokers() > 0
        && files.filter(own -> own.clusterId().equals(cluster.id())).isPresent();
  }

  @Override
  public String toString() {
    return "Kafka at " + bootstrap;
  }
}
