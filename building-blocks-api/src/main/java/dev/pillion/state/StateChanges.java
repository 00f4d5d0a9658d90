// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state;

/**
 * Collects the changes of one {@link StateStore#bulk} or {@link StateStore#transaction}; they are
 * sent when the lambda that was given it returns, in the order written. Not thread-safe, not usable
 * after the lambda.
 */
public interface StateChanges {
  /** Saves the value unconditionally. */
  StateChanges save(String key, Object value);

  /** Saves the value. */
  StateChanges save(String key, Object value, SaveOptions options);

  /** Deletes the value, if there is one. */
  StateChanges delete(String key);

  /** Deletes the value. */
  StateChanges delete(String key, DeleteOptions options);

  /**
   * Writes the changes down.
   *
   * @param <E> the checked exception it may throw, in which case nothing is sent
   */
  @FunctionalInterface
  interface Writer<E extends Exception> {
    /** Writes the changes of one call into {@code changes}. */
    void write(StateChanges changes) throws E;
  }
}
