// SPDX-License-Identifier: Apache-2.0
package dev.pillion.call;

import org.jspecify.annotations.Nullable;

/**
 * Advice around every call of every building block, in both directions. Thread-safe; must not block
 * on its own account.
 *
 * <p>An interceptor either returns what {@code next} returned, or throws. It may run {@code next}
 * again only when {@link Call#repeatable()} says so, and only after the earlier run has returned.
 */
public interface CallInterceptor {
  /**
   * Whether this interceptor has anything to do around such a call. Where it says no it costs the
   * call nothing: no frame, no object. Asked before every call, so it must be as quick as a look
   * into a map.
   */
  default boolean appliesTo(Call call) {
    return true;
  }

  /** Runs {@code next}, before, after or around the interceptor's own concern. */
  <T extends @Nullable Object, E extends Exception> T around(Call call, CallBody<T, E> next)
      throws E;
}
