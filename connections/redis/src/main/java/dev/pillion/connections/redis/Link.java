// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.redis;

import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.protocol.AsyncCommand;
import java.time.Duration;
import java.util.List;

/** The driver's connection, to one server or to a cluster. */
interface Link {
  RedisClusterAsyncCommands<byte[], byte[]> commands();

  /**
   * Returns when commands can be sent, which is at once unless the connection is down.
   *
   * @throws dev.pillion.ComponentException when it is still down after {@code nanos}
   */
  void awaitOpen(long nanos);

  /** Whether {@link #awaitOpen} waits. */
  boolean awaitsReconnect();

  /** As {@link #awaitOpen}, after a command was refused although the connection looked open. */
  void awaitReopened(long nanos);

  /** Sends one command, following redirections. */
  void send(RedisCall<?> call, AsyncCommand<byte[], byte[], ?> command);

  /** Sends commands in one flush per node, leaving redirections to the caller. */
  <T> void sendAll(List<RedisCall<T>> calls, List<AsyncCommand<byte[], byte[], T>> commands);

  /** Drops the connection to the node that has this key; it is made anew. */
  void renew(byte[] key);

  String nodeOf(byte[] key);

  /** How long a command is waited for. */
  Duration timeout();

  boolean isCluster();

  void close();
}
