// SPDX-License-Identifier: Apache-2.0
package dev.pillion.call;

import org.jspecify.annotations.Nullable;

/**
 * The work of a call whose arguments are handed in rather than captured, so that a hot verb makes
 * no object for it.
 *
 * @param <A> the first argument
 * @param <B> the second argument
 * @param <T> what the call returns
 * @param <E> the checked exception it may throw; {@link RuntimeException} when there is none
 */
@FunctionalInterface
public interface BoundCallBody<A, B, T extends @Nullable Object, E extends Exception> {
  /** Does the work; {@code call} is the call as the interceptors before have left it. */
  T run(Call call, A first, B second) throws E;
}
