// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.sqlite.Settlement.Outcome;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What one intake holds, in order: a lane for each key, and one for each event without a key. In a
 * lane one batch at a time is with the receiver. Not thread-safe.
 */
final class Lanes {
  private final Map<Object, Lane> lanes = new HashMap<>();
  private final ArrayDeque<Lane> startable = new ArrayDeque<>();
  private final Set<HeldMessage> running = Collections.newSetFromMap(new IdentityHashMap<>());
  private int held;
  private int unwritten;

  private static final class Lane {
    final ArrayDeque<HeldMessage> waiting = new ArrayDeque<>();
    int running;

    /** Is being given back, and with it what comes behind it, until that has been written. */
    @Nullable
    HeldMessage stalledBy;

    boolean isFree() {
      return running == 0 && stalledBy == null;
    }
  }

  /** How many messages wait, are with the receiver, or have not been written back. */
  int held() {
    return held;
  }

  /** The ids of what waits or is with the receiver. */
  Set<Long> ids() {
    var ids = new HashSet<Long>();
    running.forEach(message -> ids.add(message.id()));
    lanes.values().forEach(lane -> lane.waiting.forEach(message -> ids.add(message.id())));
    return ids;
  }

  /** How many messages are with the receiver. */
  int running() {
    return running.size();
  }

  /** How many messages may be handed over now, at most. */
  int startable() {
    int count = 0;
    for (Lane lane : startable) {
      count += lane.waiting.size();
    }
    return count;
  }

  /** In how many lanes; 0 when the next must not begin yet. */
  int startableLanes() {
    return mayStart(startable.peek()) ? startable.size() : 0;
  }

  /**
   * One that has been fetched before may be what ended its process. Before it begins, what was
   * returned must be written: else its neighbours would come again each time, until they count as
   * failed although they never did.
   */
  private boolean mayStart(@Nullable Lane lane) {
    if (lane == null) {
      return false;
    }
    var first = lane.waiting.peek();
    return unwritten == 0 || first == null || !first.isRedelivered();
  }

  void add(HeldMessage message) {
    var lane = lane(message);
    if (lane.stalledBy != null) {
      // What stalls the lane is given back together with everything behind it.
      return;
    }
    lane.waiting.add(message);
    held++;
    if (lane.isFree() && lane.waiting.size() == 1) {
      startable.add(lane);
    }
  }

  /** As {@link #add}, but it is not to be handed over: empty, or how to give it back. */
  List<Settlement> refuse(HeldMessage message) {
    var lane = lane(message);
    if (lane.stalledBy != null) {
      return List.of();
    }
    lane.stalledBy = message;
    held++;
    unwritten++;
    return List.of(new Settlement(message, Outcome.UNTOUCHED));
  }

  /** The next to hand over, at most so many; those of one lane in their order. */
  List<HeldMessage> take(int max) {
    var batch = new ArrayList<HeldMessage>();
    while (batch.size() < max && mayStart(startable.peek())) {
      var lane = startable.remove();
      while (batch.size() < max && !lane.waiting.isEmpty()) {
        batch.add(lane.waiting.remove());
        lane.running++;
      }
    }
    running.addAll(batch);
    return batch;
  }

  /**
   * What the receiver has said of a batch, as it is to be written. Behind a message that is given
   * back, those of its lane are given back too, handled or not: so they come again in order.
   */
  List<Settlement> returned(List<HeldMessage> batch, List<Disposition> dispositions) {
    var settlements = new ArrayList<Settlement>();
    for (int i = 0; i < batch.size(); i++) {
      var message = batch.get(i);
      var outcome = returned(message, dispositions.get(i));
      if (outcome == null) {
        held--;
      } else {
        unwritten++;
        settlements.add(new Settlement(message, outcome));
      }
    }
    batch.forEach(this::proceed);
    // The last first: what is behind a message must be written before the message itself.
    Collections.reverse(settlements);
    return settlements;
  }

  private @Nullable Outcome returned(HeldMessage message, Disposition disposition) {
    running.remove(message);
    var lane = lane(message);
    lane.running--;
    if (message.isRevoked()) {
      if (disposition != Disposition.ACKNOWLEDGE) {
        return null;
      }
      // It may have come to us once more in the meantime.
      if (lane.waiting.removeIf(copy -> copy.id() == message.id())) {
        held--;
      }
      return Outcome.DONE;
    }
    var stalledBy = lane.stalledBy;
    if (stalledBy != null && stalledBy.id() < message.id()) {
      return Outcome.BEHIND;
    }
    if (disposition == Disposition.ACKNOWLEDGE) {
      return Outcome.DONE;
    }
    lane.stalledBy = message;
    held -= lane.waiting.size();
    lane.waiting.clear();
    return disposition == Disposition.REDELIVER ? Outcome.FAILED : Outcome.RELEASED;
  }

  private void proceed(HeldMessage message) {
    var name = name(message);
    var lane = lanes.get(name);
    if (lane == null || !lane.isFree()) {
      return;
    }
    if (lane.waiting.isEmpty()) {
      lanes.remove(name);
    } else if (!startable.contains(lane)) {
      startable.add(lane);
    }
  }

  /** It has been written. */
  void settled(HeldMessage message) {
    held--;
    unwritten--;
    var lane = lanes.get(name(message));
    if (lane != null && lane.stalledBy == message) {
      lane.stalledBy = null;
      proceed(message);
    }
  }

  /** Gives back what waits. */
  List<Settlement> drop() {
    var settlements = new ArrayList<Settlement>();
    startable.clear();
    for (Lane lane : lanes.values()) {
      var first = lane.waiting.peek();
      if (first != null) {
        held -= lane.waiting.size() - 1;
        lane.waiting.clear();
        unwritten++;
        lane.stalledBy = first;
        settlements.add(new Settlement(first, Outcome.UNTOUCHED));
      }
    }
    return settlements;
  }

  /** The owner has been given up by others: what waits is gone, what runs is revoked. */
  List<HeldMessage> lose() {
    startable.clear();
    for (Lane lane : lanes.values()) {
      held -= lane.waiting.size();
      lane.waiting.clear();
      lane.stalledBy = null;
    }
    lanes.values().removeIf(lane -> lane.running == 0);
    running.forEach(HeldMessage::revoke);
    return List.copyOf(running);
  }

  private Lane lane(HeldMessage message) {
    return lanes.computeIfAbsent(name(message), name -> new Lane());
  }

  private static Object name(HeldMessage message) {
    var key = message.lane();
    return key == null ? Long.valueOf(message.id()) : key;
  }
}
