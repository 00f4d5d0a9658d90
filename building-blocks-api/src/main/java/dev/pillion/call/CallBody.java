// SPDX-License-Identifier: Apache-2.0
package dev.pillion.call;

import org.jspecify.annotations.Nullable;

/**
 * The work of a call, or the rest of the chain. It may run more than once, never twice at a time.
 *
 * @param <T> what the call returns
 * @param <E> the checked exception it may throw; {@link RuntimeException} when there is none
 */
@FunctionalInterface
public interface CallBody<T extends @Nullable Object, E extends Exception> {
  /**
   * Does the work. {@code call} is the call as the interceptors before have left it: its deadline
   * holds.
   */
  T run(Call call) throws E;
}
