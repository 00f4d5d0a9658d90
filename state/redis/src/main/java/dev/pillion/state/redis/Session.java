// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.redis;

import dev.pillion.BuildingBlockException;
import dev.pillion.TransactionException;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.redis.RedisCall;
import dev.pillion.connections.redis.RedisConnection;
import dev.pillion.connections.redis.RedisReply;
import dev.pillion.state.Consistency;
import dev.pillion.state.spi.StateChange;
import io.lettuce.core.cluster.SlotHash;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What is there between opening the store and closing it. */
final class Session {
  private static final int NAMED_KEYS = 8;

  final RedisConnection connection;
  final Reads reads;
  private final Writes writes;
  private final StrongWrites strong;

  Session(
      RedisConnection connection, @Nullable Duration defaultTimeToLive, ComponentContext context) {
    boolean knowsJson = JsonDocument.isKnown(connection, context.deadline());
    this.connection = connection;
    this.reads = new Reads(connection, knowsJson);
    this.writes = new Writes(defaultTimeToLive, knowsJson);
    this.strong = new StrongWrites(connection, context.time());
  }

  void apply(StateChange change, Deadline deadline) {
    var write = writes.of(change);
    var place = isStrong(change)
        ? strong.send(write, Writes.key(change), deadline)
        : connection.call(write, deadline);
    requireApplied(change, place);
  }

  private static void requireApplied(StateChange change, @Nullable Long place) {
    if (place == null || place != 0) {
      throw change.mismatch();
    }
  }

  Map<Integer, BuildingBlockException> applyAll(List<StateChange> changes, Deadline deadline) {
    var failures = new TreeMap<Integer, BuildingBlockException>();
    List<Integer> left = new ArrayList<>();
    for (int i = 0; i < changes.size(); i++) {
      left.add(i);
    }
    while (!left.isEmpty()) {
      left = applyDistinct(changes, left, failures, deadline);
    }
    return failures;
  }

  /**
   * Applies those whose key does not occur earlier in {@code positions}, and returns the rest: only
   * what is answered can be followed safely, a call may have to be sent a second time.
   */
  private List<Integer> applyDistinct(
      List<StateChange> changes,
      List<Integer> positions,
      Map<Integer, BuildingBlockException> failures,
      Deadline deadline) {
    var keys = new HashSet<String>();
    var rest = new ArrayList<Integer>();
    var now = new LinkedHashMap<Integer, RedisCall<Long>>();
    var strongKeys = new LinkedHashMap<Integer, byte[]>();
    for (int position : positions) {
      var change = changes.get(position);
      if (!keys.add(change.key())) {
        rest.add(position);
        continue;
      }
      try {
        var write = writes.of(change);
        if (isStrong(change)) {
          strongKeys.put(now.size(), Writes.key(change));
        }
        now.put(position, write);
      } catch (BuildingBlockException e) {
        failures.put(position, e);
      }
    }
    var calls = List.copyOf(now.values());
    var replies = strongKeys.isEmpty()
        ? connection.callAll(calls, deadline)
        : strong.send(calls, strongKeys, deadline);
    var reply = replies.iterator();
    now.keySet().forEach(position -> {
      var failure = failure(changes.get(position), reply.next());
      if (failure != null) {
        failures.put(position, failure);
      }
    });
    return rest;
  }

  private static @Nullable BuildingBlockException failure(
      StateChange change, RedisReply<Long> reply) {
    if (reply.failure() != null) {
      return reply.failure();
    }
    return reply.value() != null && reply.value() == 0 ? null : change.mismatch();
  }

  void transact(List<StateChange> changes, Deadline deadline) {
    if (changes.isEmpty()) {
      return;
    }
    if (connection.isCluster()) {
      requireOneSlot(changes);
    }
    var write = writes.of(changes);
    var place = changes.stream().anyMatch(Session::isStrong)
        ? strong.send(write, Writes.key(changes.get(0)), deadline)
        : connection.call(write, deadline);
    if (place == null || place != 0) {
      throw changes.get(place == null ? 0 : place.intValue() - 1).mismatch();
    }
  }

  private static void requireOneSlot(List<StateChange> changes) {
    var keys = new LinkedHashSet<String>();
    var slots = new HashSet<Integer>();
    for (StateChange change : changes) {
      keys.add(change.key());
      slots.add(SlotHash.getSlot(Writes.key(change)));
    }
    if (slots.size() > 1) {
      var named = keys.stream().limit(NAMED_KEYS).collect(Collectors.joining("\", \"", "\"", "\""));
      throw new TransactionException(
          "ERR_STATE_TRANSACTION",
          ("a transaction on a Redis Cluster needs all keys in one hash slot, and %s%s lie in %d;"
                  + " a common part in braces, as in \"{42}-order\" and \"{42}-items\", puts keys"
                  + " in one slot")
              .formatted(
                  named,
                  keys.size() > NAMED_KEYS
                      ? " and %d more".formatted(keys.size() - NAMED_KEYS)
                      : "",
                  slots.size()),
          null);
    }
  }

  private static boolean isStrong(StateChange change) {
    return change instanceof StateChange.Put put && put.consistency() == Consistency.STRONG;
  }

  void close() {
    strong.close();
    connection.close();
  }
}
