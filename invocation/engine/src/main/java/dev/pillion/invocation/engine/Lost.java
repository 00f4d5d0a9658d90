// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import org.jspecify.annotations.Nullable;

/**
 * What the attempts of one call have lost so far. A caller who is told last that nobody is there
 * would take it for sure that nothing was done, although an earlier attempt may have done it. Not
 * thread-safe: attempts follow each other.
 */
final class Lost {
  private @Nullable InvocationException earlier;

  /** What the caller is told of an attempt's failure. */
  InvocationException told(InvocationException failure) {
    if (failure.reason() == Reason.CLOSED) {
      earlier = failure;
    }
    var doubt = earlier;
    boolean wasNotSeen =
        failure.reason() == Reason.NO_SUCH_APP || failure.reason() == Reason.NOT_LISTENING;
    return doubt == null || !wasNotSeen
        ? failure
        : new InvocationException(
            Reason.CLOSED,
            "%s; whether the app did its work is not known. Tried again: %s"
                .formatted(doubt.getMessage(), failure.getMessage()),
            failure);
  }
}
