// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.Serializer;
import dev.pillion.TypeRef;
import dev.pillion.call.CallContext;
import dev.pillion.invocation.InvocationException;
import org.jspecify.annotations.Nullable;

/**
 * One call that begins at a method of values in this JVM. What runs is found by each attempt, when
 * it comes in: methods and replicas come and go while a call waits in the chain. Each further one
 * goes to the replica whose turn it is then, whose method may take another type, or bytes. Not
 * thread-safe: attempts follow each other.
 */
final class ValueCall {
  private final Asked asked;
  private final Routes routes;
  private final Serializer serializer;
  private final ByBytes byBytes;
  private final Lost lost = new Lost();
  private @Nullable LocalApp chosen;
  private TypeRef<?> passedAs;
  private Object passed;

  /**
   * What is asked.
   *
   * @param request as the caller gives it
   * @param answer what the caller wants
   */
  record Asked(
      Target target, String method, String verb, @Nullable Object request, TypeRef<?> answer) {}

  /** An attempt where no method of this JVM takes values. */
  @FunctionalInterface
  interface ByBytes {
    /**
     * Makes it.
     *
     * @param replica whose turn it is; null when there is none in this JVM
     */
    Object attempt(@Nullable LocalApp replica, CallContext context, Lost lost);
  }

  /**
   * Passes the request on already, so that one which can't be is no attempt.
   *
   * @param first whose turn it is for the first attempt
   * @param expected the type that its method takes by now
   */
  ValueCall(
      Asked asked,
      LocalApp first,
      TypeRef<?> expected,
      Routes routes,
      Serializer serializer,
      ByBytes byBytes) {
    this.asked = asked;
    this.routes = routes;
    this.serializer = serializer;
    this.byBytes = byBytes;
    this.chosen = first;
    this.passedAs = expected;
    this.passed = Passing.leave(asked.request(), passedAs, serializer);
  }

  /** The answer as it leaves the method, or what an attempt by bytes has made of it. */
  Object attempt(CallContext context) {
    var replica = chosen;
    chosen = null;
    if (replica == null || replica.isClosed()) {
      replica = routes.local(asked.target());
    }
    var taker = replica == null ? null : replica.typed(asked.method());
    if (replica == null || taker == null) {
      return byBytes.attempt(replica, context, lost);
    }
    if (!taker.method().type().equals(passedAs)) {
      passedAs = taker.method().type();
      passed = Passing.leave(asked.request(), passedAs, serializer);
    }
    try {
      return replica.call(
          routes.callerOf(replica), taker, asked.verb(), passed, asked.answer(), context);
    } catch (InvocationException e) {
      throw lost.told(e);
    }
  }
}
