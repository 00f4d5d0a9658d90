// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import org.jspecify.annotations.Nullable;

/**
 * How a component answered when it was asked just now. A runtime that takes calls of peers has one
 * of the name {@code peers}, which says where and how they are secured.
 *
 * @param name the component
 * @param status whether its backend answered
 * @param reason why not; when it is ready, what there is to say of it, as a rule null
 */
public record ComponentHealth(
    String name, Status status, @Nullable String reason) {
  /** Whether a component can be used. */
  public enum Status {
    /** Its backend answers. */
    READY,
    /** Its backend does not answer now; calls fail until it does again. */
    DEGRADED,
    /**
     * It could not be opened at start, and {@code ignoreErrors} let the runtime start without it.
     */
    ABSENT
  }

  /** The same, degraded when user code that the component called is stuck. */
  ComponentHealth stuck(int calls) {
    return calls == 0 || status != Status.READY
        ? this
        : new ComponentHealth(
            name,
            Status.DEGRADED,
            "%d of its handlers run on although their time is up".formatted(calls));
  }
}
