// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.invocation.spi.PeerAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The replicas of an app as they were looked up, of which those that could not be reached lately
 * are left out while there are others: a resolver that answers from its memory goes on naming them
 * for a while. Thread-safe.
 */
final class Replicas {
  /** For how long one that could not be reached is left out. */
  static final Duration LEFT_OUT = Duration.ofSeconds(10);

  private final List<PeerAddress> addresses;
  private final long until;
  private final AtomicInteger turn;

  /** Until when each is left out, in nanoseconds of the clock. */
  private final Map<PeerAddress, Long> lost;

  private Replicas(
      List<PeerAddress> addresses, long until, AtomicInteger turn, Map<PeerAddress, Long> lost) {
    this.addresses = addresses;
    this.until = until;
    this.turn = turn;
    this.lost = lost;
  }

  /** @param until in nanoseconds of the clock */
  static Replicas of(List<PeerAddress> addresses, long until) {
    return new Replicas(addresses, until, new AtomicInteger(), new ConcurrentHashMap<>());
  }

  /** What was found by a later look-up: one that it names no more is forgotten. */
  Replicas followedBy(List<PeerAddress> found, long foundUntil) {
    lost.keySet().retainAll(found);
    return new Replicas(found, foundUntil, turn, lost);
  }

  /** The same without the one that can't be reached, to be looked up anew. */
  Replicas without(PeerAddress address, long now) {
    lost.put(address, now + LEFT_OUT.toNanos());
    return new Replicas(addresses, now, turn, lost);
  }

  /** This one can be reached. */
  void reached(PeerAddress address) {
    if (!lost.isEmpty()) {
      lost.remove(address);
    }
  }

  boolean isEmpty() {
    return addresses.isEmpty();
  }

  boolean isValid(long now) {
    return until - now > 0;
  }

  /** The one whose turn it is; there must be one. */
  PeerAddress next(long now) {
    var candidates = lost.isEmpty() ? addresses : reachable(now);
    return candidates.get(Math.floorMod(turn.getAndIncrement(), candidates.size()));
  }

  /** All of them when none is known to be there: one may have come back. */
  private List<PeerAddress> reachable(long now) {
    lost.values().removeIf(leftOutUntil -> leftOutUntil - now <= 0);
    var others =
        addresses.stream().filter(address -> !lost.containsKey(address)).toList();
    return others.isEmpty() ? addresses : others;
  }
}
