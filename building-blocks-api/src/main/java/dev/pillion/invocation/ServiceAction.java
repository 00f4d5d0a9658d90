// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation;

/**
 * A method without an answer that other apps call by its name.
 *
 * @param <Q> what it is given
 */
@FunctionalInterface
public interface ServiceAction<Q> {
  /** As {@link ServiceMethod#handle}, but that the caller learns no more than that it is done. */
  void handle(Q request) throws Exception;
}
