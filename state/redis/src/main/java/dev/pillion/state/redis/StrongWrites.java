// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.pillion.BuildingBlockException;
import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import dev.pillion.ReplicationException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.connections.redis.RedisCall;
import dev.pillion.connections.redis.RedisConnection;
import dev.pillion.connections.redis.RedisReply;
import io.lettuce.core.output.ByteArrayOutput;
import io.lettuce.core.output.IntegerOutput;
import io.lettuce.core.protocol.CommandType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Writes that every connected replica must have before they are acknowledged, by WAIT. They have a
 * connection of their own, made with the first of them: WAIT holds up what follows it on its
 * connection.
 */
final class StrongWrites {
  private static final String UNKNOWN =
      "the value is stored, but whether replicas have it is unknown: ";
  private static final String MILLIS = "1000";
  private static final Pattern REPLICAS = Pattern.compile("connected_slaves:(\\d{1,6})");
  private static final byte[] REPLICATION = "replication".getBytes(US_ASCII);
  private static final long FRESH_NANOS = Duration.ofSeconds(5).toNanos();

  private final RedisConnection main;
  private final TimeSource time;
  private final Map<String, Replicas> replicas = new ConcurrentHashMap<>();
  private final ReentrantLock lock = new ReentrantLock();
  private volatile @Nullable RedisConnection own;
  private boolean closed;

  private record Replicas(int number, long readAt) {}

  StrongWrites(RedisConnection main, TimeSource time) {
    this.main = main;
    this.time = time;
  }

  /** Sends one write, whose node the key finds. */
  @Nullable
  Long send(RedisCall<Long> write, byte[] key, Deadline deadline) {
    return send(List.of(write), Map.of(0, key), deadline).get(0).get();
  }

  /**
   * Sends the writes in one pipeline with the WAITs.
   *
   * @param keys of those that are strong, by position: the others neither wait nor fail by a WAIT
   */
  List<RedisReply<Long>> send(
      List<RedisCall<Long>> writes, Map<Integer, byte[]> keys, Deadline deadline) {
    var waits = new LinkedHashMap<String, byte[]>();
    for (byte[] key : keys.values()) {
      if (number(key, deadline) > 0) {
        waits.putIfAbsent(main.nodeOf(key), key);
      }
    }
    if (waits.isEmpty()) {
      return main.callAll(writes, deadline);
    }
    var connection = connection(deadline);
    var all = new ArrayList<>(writes);
    waits.values().forEach(key -> all.add(waitCall(key, deadline)));
    var replies = connection.callAll(all, deadline);
    var outcomes = new ArrayList<>(replies.subList(0, writes.size()));
    int next = writes.size();
    for (var wait : waits.entrySet()) {
      judge(wait.getKey(), wait.getValue(), replies.get(next++), keys, outcomes, deadline);
    }
    return outcomes;
  }

  private void judge(
      String node,
      byte[] key,
      RedisReply<Long> waited,
      Map<Integer, byte[]> keys,
      List<RedisReply<Long>> outcomes,
      Deadline deadline) {
    var stored = new HashSet<Integer>();
    boolean resent = false;
    for (var written : keys.entrySet()) {
      var outcome = outcomes.get(written.getKey());
      if (outcome.value() != null
          && outcome.value() == 0
          && main.nodeOf(written.getValue()).equals(node)) {
        stored.add(written.getKey());
        resent |= outcome.resent();
      }
    }
    var failure = failure(node, key, waited, resent && !stored.isEmpty(), deadline);
    if (failure != null) {
      stored.forEach(i -> outcomes.set(i, new RedisReply<>(null, failure, false)));
    }
  }

  private @Nullable BuildingBlockException failure(
      String node, byte[] key, RedisReply<Long> waited, boolean again, Deadline deadline) {
    int wanted = number(key, deadline);
    try {
      // A write that was sent again went out after this WAIT, which then says nothing about it.
      var reached =
          again ? connection(deadline).call(waitCall(key, deadline), deadline) : waited.get();
      if (reached != null && reached >= wanted) {
        return null;
      }
      replicas.remove(node);
      return new ReplicationException(
          "ERR_COMPONENT",
          "the value is stored in Redis at %s, but only %d of %d replicas had it after %s ms"
              .formatted(main.server(), reached, wanted, MILLIS),
          false,
          null);
    } catch (CallTimeoutException e) {
      return new CallTimeoutException(e.errorCode(), UNKNOWN + e.getMessage(), e);
    } catch (ComponentException e) {
      return new ReplicationException(e.errorCode(), UNKNOWN + e.getMessage(), e.isTransient(), e);
    }
  }

  private RedisCall<Long> waitCall(byte[] key, Deadline deadline) {
    var number = Integer.toString(number(key, deadline)).getBytes(US_ASCII);
    return RedisCall.nodeOf(
        key, CommandType.WAIT, IntegerOutput::new, number, MILLIS.getBytes(US_ASCII));
  }

  /** How many replicas the key's node has; asked anew every few seconds. */
  private int number(byte[] key, Deadline deadline) {
    var node = main.nodeOf(key);
    var known = replicas.get(node);
    if (known == null || time.nanos() - known.readAt() > FRESH_NANOS) {
      var info = main.call(
          RedisCall.nodeOf(key, CommandType.INFO, ByteArrayOutput::new, REPLICATION), deadline);
      var matcher = REPLICAS.matcher(info == null ? "" : new String(info, US_ASCII));
      known = new Replicas(matcher.find() ? Integer.parseInt(matcher.group(1)) : 0, time.nanos());
      replicas.put(node, known);
    }
    return known.number();
  }

  private RedisConnection connection(Deadline deadline) {
    var connection = own;
    if (connection != null) {
      return connection;
    }
    lock.lock();
    try {
      if (closed) {
        throw ComponentException.unavailable("the state store is closed", null);
      }
      if (own == null) {
        own = main.another(deadline);
      }
      return Objects.requireNonNull(own);
    } finally {
      lock.unlock();
    }
  }

  void close() {
    lock.lock();
    try {
      closed = true;
      if (own != null) {
        own.close();
      }
    } finally {
      lock.unlock();
    }
  }
}
