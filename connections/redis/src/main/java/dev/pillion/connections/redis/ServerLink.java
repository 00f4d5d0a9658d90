// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.redis;

import dev.pillion.ComponentException;
import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.protocol.DefaultEndpoint;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The connection to one server, or to the primary that Sentinel names. */
final class ServerLink implements Link, RedisConnectionStateListener {
  private static final Logger LOG = LoggerFactory.getLogger(ServerLink.class);

  /** How long the driver may take to notice that its channel is gone. */
  private static final long NOTICE_NANOS = Duration.ofMillis(5).toNanos();

  private final StatefulRedisConnection<byte[], byte[]> connection;
  private final Duration timeout;
  private final RedisClusterAsyncCommands<byte[], byte[]> commands;
  private final String server;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private int changes; // guarded by lock
  private volatile boolean closed;

  ServerLink(StatefulRedisConnection<byte[], byte[]> connection, Duration timeout, String server) {
    this.connection = connection;
    this.timeout = timeout;
    this.commands = connection.async();
    this.server = server;
    connection.addListener(this);
  }

  @Override
  public RedisClusterAsyncCommands<byte[], byte[]> commands() {
    return commands;
  }

  @Override
  public void awaitOpen(long nanos) {
    if (!connection.isOpen()) {
      awaitChange(nanos, 0);
    }
  }

  @Override
  public boolean awaitsReconnect() {
    return true;
  }

  @Override
  public void awaitReopened(long nanos) {
    awaitChange(nanos, NOTICE_NANOS);
  }

  private void awaitChange(long nanos, long noticeNanos) {
    lock.lock();
    try {
      long left = nanos;
      long notice = noticeNanos;
      int seen = changes;
      while (!closed && left > 0 && (!connection.isOpen() || notice > 0)) {
        long slice = connection.isOpen() ? Math.min(notice, left) : left;
        long waited = slice - changed.awaitNanos(slice);
        left -= waited;
        notice = changes == seen ? notice - waited : 0;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ComponentException.unavailable(
          "interrupted while waiting for the connection to Redis at " + server, e);
    } finally {
      lock.unlock();
    }
    if (closed) {
      throw ComponentException.unavailable(
          "the connection to Redis at %s is closed".formatted(server), null);
    }
    if (!connection.isOpen()) {
      throw ComponentException.unavailable(
          "Redis at %s has not been reachable for the last %d ms"
              .formatted(server, TimeUnit.NANOSECONDS.toMillis(nanos)),
          null);
    }
  }

  @Override
  public void send(RedisCall<?> call, AsyncCommand<byte[], byte[], ?> command) {
    connection.dispatch(command);
  }

  @Override
  public <T> void sendAll(List<RedisCall<T>> calls, List<AsyncCommand<byte[], byte[], T>> all) {
    connection.dispatch(all);
  }

  @Override
  public void renew(byte[] key) {
    disconnect(connection);
  }

  /** Closes the socket under the connection; the driver's watchdog then connects again. */
  static void disconnect(StatefulRedisConnection<byte[], byte[]> connection) {
    // A borrowed client may have wrapped its writer; then its owner's own options must do.
    if (connection instanceof RedisChannelHandler<?, ?> handler
        && handler.getChannelWriter() instanceof DefaultEndpoint endpoint) {
      endpoint.disconnect();
    }
  }

  @Override
  public void onRedisConnected(RedisChannelHandler<?, ?> handler, SocketAddress address) {
    LOG.info("Redis at {} is connected again", server);
    signal();
  }

  @Override
  public void onRedisDisconnected(RedisChannelHandler<?, ?> handler) {
    if (!closed) {
      LOG.warn("the connection to Redis at {} broke; connecting again", server);
    }
    signal();
  }

  private void signal() {
    lock.lock();
    try {
      changes++;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public String nodeOf(byte[] key) {
    return server;
  }

  @Override
  public Duration timeout() {
    return timeout;
  }

  @Override
  public boolean isCluster() {
    return false;
  }

  @Override
  public void close() {
    closed = true;
    signal();
    connection.close();
  }
}
