// SPDX-License-Identifier: Apache-2.0
package dev.pillion.call;

/**
 * One call of any building block, as interceptors see it. Never holds a payload. Names here are
 * bounded in number and may become metric tags; keys and ids are not among them.
 *
 * @param block the building block: {@code state}, {@code pubsub}, {@code bindings},
 *     {@code invocation}, {@code actors}; {@code outbox} for events that are written down;
 *     {@code facade} for what a peer asks of a facade
 * @param direction who calls whom
 * @param target the component, {@code pubsub/topic}, app id or actor type called
 * @param operation the verb, such as {@code get}
 * @param repeatable whether running the body again can't do harm that one run could not; only such
 *     calls are retried
 * @param context deadline and trace context
 */
public record Call(
    String block,
    Direction direction,
    String target,
    String operation,
    boolean repeatable,
    CallContext context) {

  /** Whether the program calls out or is called. */
  public enum Direction {
    /** The program calls a backend or a peer. */
    OUTBOUND,
    /** A backend or a peer calls the program. */
    INBOUND
  }

  /** An outbound call with an empty context. */
  public static Call outbound(String block, String target, String operation, boolean repeatable) {
    return new Call(block, Direction.OUTBOUND, target, operation, repeatable, CallContext.EMPTY);
  }

  /** An inbound call with what its transport carried. */
  public static Call inbound(
      String block, String target, String operation, boolean repeatable, CallContext context) {
    return new Call(block, Direction.INBOUND, target, operation, repeatable, context);
  }

  /** The same call with another context. */
  public Call with(CallContext other) {
    return new Call(block, direction, target, operation, repeatable, other);
  }
}
