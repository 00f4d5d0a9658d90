// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation;

import dev.pillion.TypeRef;
import dev.pillion.call.CallContext;
import org.jspecify.annotations.Nullable;

/**
 * Another app, or this one: its methods are called by their names, wherever it runs. Dapr's service
 * invocation.
 *
 * <p>A call has a deadline, 60 s unless {@linkplain InvokeOptions#timeout set}, passes the
 * resiliency policies of the app, and goes to one of the places where the app runs, in turn.
 * Arguments and results are never shared with the method, not even inside one JVM.
 *
 * <p>Thread-safe; usable until the runtime is closed, then {@link IllegalStateException}. Every
 * verb throws
 *
 * <ul>
 *   <li>{@link InvocationException} when the app can't be found or reached, denies the call, or
 *       answers with an error
 *   <li>{@link dev.pillion.CallTimeoutException} when the deadline passes
 *   <li>{@link dev.pillion.CallRejectedException} when a circuit breaker or a limit keeps the call
 *       back
 *   <li>{@link dev.pillion.SerializationException} when request or answer are not of their type
 *   <li>{@link IllegalArgumentException} when the method has a {@code #}, a {@code ?} or a control
 *       character in it, or the request is options, a {@code Class}, a {@code TypeRef} or an
 *       {@code Optional}
 * </ul>
 */
public interface AppClient {
  /**
   * Whom it calls, as it was asked for: an app id, {@code appId.namespace}, an endpoint or a URL.
   */
  String target();

  /**
   * Calls a method and reads its answer.
   *
   * @param method its name, or a path; slashes at the begin and the end make no difference
   * @param request what it is given; null for nothing, {@code byte[]} for the bytes untouched
   * @param type what the answer is read as; {@code byte[]} for the bytes untouched
   * @return the answer; null when the method gave none
   */
  <T> @Nullable T invoke(String method, @Nullable Object request, Class<T> type);

  /** The same with verb, query, headers or a timeout of its own. */
  <T> @Nullable T invoke(
      String method, @Nullable Object request, InvokeOptions options, Class<T> type);

  /** The same for generic types. */
  <T> @Nullable T invoke(
      String method, @Nullable Object request, InvokeOptions options, TypeRef<T> type);

  /** Calls a method whose answer does not matter, and returns when it has been given. */
  void send(String method, @Nullable Object request);

  /** The same with verb, query, headers or a timeout of its own. */
  void send(String method, @Nullable Object request, InvokeOptions options);

  /**
   * Sends a request as it is and returns the answer as it comes, whatever its status. Bodies may be
   * streams, which are never held whole: such a request is sent once at most.
   *
   * @return to be closed, which gives up what has not been read
   */
  default InvocationResponse exchange(InvocationRequest request) {
    return exchange(request, CallContext.EMPTY);
  }

  /**
   * The same on behalf of another call.
   *
   * @param context that call's deadline and trace
   */
  InvocationResponse exchange(InvocationRequest request, CallContext context);
}
