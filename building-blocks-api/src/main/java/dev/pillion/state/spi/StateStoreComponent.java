// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.spi;

import dev.pillion.BuildingBlockException;
import dev.pillion.component.Component;
import dev.pillion.concurrent.Deadline;
import dev.pillion.state.ReadOptions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What every state store does. Prefixes, serialization, encryption, retries, metrics and traces are
 * not its business.
 *
 * <p>A store enforces {@code deadline} together with its own timeout setting, whichever is earlier,
 * by what its driver offers, and then throws {@link dev.pillion.CallTimeoutException}. Driver
 * failures become {@link dev.pillion.ComponentException}, once.
 */
public interface StateStoreComponent extends Component {
  /** The value of a key; empty when there is none, or an expired one. */
  Optional<StoredValue> get(String key, ReadOptions options, Deadline deadline);

  /**
   * Many values. Keys are distinct. A native bulk read overrides this; one item's failure never
   * fails the others.
   *
   * @return what was found and what failed, by key; keys without a value are left out
   */
  default BulkRead getAll(List<String> keys, ReadOptions options, Deadline deadline) {
    var found = new LinkedHashMap<String, StoredValue>();
    var failures = new LinkedHashMap<String, BuildingBlockException>();
    for (String key : keys) {
      try {
        get(key, options, deadline).ifPresent(value -> found.put(key, value));
      } catch (BuildingBlockException e) {
        failures.put(key, e);
      }
    }
    return new BulkRead(found, failures);
  }

  /**
   * Applies one write, atomically with its condition and expiry.
   *
   * @throws dev.pillion.EtagMismatchException as {@link StateChange#mismatch()} makes it, when the
   *     condition does not hold
   */
  void apply(StateChange change, Deadline deadline);

  /**
   * Applies many writes, each by itself; keys may repeat, in which case the later one wins. A
   * native bulk write overrides this.
   *
   * @return the failures by position in the list; empty when all were applied
   */
  default Map<Integer, BuildingBlockException> applyAll(
      List<StateChange> changes, Deadline deadline) {
    var failures = new LinkedHashMap<Integer, BuildingBlockException>();
    for (int i = 0; i < changes.size(); i++) {
      try {
        apply(changes.get(i), deadline);
      } catch (BuildingBlockException e) {
        failures.put(i, e);
      }
    }
    return failures;
  }

  /**
   * How many bytes a value may have, as the store is given it; a longer one is refused before it
   * reaches the store.
   */
  default int maxValueSize() {
    return Integer.MAX_VALUE;
  }

  /** The answer to a bulk read, by key. */
  record BulkRead(Map<String, StoredValue> found, Map<String, BuildingBlockException> failures) {}
}
