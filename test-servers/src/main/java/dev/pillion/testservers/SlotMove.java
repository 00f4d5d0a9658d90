// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.util.ArrayList;
import java.util.List;

/**
 * A slot on its way from one server of a cluster to another, step by step, so that a test can look
 * at what clients meet in between. Begun by {@link RedisClusterServers#beginMove}; not thread-safe.
 */
public final class SlotMove {
  private static final int BATCH = 100;

  private final RedisClusterServers cluster;
  private final int slot;
  private final int from;
  private final int to;

  SlotMove(RedisClusterServers cluster, int slot, int from, int to) {
    this.cluster = cluster;
    this.slot = slot;
    this.from = from;
    this.to = to;
  }

  /**
   * Moves at most this many of the slot's keys.
   *
   * @return how many were moved; 0 when the old owner has none left
   */
  public int migrateKeys(int limit) {
    List<String> keys = cluster.keysIn(from, slot, limit);
    if (!keys.isEmpty()) {
      RedisServer target = cluster.servers().get(to);
      List<String> command = new ArrayList<>(List.of(
          "MIGRATE", target.host(), Integer.toString(target.port()), "", "0", "5000", "KEYS"));
      command.addAll(keys);
      cluster.ask(from, command.toArray(String[]::new));
    }
    return keys.size();
  }

  /** Moves all of the slot's keys, also those that are written meanwhile. */
  public void migrateKeys() {
    int moved = migrateKeys(BATCH);
    while (moved > 0) {
      moved = migrateKeys(BATCH);
    }
  }

  /**
   * Gives the slot to its new owner and waits until all servers know. From now on the old owner
   * answers {@code MOVED}.
   *
   * @throws IllegalStateException if keys are still at the old owner
   */
  public void finish() {
    if (!cluster.keysIn(from, slot, 1).isEmpty()) {
      throw new IllegalStateException(
          "slot " + slot + " still has keys at server " + from + "; migrate them first");
    }
    cluster.giveSlot(slot, from, to);
  }
}
