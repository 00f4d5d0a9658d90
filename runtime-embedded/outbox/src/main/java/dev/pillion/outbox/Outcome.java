// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What became of rows that were taken; those it does not name are let go. One thread only. */
final class Outcome {
  private final int taken;
  private final List<Long> done = new ArrayList<>();
  private final Map<Long, Instant> refused = new HashMap<>();

  /** @param taken how many rows there are */
  Outcome(int taken) {
    this.taken = taken;
  }

  /** Whether there are rows that it does not name. */
  boolean hasMore() {
    return done.size() + refused.size() < taken;
  }

  /** The broker has the event. */
  void done(OutboxRow row) {
    done.add(row.id());
  }

  /** The event can't be published as it is; it is tried again then. */
  void refused(OutboxRow row, Instant again) {
    refused.put(row.id(), again);
  }

  List<Long> done() {
    return done;
  }

  Map<Long, Instant> refused() {
    return refused;
  }
}
