// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.redis;

import dev.pillion.BuildingBlockException;
import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.protocol.CommandType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One connection to Redis that any number of threads share, and that comes back by itself.
 *
 * <p>Calls block until the server answers, at most until their deadline or the command timeout,
 * whichever is earlier. While the connection is down, a call waits for it within the same limit and
 * is then refused; in a cluster it is refused at once. Nothing is queued, and nothing is ever sent
 * a second time by itself: a call that was under way when the connection broke fails, and whether
 * it was applied is unknown.
 *
 * <p>When a server has let calls time out and answered none for the length of the command timeout,
 * its connection is dropped and made anew: one that went silent does not stay. The same happens,
 * once a second at most, when a server has become read-only: the new connection finds the new
 * primary.
 */
public final class RedisConnection implements AutoCloseable {
  /** How many commands go out in one flush; well below the bound of the driver's own queue. */
  private static final int BATCH = 2_048;

  private static final byte[] NO_KEY = new byte[0];
  private static final long CLOCK_NANOS = Duration.ofMillis(10).toNanos();
  private static final long RENEW_NANOS = Duration.ofSeconds(1).toNanos();

  private final Driver driver;
  private final boolean ownsDriver;
  private final Link link;
  private final String server;
  private final long timeoutNanos;
  private final TimeSource time;
  private final AtomicLong renewedAt;
  /** Since when a node that let calls time out has not answered; empty nearly always. */
  private final Map<String, Long> silentSince = new ConcurrentHashMap<>();

  private RedisConnection(
      Driver driver, boolean ownsDriver, Link link, String server, TimeSource time) {
    this.driver = driver;
    this.ownsDriver = ownsDriver;
    this.link = link;
    this.server = server;
    this.timeoutNanos = link.timeout().toNanos();
    this.time = time;
    this.renewedAt = new AtomicLong(time.nanos() - RENEW_NANOS);
  }

  static RedisConnection open(Driver driver, String server, Deadline deadline, TimeSource time) {
    return new RedisConnection(driver, true, connect(driver, server, deadline), server, time);
  }

  /** Another connection of the same client, for commands that hold up those behind them. */
  public RedisConnection another(Deadline deadline) {
    return new RedisConnection(driver, false, connect(driver, server, deadline), server, time);
  }

