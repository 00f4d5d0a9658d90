// SPDX-License-Identifier: Apache-2.0
package dev.pillion.call;

import dev.pillion.concurrent.Deadline;
import java.util.Map;

/**
 * What travels with a call beside its arguments.
 *
 * @param deadline when it must be over; the body hands it to the driver
 * @param headers the transport's propagation headers, such as {@code traceparent}, in lower case;
 *     unmodifiable
 */
public record CallContext(Deadline deadline, Map<String, String> headers) {
  /** No deadline, no headers. */
  public static final CallContext EMPTY = new CallContext(Deadline.none(), Map.of());

  /** Copies the headers. */
  public CallContext {
    headers = Map.copyOf(headers);
  }

  /** The same headers with another deadline. */
  public CallContext with(Deadline other) {
    return new CallContext(other, headers);
  }
}
