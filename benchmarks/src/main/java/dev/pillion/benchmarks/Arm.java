// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

/** One side of a comparison. */
@FunctionalInterface
interface Arm {
  /**
   * Does the work once.
   *
   * @param thread which of the callers this is, from 0
   * @param count how often this caller has called before, in this round
   */
  void call(int thread, long count) throws Exception;
}
