// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation;

import dev.pillion.call.CallContext;
import java.util.Optional;

/**
 * What a method can know of a call beside the request.
 *
 * @param caller who calls, as its certificate proves it; empty where there is none: headers such as
 *     {@code dapr-caller-app-id} are claims, and prove nothing
 * @param context deadline and trace
 */
public record Invocation(Optional<CallerIdentity> caller, CallContext context) {
  /** A call of an unproven caller. */
  public static Invocation of(CallContext context) {
    return new Invocation(Optional.empty(), context);
  }
}
