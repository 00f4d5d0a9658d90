// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import org.jspecify.annotations.Nullable;

/**
 * The methods whose calls a thread is within, the innermost first: what it can't wait for.
 *
 * @param outer null for none
 */
record Within(Method method, @Nullable Within outer) {
  private static final ThreadLocal<@Nullable Within> HERE = new ThreadLocal<>();

  /** This thread begins a call of the method. To be followed by {@link #leave}. */
  static void enter(Method method) {
    HERE.set(new Within(method, HERE.get()));
  }

  /** This thread has ended the call that it began last. */
  static void leave() {
    var ended = HERE.get();
    HERE.set(ended == null ? null : ended.outer());
  }

  /** How many calls of the method this thread is within. */
  static int callsOf(Method method) {
    int calls = 0;
    for (var call = HERE.get(); call != null; call = call.outer()) {
      if (call.method() == method) {
        calls++;
      }
    }
    return calls;
  }
}
