// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A Redis Cluster of three masters that own all 16384 slots, and can move slots while clients work.
 * Servers are known by their index, 0 to 2. What they are may be asked from any thread; their life
 * is steered by one thread at a time.
 */
public final class RedisClusterServers implements AutoCloseable {
  /** The number of hash slots of any Redis Cluster. */
  public static final int SLOTS = 16_384;

  private static final int SIZE = 3;
  private static final Duration READY = Duration.ofSeconds(30);

  private final List<RedisServer> servers;
  private final List<String> ids;

  private RedisClusterServers(List<RedisServer> servers) {
    this.servers = List.copyOf(servers);
    this.ids = servers.stream().map(server -> ask(server, "CLUSTER", "MYID")).toList();
  }

  /**
   * Starts the cluster, and waits until every server says {@code cluster_state:ok}.
   *
   * @throws org.opentest4j.TestAbortedException if this platform has no Redis server to run
   */
  public static RedisClusterServers start() {
    try (Opened opened = new Opened()) {
      List<RedisServer> servers = new ArrayList<>();
      for (int i = 0; i < SIZE; i++) {
        servers.add(opened.add(RedisServer.start(new RedisOptions().cluster())));
      }
      RedisClusterServers cluster = new RedisClusterServers(servers);
      cluster.form();
      opened.keep();
      return cluster;
    }
  }

  private void form() {
    for (int i = 0; i < SIZE; i++) {
      ask(i, "CLUSTER", "SET-CONFIG-EPOCH", Integer.toString(i + 1));
      List<String> slots = new ArrayList<>(List.of("CLUSTER", "ADDSLOTS"));
      for (int slot = i * SLOTS / SIZE; slot < (i + 1) * SLOTS / SIZE; slot++) {
        slots.add(Integer.toString(slot));
      }
      ask(i, slots.toArray(String[]::new));
    }
    for (int i = 1; i < SIZE; i++) {
      ask(
          i,
          "CLUSTER",
          "MEET",
          servers.get(0).host(),
          Integer.toString(servers.get(0).port()));
    }
    awaitOk();
  }

  /**
   * Waits until every server sees all servers and all slots served: after a server was stopped and
   * restarted, say.
   */
  public void awaitOk() {
    for (RedisServer server : servers) {
      Await.until(
          READY,
          () -> server + " does not see the whole cluster: " + ask(server, "CLUSTER", "INFO"),
          () -> {
            String info = ask(server, "CLUSTER", "INFO");
            return info.contains("cluster_state:ok")
                && info.contains("cluster_known_nodes:" + SIZE);
          });
    }
  }

  /** The URIs of all three; any of them is enough for a client to find the others. */
  public List<URI> uris() {
    return servers.stream().map(RedisServer::uri).toList();
  }

  /** The servers by index, to stop, kill, pause or restart one. */
  public List<RedisServer> servers() {
    return servers;
  }

  /** The slot of a key, with regard to its {@code {hash tag}}. */
  public int slotOf(String key) {
    return Integer.parseInt(ask(0, "CLUSTER", "KEYSLOT", key));
  }

  /** The index of the server that owns a slot, as that server itself says. */
  public int ownerOf(int slot) {
    for (int i = 0; i < SIZE; i++) {
      if (ids.get(i).equals(ownerAsSeenBy(i, slot))) {
        return i;
      }
    }
    throw new IllegalStateException("no server says that it owns slot " + slot);
  }

  /** Moves a slot with its keys, and returns when all servers know its new owner. */
  public void moveSlot(int slot, int fromIndex, int toIndex) {
    SlotMove move = beginMove(slot, fromIndex, toIndex);
    move.migrateKeys();
    move.finish();
  }

  /**
   * Marks a slot as migrating at one server and importing at the other. From now on the old owner
   * answers {@code ASK} for each key it does not have.
   */
  public SlotMove beginMove(int slot, int fromIndex, int toIndex) {
    if (fromIndex == toIndex) {
      throw new IllegalArgumentException(
          "slot " + slot + " cannot move from server " + fromIndex + " to itself");
    }
    if (ownerOf(slot) != fromIndex) {
      throw new IllegalStateException(
          "slot " + slot + " is owned by server " + ownerOf(slot) + ", not by server " + fromIndex);
    }
    ask(toIndex, "CLUSTER", "SETSLOT", Integer.toString(slot), "IMPORTING", ids.get(fromIndex));
    ask(fromIndex, "CLUSTER", "SETSLOT", Integer.toString(slot), "MIGRATING", ids.get(toIndex));
    return new SlotMove(this, slot, fromIndex, toIndex);
  }

  /** Stops the three and deletes their data; may be called again. */
  @Override
  public void close() {
    servers.forEach(RedisServer::close);
  }

  List<String> keysIn(int index, int slot, int limit) {
    try (RespConnection connection = servers.get(index).connect()) {
      return connection.texts(
          "CLUSTER", "GETKEYSINSLOT", Integer.toString(slot), Integer.toString(limit));
    } catch (IOException e) {
      throw new IllegalStateException(servers.get(index) + " does not answer", e);
    }
  }

  void giveSlot(int slot, int fromIndex, int toIndex) {
    // The new owner first: it raises its epoch, and so wins against whatever the others still
    // believe.
    List<Integer> order = new ArrayList<>(List.of(toIndex, fromIndex));
    order.add(SIZE - toIndex - fromIndex);
    for (int index : order) {
      ask(index, "CLUSTER", "SETSLOT", Integer.toString(slot), "NODE", ids.get(toIndex));
    }
    for (int index : order) {
      Await.until(
          READY,
          () -> servers.get(index) + " does not know the new owner of slot " + slot,
          () -> ids.get(toIndex).equals(ownerAsSeenBy(index, slot)));
    }
  }

  String ask(int index, String... command) {
    return ask(servers.get(index), command);
  }

  private static String ask(RedisServer server, String... command) {
    try (RespConnection connection = server.connect()) {
      return connection.text(command);
    } catch (IOException e) {
      throw new IllegalStateException(server + " does not answer", e);
    }
  }

  private String ownerAsSeenBy(int index, int slot) {
    try (RespConnection connection = servers.get(index).connect()) {
      if (connection.call("CLUSTER", "SLOTS") instanceof List<?> ranges) {
        for (Object range : ranges) {
          if (range instanceof List<?> fields
              && fields.get(0) instanceof Long from
              && fields.get(1) instanceof Long to
              && fields.get(2) instanceof List<?> owner
              && from <= slot
              && slot <= to) {
            return String.valueOf(owner.get(2));
          }
        }
      }
      return "";
    } catch (IOException e) {
      throw new IllegalStateException(servers.get(index) + " does not answer", e);
    }
  }

  @Override
  public String toString() {
    return "Redis Cluster at " + uris();
  }
}