  private static Link connect(Driver driver, String server, Deadline deadline) {
    CompletableFuture<? extends Link> connecting;
    try {
      connecting = driver.connect().toCompletableFuture();
    } catch (RuntimeException e) {
      throw RedisErrors.translate(server, e);
    }
    try {
      return connecting.get(Math.max(1, deadline.remainingNanos()), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw RedisErrors.translate(server, e.getCause() == null ? e : e.getCause());
    } catch (TimeoutException e) {
      var unused = connecting.thenAccept(Link::close);
      throw ComponentException.unavailable(
          "Redis at %s can't be reached: no answer by the deadline".formatted(server), e);
    } catch (InterruptedException e) {
      var unused = connecting.thenAccept(Link::close);
      Thread.currentThread().interrupt();
      throw ComponentException.unavailable(
          "interrupted while connecting to Redis at %s".formatted(server), e);
    }
  }

  /**
   * The driver's commands, for what {@link RedisCall} does not cover. Each goes out when it is
   * called; {@link #await} takes its future.
   *
   * @throws ComponentException when the connection is down and stays down
   */
  public RedisClusterAsyncCommands<byte[], byte[]> commands(Deadline deadline) {
    link.awaitOpen(remaining(deadline));
    return link.commands();
  }

  /**
   * Blocks until the future of a command is done, by the deadline and the command timeout; then it
   * is cancelled.
   */
  public <T extends @Nullable Object> T await(Future<T> future, Deadline deadline) {
    try {
      return awaitAnswer(future, NO_KEY, remaining(deadline));
    } catch (ExecutionException e) {
      throw failure(NO_KEY, e);
    }
  }

  /** Sends one call and blocks until it is answered. */
  public <T> @Nullable T call(RedisCall<T> call, Deadline deadline) {
    long nanos = remaining(deadline);
    long until = time.nanos() + nanos;
    link.awaitOpen(nanos);
    var command = call.newCommand();
    link.send(call, command);
    try {
      return awaitAnswer(command, call.key(), left(until));
    } catch (ExecutionException e) {
      return callAgain(call, e, until);
    }
  }

  /**
   * Sends a call again that certainly was not carried out: with its script's text, or on the next
   * connection. Otherwise throws its failure.
   */
  private <T> @Nullable T callAgain(RedisCall<T> call, ExecutionException failure, long until) {
    var next = call;
    var last = failure;
    while (true) {
      if (RedisErrors.isAnswer(last.getCause(), "NOSCRIPT") && next.withText() != null) {
        next = Objects.requireNonNull(next.withText());
      } else if (link.awaitsReconnect() && RedisErrors.isUnsent(last.getCause())) {
        link.awaitReopened(until - time.nanos());
      } else {
        throw failure(call.key(), last);
      }
      var command = next.newCommand();
      link.send(next, command);
      try {
        return awaitAnswer(command, call.key(), left(until));
      } catch (ExecutionException e) {
        last = e;
      }
    }
  }

  /**
   * Sends calls together, in one flush per node, and blocks until all are answered. They arrive in
   * this order at each node; one that has to be sent again arrives after the others.
   *
   * @return what became of each, in the order of the calls
   */
  public <T> List<RedisReply<T>> callAll(List<RedisCall<T>> calls, Deadline deadline) {
    var replies = new ArrayList<RedisReply<T>>(calls.size());
    for (int from = 0; from < calls.size(); from += BATCH) {
      callBatch(calls.subList(from, Math.min(from + BATCH, calls.size())), deadline, replies);
    }
    return replies;
  }

  private <T> void callBatch(
      List<RedisCall<T>> calls, Deadline deadline, List<RedisReply<T>> replies) {
    long nanos = remaining(deadline);
    long until = time.nanos() + nanos;
    link.awaitOpen(nanos);
    var commands = new ArrayList<AsyncCommand<byte[], byte[], T>>(calls.size());
    calls.forEach(call -> commands.add(call.newCommand()));
    link.sendAll(calls, commands);
    for (int i = 0; i < commands.size(); i++) {
      replies.add(reply(calls.get(i), commands.get(i), until, deadline));
    }
  }

  private <T> RedisReply<T> reply(
      RedisCall<T> call, Future<T> command, long until, Deadline deadline) {
    boolean again = false;
    try {
      try {
        return new RedisReply<>(awaitAnswer(command, call.key(), left(until)), null, false);
      } catch (ExecutionException e) {
        again = true;
        return new RedisReply<>(redirected(call, e, until, deadline), null, true);
      }
    } catch (BuildingBlockException e) {
      return new RedisReply<>(null, e, again);
    }
  }

  /** As {@link #callAgain}, after a node that was sent a batch pointed to another one too. */
  private <T> @Nullable T redirected(
      RedisCall<T> call, ExecutionException failure, long until, Deadline deadline) {
    var cause = failure.getCause();
    if (RedisErrors.isAnswer(cause, "MOVED") || RedisErrors.isAnswer(cause, "ASK")) {
      return call(call, deadline);
    }
    return callAgain(call, failure, until);
  }

  private BuildingBlockException failure(byte[] key, ExecutionException e) {
    var cause = e.getCause() == null ? e : e.getCause();
    if (RedisErrors.isReadOnly(cause)) {
      long last = renewedAt.get();
      long now = time.nanos();
      if (now - last >= RENEW_NANOS && renewedAt.compareAndSet(last, now)) {
        link.renew(key);
      }
    }
    return RedisErrors.translate(server, cause);
  }

  /** A sign of life. */
  public void ping(Deadline deadline) {
    call(RedisCall.nodeOf(NO_KEY, CommandType.PING, StatusOutput::new), deadline);
  }

  /** A name for the node that has this key, for what is kept per node. */
  public String nodeOf(byte[] key) {
    return link.nodeOf(key);
  }

  /** Whether keys of one call must lie in one slot. */
  public boolean isCluster() {
    return link.isCluster();
  }

  /** How long a call without an earlier deadline is waited for. */
  public Duration timeout() {
    return link.timeout();
  }

  /** Where it leads, for messages. */
  public String server() {
    return server;
  }

  /** Closes the connection, and the client if it was made for it. Idempotent. */
  @Override
  public void close() {
    link.close();
    if (ownsDriver) {
      driver.close();
    }
  }

  private void noteSilence(byte[] key, long waited) {
    if (key.length == 0 && link.isCluster()) {
      return;
    }
    long now = time.nanos();
    var node = link.nodeOf(key);
    long since = silentSince.computeIfAbsent(node, n -> now - waited);
    // Clocks are read a little before and after the wait.
    if (now - since >= timeoutNanos - CLOCK_NANOS) {
      silentSince.remove(node);
      link.renew(key);
    }
  }

  private long left(long until) {
    return Math.max(1, until - time.nanos());
  }

  private long remaining(Deadline deadline) {
    long nanos = deadline.remainingNanos(timeoutNanos);
    if (nanos <= 0) {
      throw new CallTimeoutException(
          "ERR_COMPONENT",
          "the deadline passed before Redis at %s was asked".formatted(server),
          null);
    }
    return nanos;
  }

  private <T extends @Nullable Object> T awaitAnswer(Future<T> future, byte[] key, long nanos)
      throws ExecutionException {
    try {
      var answer = future.get(nanos, TimeUnit.NANOSECONDS);
      if (!silentSince.isEmpty()) {
        silentSince.remove(link.nodeOf(key));
      }
      return answer;
    } catch (TimeoutException e) {
      future.cancel(true);
      noteSilence(key, nanos);
      throw new CallTimeoutException(
          "ERR_COMPONENT",
          "Redis at %s did not answer within %d ms; whether a write was applied is unknown"
              .formatted(server, TimeUnit.NANOSECONDS.toMillis(nanos)),
          e);
    } catch (InterruptedException e) {
      future.cancel(true);
      Thread.currentThread().interrupt();
      throw ComponentException.unavailable(
          "interrupted while waiting for Redis at %s".formatted(server), e);
    } catch (CancellationException e) {
      throw ComponentException.unavailable(
          "Redis at %s: the connection was closed".formatted(server), e);
    }
  }
}
