// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state;

import dev.pillion.BuildingBlockException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The answer to a bulk get, in the order of the request. Keys without a value are in neither map.
 * Immutable.
 *
 * @param <T> the values' type
 */
public final class StateEntries<T> {
  private final Map<String, StateEntry<T>> found;
  private final Map<String, BuildingBlockException> failures;

  /** Copies both maps and keeps their order. */
  public StateEntries(
      Map<String, StateEntry<T>> found, Map<String, BuildingBlockException> failures) {
    this.found = Collections.unmodifiableMap(new LinkedHashMap<>(found));
    this.failures = Collections.unmodifiableMap(new LinkedHashMap<>(failures));
  }

  /**
   * The value of one key.
   *
   * @throws BuildingBlockException when reading this very key failed
   */
  public Optional<T> get(String key) {
    return entry(key).map(StateEntry::value);
  }

  /**
   * Value and etag of one key.
   *
   * @throws BuildingBlockException when reading this very key failed
   */
  public Optional<StateEntry<T>> entry(String key) {
    var failure = failures.get(key);
    if (failure != null) {
      throw failure;
    }
    return Optional.ofNullable(found.get(key));
  }

  /** What was found, by key; unmodifiable. */
  public Map<String, StateEntry<T>> found() {
    return found;
  }

  /**
   * What could not be read, by key; unmodifiable. A failure of the whole call is thrown instead.
   */
  public Map<String, BuildingBlockException> failures() {
    return failures;
  }
}
