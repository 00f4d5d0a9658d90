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
 * @param instance which one of the target is called: an app's method path, an actor id; empty where
 *     the target has no parts. Circuit breakers may be kept per instance; it is never a metric tag,
 *     for its values are without number
 */
public record CallContext(Deadline deadline, Map<String, String> headers, String instance) {
  /** No deadline, no headers, no instance. */
  public static final CallContext EMPTY = new CallContext(Deadline.none(), Map.of(), "");

  /** Copies the headers. */
  public CallContext {
    headers = Map.copyOf(headers);
  }

  /** What a transport carried for a target without parts. */
  public static CallContext of(Deadline deadline, Map<String, String> headers) {
    return new CallContext(deadline, headers, "");
  }

  /** The same with another deadline. */
  public CallContext with(Deadline other) {
    return new CallContext(other, headers, instance);
  }

  /** The same with other headers. */
  public CallContext with(Map<String, String> other) {
    return new CallContext(deadline, other, instance);
  }

  /** The same for one part of the target. */
  public CallContext at(String other) {
    return new CallContext(deadline, headers, other);
  }
}
