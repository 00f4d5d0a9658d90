// SPDX-License-Identifier: Apache-2.0
package dev.pillion.component;

import dev.pillion.concurrent.Deadline;

/**
 * One configured backend of a building block.
 *
 * <p>Constructing validates and does no I/O; {@link #open} connects; {@link #close} gives
 * everything back. Between the two it is thread-safe. What a component can do beyond its block's
 * contract is shown by the further interfaces it implements.
 */
public interface Component extends AutoCloseable {
  /**
   * Connects and prepares the backend. Called again, after a pause, when it failed with a transient
   * {@link dev.pillion.ComponentException}; a failed attempt leaves nothing open.
   *
   * @throws dev.pillion.ComponentException when the backend can't be reached or refuses
   */
  void open(ComponentContext context);

  /**
   * Dapr's type name, such as {@code state.redis}; the class's own name where Dapr has no such
   * type.
   */
  default String type() {
    return getClass().getSimpleName();
  }

  /**
   * Asks the backend for a sign of life.
   *
   * @throws dev.pillion.ComponentException when there is none by the deadline
   */
  default void probe(Deadline deadline) {}

  /** Gives back what was opened. Idempotent, and callable after a failed {@link #open}. */
  @Override
  void close();
}
