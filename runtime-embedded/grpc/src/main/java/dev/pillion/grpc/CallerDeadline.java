// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.call.Call;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallInterceptor;
import dev.pillion.concurrent.Deadline;
import org.jspecify.annotations.Nullable;

/**
 * A caller's deadline holds for the calls that answering him takes: they are made on the thread
 * that answers. An earlier deadline of theirs stays.
 */
final class CallerDeadline implements CallInterceptor {
  private static final ThreadLocal<Deadline> CALLER = new ThreadLocal<>();

  @Override
  public <T extends @Nullable Object, E extends Exception> T around(Call call, CallBody<T, E> next)
      throws E {
    var own = call.context().deadline();
    if (call.direction() == Call.Direction.INBOUND) {
      return own.isSet() && call.block().equals(UnaryHandler.BLOCK)
          ? answering(own, call, next)
          : next.run(call);
    }
    var caller = CALLER.get();
    return caller == null || own.remainingNanos() <= caller.remainingNanos()
        ? next.run(call)
        : next.run(call.with(call.context().with(caller)));
  }

  private <T extends @Nullable Object, E extends Exception> T answering(
      Deadline deadline, Call call, CallBody<T, E> next) throws E {
    CALLER.set(deadline);
    try {
      return next.run(call);
    } finally {
      CALLER.remove();
    }
  }
}
