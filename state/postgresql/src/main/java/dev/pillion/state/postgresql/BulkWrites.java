// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import dev.pillion.BuildingBlockException;
import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.state.spi.StateChange;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Applies many changes, each by itself. Those of one kind go as one statement; a repeated key
 * begins another round, so that the later change wins.
 */
final class BulkWrites {
  private final Writes writes;

  BulkWrites(Writes writes) {
    this.writes = writes;
  }

  /** Returns the failures by position. */
  Map<Integer, BuildingBlockException> each(List<StateChange> changes, Deadline deadline) {
    var failures = new IdentityHashMap<StateChange, BuildingBlockException>();
    for (List<StateChange> round : rounds(changes, failures)) {
      for (Kind kind : Kind.values()) {
        var same = round.stream().filter(change -> Kind.of(change) == kind).toList();
        Run.of(same).forEach(run -> apply(run, failures, deadline));
      }
    }
    var byPosition = new TreeMap<Integer, BuildingBlockException>();
    for (int i = 0; i < changes.size(); i++) {
      var failure = failures.get(changes.get(i));
      if (failure != null) {
        byPosition.put(i, failure);
      }
    }
    return byPosition;
  }

  private List<List<StateChange>> rounds(
      List<StateChange> changes, Map<StateChange, BuildingBlockException> failures) {
    var rounds = new ArrayList<List<StateChange>>();
    var keys = new HashSet<String>();
    List<StateChange> round = new ArrayList<>();
    rounds.add(round);
    for (StateChange change : changes) {
      try {
        writes.check(change);
      } catch (BuildingBlockException e) {
        failures.put(change, e);
        continue;
      }
      if (!keys.add(change.key())) {
        round = new ArrayList<>();
        rounds.add(round);
        keys.clear();
        keys.add(change.key());
      }
      round.add(change);
    }
    return rounds;
  }

  private void apply(
      Run run, Map<StateChange, BuildingBlockException> failures, Deadline deadline) {
    try {
      for (StateChange refused : writes.together(List.of(run), deadline)) {
        failures.put(refused, refused.mismatch());
      }
    } catch (CallTimeoutException e) {
      run.changes().forEach(change -> failures.put(change, e));
    } catch (ComponentException e) {
      if (e.isTransient() || run.changes().size() == 1) {
        run.changes().forEach(change -> failures.put(change, e));
      } else {
        oneByOne(run, failures, deadline);
      }
    }
  }

  /** The server refused one of them, and with it the statement of all. */
  private void oneByOne(
      Run run, Map<StateChange, BuildingBlockException> failures, Deadline deadline) {
    for (StateChange change : run.changes()) {
      try {
        writes.one(change, deadline);
      } catch (BuildingBlockException e) {
        failures.put(change, e);
      }
    }
  }
}
