// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation;

import org.jspecify.annotations.Nullable;

/**
 * A method that other apps call by its name.
 *
 * @param <Q> what it is given
 * @param <A> what it answers
 */
@FunctionalInterface
public interface ServiceMethod<Q, A extends @Nullable Object> {
  /**
   * Does the work. Called on many threads at a time; the thread is interrupted when the caller's
   * deadline has passed.
   *
   * @param request its own copy, unless it can't be changed; null only where the method is
   *     registered with {@code Void} or {@code Object} and the caller sent nothing
   * @return the answer; null for none
   * @throws InvocationException to answer with a status of its choice
   * @throws Exception anything else is answered with status 500 and the exception's text
   */
  A handle(Q request) throws Exception;
}
