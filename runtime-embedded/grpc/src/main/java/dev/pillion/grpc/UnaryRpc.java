// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

/**
 * What one rpc with one request and one answer does; runs on a thread of its own and may block.
 *
 * @param <Q> the request
 * @param <A> the answer
 */
@FunctionalInterface
interface UnaryRpc<Q, A> {
  /**
   * The answer. A {@link io.grpc.StatusRuntimeException} is sent as it is, a failure that the
   * runtime's API names is translated, anything else is a defect.
   */
  A answer(Q request);
}
