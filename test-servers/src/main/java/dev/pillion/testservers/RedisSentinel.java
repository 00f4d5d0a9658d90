// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A master, its replica, and a Sentinel that watches them under the name {@value #MASTER}. What
 * they are may be asked from any thread; their life is steered by one thread at a time.
 */
public final class RedisSentinel implements AutoCloseable {
  /** The name under which the Sentinel knows the master. */
  public static final String MASTER = "mymaster";

  private static final Duration READY = Duration.ofSeconds(30);

  private final List<RedisServer> servers;
  private final int port;
  private final Path directory;
  private final ServerProcess sentinel;

  private RedisSentinel(
      List<RedisServer> servers, int port, Path directory, ServerProcess sentinel) {
    this.servers = servers;
    this.port = port;
    this.directory = directory;
    this.sentinel = sentinel;
  }

  /**
   * Starts the three, and waits until the Sentinel could fail over.
   *
   * @throws org.opentest4j.TestAbortedException if this platform has no Redis server to run
   */
  public static RedisSentinel start() {
    Backend backend = RedisServer.available();
    try (Opened opened = new Opened()) {
      RedisServer master = opened.add(RedisServer.start());
      RedisServer replica = opened.add(RedisServer.start(
          new RedisOptions().setting("replicaof", Ports.HOST + " " + master.port())));
      int port = Ports.free();
      Path directory = Leftovers.newDirectory("sentinel-" + port);
      Path configuration = directory.resolve("sentinel.conf");
      RedisFiles.write(
          configuration,
          List.of(
              "bind " + Ports.HOST,
              "port " + port,
              "dir \"" + directory + "\"",
              "sentinel monitor " + MASTER + " " + Ports.HOST + " " + master.port() + " 1",
              "sentinel down-after-milliseconds " + MASTER + " 2000",
              "sentinel failover-timeout " + MASTER + " 10000"));
      ServerProcess process =
          RedisServer.process(backend, List.of(configuration.toString(), "--sentinel"), directory);
      RedisSentinel started =
          opened.add(new RedisSentinel(List.of(master, replica), port, directory, process));
      process.start();
      started.awaitReplica();
      opened.keep();
      return started;
    }
  }

  /** {@code redis-sentinel://host:port#mymaster}, as Lettuce writes it. */
  public URI uri() {
    return URI.create("redis-sentinel://" + host() + ":" + port + "#" + MASTER);
  }

  public String host() {
    return Ports.HOST;
  }

  /** The Sentinel's own port. */
  public int port() {
    return port;
  }

  /** The server that the Sentinel names as master now. */
  public RedisServer master() {
    int master = masterPort();
    return servers.stream()
        .filter(server -> server.port() == master)
        .findFirst()
        .orElseThrow(() ->
            new IllegalStateException("the Sentinel names port " + master + ", which is not ours"));
  }

  /** The server that is not the master now. */
  public RedisServer replica() {
    RedisServer master = master();
    return servers.get(servers.indexOf(master) == 0 ? 1 : 0);
  }

  /**
   * Has the Sentinel swap master and replica, and waits until it is done and the next failover
   * could follow.
   */
  public void failover() {
    RedisServer old = master();
    ask("SENTINEL", "FAILOVER", MASTER);
    awaitSwapFrom(old);
  }

  /**
   * Kills the master, waits until the Sentinel has promoted the replica, and starts the old master,
   * now a replica.
   */
  public void crashMaster() {
    RedisServer old = master();
    old.kill();
    Await.until(
        READY,
        () -> "the Sentinel still names the dead " + old + " as master",
        () -> masterPort() != old.port());
    old.restart();
    awaitSwapFrom(old);
  }

  /** Stops the three and deletes their data; may be called again. */
  @Override
  public void close() {
    sentinel.kill();
    Leftovers.delete(directory);
    servers.forEach(RedisServer::close);
  }

  private void awaitSwapFrom(RedisServer old) {
    Await.until(
        READY,
        () -> "the Sentinel still names " + old + " as master",
        () -> masterPort() != old.port());
    RedisServer promoted = master();
    Await.until(READY, () -> promoted + " is not master", () -> role(promoted).equals("master"));
    // The Sentinel would do the same, some ten seconds later.
    try (RespConnection connection = old.connect()) {
      connection.call("REPLICAOF", promoted.host(), Integer.toString(promoted.port()));
    } catch (IOException e) {
      throw new IllegalStateException("cannot make " + old + " a replica", e);
    }
    awaitReplica();
  }

  private void awaitReplica() {
    Await.until(
        READY,
        () -> "the Sentinel on port " + port + " sees no replica in sync; it printed:\n"
            + sentinel.logTail(),
        () -> {
          if (!sentinel.isAlive()) {
            throw new Await.GaveUpException(
                "the Sentinel ended; it printed:\n" + sentinel.logTail(), null);
          }
          List<String> seen = fields("SENTINEL", "MASTER", MASTER);
          String state = value(seen, "flags") + " " + value(seen, "num-slaves");
          return state.equals("master 1") && inSync(replica()) && replicaIsSeen();
        });
  }

  private boolean replicaIsSeen() {
    // The flags leave "disconnected" and "s_down" when the Sentinel has had the replica's INFO.
    try (RespConnection connection = RespConnection.open(host(), port)) {
      return connection.call("SENTINEL", "REPLICAS", MASTER) instanceof List<?> replicas
          && replicas.size() == 1
          && replicas.get(0) instanceof List<?> replica
          && value(replica.stream().map(String::valueOf).toList(), "flags").equals("slave")
          && value(replica.stream().map(String::valueOf).toList(), "master-link-status")
              .equals("ok");
    } catch (IOException e) {
      return false;
    }
  }

  private static boolean inSync(RedisServer replica) throws IOException {
    try (RespConnection connection = replica.connect()) {
      return connection.text("INFO", "replication").contains("master_link_status:up");
    }
  }

  private static String role(RedisServer server) throws IOException {
    try (RespConnection connection = server.connect()) {
      return connection.texts("ROLE").get(0);
    }
  }

  private int masterPort() {
    return Integer.parseInt(
        fields("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER).get(1));
  }

  private void ask(String... command) {
    fields(command);
  }

  private List<String> fields(String... command) {
    try (RespConnection connection = RespConnection.open(host(), port)) {
      return connection.texts(command);
    } catch (IOException e) {
      throw new IllegalStateException("the Sentinel on port " + port + " does not answer", e);
    }
  }

  private static String value(List<String> fields, String name) {
    int at = fields.indexOf(name);
    return at < 0 ? "" : fields.get(at + 1);
  }

  @Override
  public String toString() {
    return "Redis Sentinel at " + host() + ":" + port;
  }
}
