// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import dev.pillion.pubsub.sqlite.Owners.Owner;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Judges which owners have gone, by the monotonic clock of this process alone: an owner has, when
 * its renewals stood still for its whole lease while this process renewed its own.
 *
 * <p>The last is what makes it safe: when nobody can write, because one process was stopped inside
 * a transaction or the disk is full, nobody is found gone for that. Not thread-safe.
 */
final class Observations {
  /** So often at least an owner must have been seen unchanged. */
  private static final int MIN_SIGHTINGS = 3;

  private final long intervalNanos;
  private Map<Long, Seen> seen = new HashMap<>();
  private boolean begun;
  private long lastNanos;

  private record Seen(long renewals, long sinceNanos, int sightings) {}

  /** @param intervalNanos how often it looks */
  Observations(long intervalNanos) {
    this.intervalNanos = intervalNanos;
  }

  /** Looks at all owners, right after renewing; those that have gone. */
  List<Owner> look(List<Owner> owners, long nowNanos) {
    boolean late = !begun || nowNanos - lastNanos > 2 * intervalNanos;
    begun = true;
    lastNanos = nowNanos;
    var gone = new ArrayList<Owner>();
    var next = new HashMap<Long, Seen>();
    for (Owner owner : owners) {
      var before = seen.get(owner.incarnation());
      var now = late || before == null || before.renewals() != owner.renewals()
          ? new Seen(owner.renewals(), nowNanos, 1)
          : new Seen(before.renewals(), before.sinceNanos(), before.sightings() + 1);
      next.put(owner.incarnation(), now);
      if (now.sightings() >= MIN_SIGHTINGS
          && nowNanos - now.sinceNanos() >= owner.leaseMillis() * 1_000_000) {
        gone.add(owner);
      }
    }
    seen = next;
    return gone;
  }
}
