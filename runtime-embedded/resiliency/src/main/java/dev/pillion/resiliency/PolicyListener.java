// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import java.util.function.IntSupplier;
import java.util.function.ToIntFunction;

/**
 * Learns of each target whose policies have a state, once, when the target is first called; what it
 * is handed may be read from any thread and at any time. Told on the thread of that call, one
 * target at a time: it must neither block nor make calls. What it throws is logged, and fails no
 * call.
 */
public interface PolicyListener {
  /** Of a circuit breaker. */
  enum State {
    /** Calls are let through. */
    CLOSED,
    /** Some calls are let through, to see how they end. */
    HALF_OPEN,
    /** Calls are refused. It notices with the next call that its time is over. */
    OPEN
  }

  /**
   * Calls of a target go through circuit breakers: one for each method of an app or each id of an
   * actor, else a single one. Those that have not been used for long may have been forgotten.
   *
   * @param kind {@code app}, {@code actor} or {@code component}
   * @param target the app id, the actor type or the component
   * @param inState how many of its breakers are in a state now
   */
  void onBreakers(String kind, String target, ToIntFunction<State> inState);

  /**
   * User code is called with a time limit.
   *
   * @param kind {@code actor} or {@code component}; {@code none} for apps and actors without
   *     policies, whose limit came with the call
   * @param target the actor type or the component; {@code none}
   * @param stuck how many of the calls run on although their time is up
   */
  void onUserCode(String kind, String target, IntSupplier stuck);
}
