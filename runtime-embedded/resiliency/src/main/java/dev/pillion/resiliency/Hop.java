// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import dev.pillion.call.Call;
import dev.pillion.invocation.InvocationException;

/**
 * The way from this runtime to the one of another app, which is a call within the call of the app.
 */
final class Hop {
  private Hop() {}

  static boolean is(Call call) {
    return call.operation().equals("hop") && call.block().equals("invocation");
  }

  /** Whether the way failed, not what lies at its end: nothing else is tried again unasked. */
  static boolean isLost(Exception failure) {
    return failure instanceof InvocationException invocation
        && (invocation.reason() == InvocationException.Reason.NOT_LISTENING
            || invocation.reason() == InvocationException.Reason.CLOSED);
  }
}
