// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Which parts of a target fail now, such as the topics of a pubsub, so that each failure is logged
 * once until a call succeeds, and no more often than every ten seconds where both mix. Thread-safe.
 */
final class Incidents {
  private static final long QUIET_NANOS = Duration.ofSeconds(10).toNanos();

  private final Map<String, Incident> byPart = new ConcurrentHashMap<>();

  /** How many fail; a call that succeeds looks no further where none does. */
  private final AtomicInteger failing = new AtomicInteger();

  private static final class Incident {
    final AtomicBoolean failing = new AtomicBoolean();
    volatile @Nullable Long lastLogged;
  }

  /** Whether this failure begins an incident that is to be logged. */
  boolean begins(String part, long now) {
    var incident = byPart.computeIfAbsent(known(part), p -> new Incident());
    var last = incident.lastLogged;
    if (incident.failing.get()
        || (last != null && now - last < QUIET_NANOS)
        || !incident.failing.compareAndSet(false, true)) {
      return false;
    }
    failing.incrementAndGet();
    incident.lastLogged = now;
    return true;
  }

  /** Whether this success ends an incident that was logged. */
  boolean ends(String part) {
    if (failing.get() == 0) {
      return false;
    }
    var incident = byPart.get(known(part));
    if (incident == null || !incident.failing.compareAndSet(true, false)) {
      return false;
    }
    failing.decrementAndGet();
    return true;
  }

  /** Callers may name what they like: what comes beyond so many names shares one. */
  private String known(String part) {
    return byPart.size() < TargetTable.MOST || byPart.containsKey(part) ? part : "";
  }
}
