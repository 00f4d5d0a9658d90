// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.call.CallContext;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;

/** One way to an app. */
interface Route {
  /**
   * Asks the app.
   *
   * @param context whose deadline is set
   * @return its answer, whatever the status
   */
  InvocationResponse invoke(InvocationRequest request, CallContext context);
}
