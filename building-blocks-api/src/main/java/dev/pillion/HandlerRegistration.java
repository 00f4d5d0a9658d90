// SPDX-License-Identifier: Apache-2.0
package dev.pillion;

/**
 * A handler that a program has registered. Closing it drains: what runs may finish, within the
 * runtime's drain timeout; what has not begun is left to whoever has it then. A handler may close
 * its own, and does not wait for itself. Thread-safe; after {@link #close} the other two do
 * nothing.
 */
public interface HandlerRegistration extends Registration {
  /** Hands over nothing new until {@link #resume}; what runs goes on. Idempotent. */
  void pause();

  /** Ends a {@link #pause}. Idempotent. */
  void resume();
}
