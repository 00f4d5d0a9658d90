// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.redis;

import io.lettuce.core.RedisException;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.protocol.AsyncCommand;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** One connection to each primary of a cluster. */
final class ClusterLink implements Link {
  private final StatefulRedisClusterConnection<byte[], byte[]> connection;
  private final Duration timeout;
  private final RedisClusterAsyncCommands<byte[], byte[]> commands;

  private ClusterLink(StatefulRedisClusterConnection<byte[], byte[]> connection, Duration timeout) {
    this.connection = connection;
    this.timeout = timeout;
    this.commands = connection.async();
  }

  /**
   * Asks for the cluster's topology and connects to every primary, so that no first command finds
   * its node still connecting.
   *
   * @param timeout how long a command is waited for; null for the client's own setting
   */
  static CompletionStage<ClusterLink> open(RedisClusterClient client, @Nullable Duration timeout) {
    return client
        .refreshPartitionsAsync()
        .thenCompose(topology -> client.connectAsync(ByteArrayCodec.INSTANCE))
        .thenCompose(connection -> new ClusterLink(
                connection, timeout == null ? connection.getTimeout() : timeout)
            .connectAll());
  }

  private CompletableFuture<ClusterLink> connectAll() {
    // A primary that is away costs its own keys only; it is tried again when one is asked for.
    return CompletableFuture.allOf(connection.getPartitions().stream()
            .filter(node -> node.is(RedisClusterNode.NodeFlag.UPSTREAM) && !node.hasNoSlots())
            .map(node -> connectionTo(node).handle((connected, failure) -> failure == null))
            .toArray(CompletableFuture[]::new))
        .thenApply(done -> this);
  }

  private CompletableFuture<StatefulRedisConnection<byte[], byte[]>> connectionTo(
      RedisClusterNode node) {
    // By address and not by node id: these are the connections that single commands use too.
    return connection.getConnectionAsync(node.getUri().getHost(), node.getUri().getPort());
  }

  @Override
  public RedisClusterAsyncCommands<byte[], byte[]> commands() {
    return commands;
  }

  @Override
  public void awaitOpen(long nanos) {
    // Each node has its own connection; a command for one that is down is refused by the driver.
  }

  @Override
  public boolean awaitsReconnect() {
    return false;
  }

  @Override
  public void awaitReopened(long nanos) {
    awaitOpen(nanos);
  }

  @Override
  public void send(RedisCall<?> call, AsyncCommand<byte[], byte[], ?> command) {
    if (call.namesKey() || call.key().length == 0) {
      connection.dispatch(command);
    } else {
      sendTo(primaryOf(call.key()), List.of(command));
    }
  }

  @Override
  public <T> void sendAll(List<RedisCall<T>> calls, List<AsyncCommand<byte[], byte[], T>> all) {
    var perNode =
        new LinkedHashMap<@Nullable RedisClusterNode, List<AsyncCommand<byte[], byte[], ?>>>();
    for (int i = 0; i < calls.size(); i++) {
      perNode
          .computeIfAbsent(primaryOf(calls.get(i).key()), node -> new ArrayList<>())
          .add(all.get(i));
    }
    perNode.forEach(this::sendTo);
  }

  private void sendTo(@Nullable RedisClusterNode node, List<AsyncCommand<byte[], byte[], ?>> all) {
    if (node == null) {
      all.forEach(command -> command.completeExceptionally(
          new RedisException("no node of the cluster is known to have the slot of this key")));
      return;
    }
    var connected = connectionTo(node);
    if (!connected.isDone()) {
      all.forEach(command -> command.completeExceptionally(
          new RedisException("not connected to " + addressOf(node) + " yet")));
      return;
    }
    try {
      connected.join().dispatch(all);
    } catch (RuntimeException e) {
      all.forEach(command -> command.completeExceptionally(e));
    }
  }

  private @Nullable RedisClusterNode primaryOf(byte[] key) {
    return connection.getPartitions().getMasterBySlot(SlotHash.getSlot(key));
  }

  private static String addressOf(RedisClusterNode node) {
    return node.getUri().getHost() + ":" + node.getUri().getPort();
  }

  @Override
  public void renew(byte[] key) {
    var node = primaryOf(key);
    var connected = node == null ? null : connectionTo(node);
    if (connected != null && connected.isDone() && !connected.isCompletedExceptionally()) {
      ServerLink.disconnect(connected.join());
    }
  }

  @Override
  public String nodeOf(byte[] key) {
    var node = primaryOf(key);
    return node == null ? "unknown" : addressOf(node);
  }

  @Override
  public Duration timeout() {
    return timeout;
  }

  @Override
  public boolean isCluster() {
    return true;
  }

  @Override
  public void close() {
    connection.close();
  }
}
