// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealServers.class)
class RedisClusterServersIT {
  private final RedisClusterServers cluster;

  RedisClusterServersIT(RedisClusterServers cluster) {
    this.cluster = cluster;
  }

  @Test
  void servesAllSlots() throws IOException {
    assertThat(cluster.uris()).hasSize(3);
    for (RedisServer server : cluster.servers()) {
      assertThat(server.port()).isLessThanOrEqualTo(55_535);
      try (RespConnection connection = server.connect()) {
        assertThat(connection.text("CLUSTER", "INFO"))
            .contains("cluster_state:ok", "cluster_slots_ok:16384", "cluster_known_nodes:3");
      }
    }
    assertThat(IntStream.of(0, 5460, 5461, 10_921, 10_922, 16_383).map(cluster::ownerOf))
        .containsExactly(0, 0, 1, 1, 2, 2);
    assertThat(cluster.slotOf("{user}1")).isEqualTo(cluster.slotOf("{user}2")).isEqualTo(5474);
  }

  @Test
  void aMovingSlotAnswersAskThenMoved() throws IOException {
    int slot = cluster.slotOf("{moving}");
    int from = cluster.ownerOf(slot);
    int to = (from + 1) % 3;
    RedisServer target = cluster.servers().get(to);
    String where = slot + " " + target.host() + ":" + target.port();
    try (RespConnection old = cluster.servers().get(from).connect();
        RespConnection next = target.connect()) {
      old.call("SET", "{moving}1", "one");
      old.call("SET", "{moving}2", "two");

      SlotMove move = cluster.beginMove(slot, from, to);
      assertThat(old.text("GET", "{moving}1")).isEqualTo("one");
      assertThatThrownBy(() -> old.call("SET", "{moving}new", "x")).hasMessage("ASK " + where);
      assertThatThrownBy(move::finish).hasMessageContaining("still has keys");

      assertThat(move.migrateKeys(1)).isEqualTo(1);
      next.call("ASKING");
      assertThatThrownBy(() -> next.call("MGET", "{moving}1", "{moving}2"))
          .hasMessageStartingWith("TRYAGAIN");
      move.migrateKeys();
      assertThatThrownBy(() -> old.call("GET", "{moving}1")).hasMessage("ASK " + where);
      assertThatThrownBy(() -> next.call("GET", "{moving}1")).hasMessageStartingWith("MOVED");
      next.call("ASKING");
      assertThat(next.text("GET", "{moving}1")).isEqualTo("one");

      move.finish();
      assertThat(cluster.ownerOf(slot)).isEqualTo(to);
      assertThat(next.text("GET", "{moving}2")).isEqualTo("two");
      assertThatThrownBy(() -> old.call("GET", "{moving}2")).hasMessage("MOVED " + where);
    }
    cluster.moveSlot(slot, to, from);
    assertThat(cluster.ownerOf(slot)).isEqualTo(from);
  }

  @Test
  void refusesAMoveFromWhereTheSlotIsNot() {
    assertThatThrownBy(() -> cluster.beginMove(0, 1, 2)).hasMessageContaining("owned by server 0");
    assertThatThrownBy(() -> cluster.beginMove(0, 0, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void isWholeAgainAfterOneServerRestarts() {
    try (RedisClusterServers own = RedisClusterServers.start()) {
      own.servers().get(1).stop();
      own.servers().get(1).restart();
      own.awaitOk();
      assertThat(own.ownerOf(10_000)).isEqualTo(1);
    }
  }
}
