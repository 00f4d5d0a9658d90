// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import dev.pillion.BuildingBlockException;
import dev.pillion.EtagMismatchException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.state.spi.StateStoreComponent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One bulk write, which policies may run more than once: an attempt sends what is neither done nor
 * refused for its condition. Used by one thread at a time.
 */
final class BulkAttempts {
  private final StateStoreComponent component;
  private final ChangeList list;
  private final StateFailures failures;
  private final Map<Integer, BuildingBlockException> refused = new TreeMap<>();
  private List<Integer> left = List.of();
  private boolean begun;

  BulkAttempts(StateStoreComponent component, ChangeList list, StateFailures failures) {
    this.component = component;
    this.list = list;
    this.failures = failures;
  }

  /**
   * Sends what is left.
   *
   * @throws dev.pillion.BulkException when some of the whole write has failed, in earlier attempts
   *     included
   */
  void next(Deadline deadline) {
    var failed = begun ? again(deadline) : first(deadline);
    begun = true;
    left = new ArrayList<>();
    failed.forEach((position, e) -> {
      if (e instanceof EtagMismatchException) {
        refused.put(position, e);
      } else if (!isSuperseded(position, failed)) {
        left.add(position);
      }
    });
    failed.putAll(refused);
    if (!failed.isEmpty()) {
      throw failures.some(list, failed);
    }
  }

  private Map<Integer, BuildingBlockException> first(Deadline deadline) {
    try {
      return new TreeMap<>(component.applyAll(list.changes(), deadline));
    } catch (BuildingBlockException e) {
      throw failures.bulk(list, e);
    }
  }

  private Map<Integer, BuildingBlockException> again(Deadline deadline) {
    var failed = new TreeMap<Integer, BuildingBlockException>();
    if (left.isEmpty()) {
      return failed;
    }
    try {
      component
          .applyAll(left.stream().map(list.changes()::get).toList(), deadline)
          .forEach((position, e) -> failed.put(left.get(position), e));
    } catch (BuildingBlockException e) {
      // Not all of the write has failed: what was applied before is not among the failures.
      left.forEach(position -> failed.put(position, e));
    }
    return failed;
  }

  /** Whether a later change of the key was applied: sent again, this one would undo it. */
  private boolean isSuperseded(int position, Map<Integer, BuildingBlockException> failed) {
    var key = list.changes().get(position).key();
    for (int later = position + 1; later < list.changes().size(); later++) {
      if (!failed.containsKey(later) && list.changes().get(later).key().equals(key)) {
        return true;
      }
    }
    return false;
  }
}
