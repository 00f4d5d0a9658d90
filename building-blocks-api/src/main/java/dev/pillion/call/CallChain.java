// SPDX-License-Identifier: Apache-2.0
package dev.pillion.call;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The fixed list of interceptors of one runtime: the only place where calls are timed, traced,
 * retried or refused. Immutable, thread-safe. Costs two frames and one small object per
 * interceptor, nothing without any.
 */
public final class CallChain {
  private final CallInterceptor[] interceptors;
  private volatile boolean closed;

  private CallChain(List<CallInterceptor> interceptors) {
    this.interceptors = interceptors.toArray(new CallInterceptor[0]);
  }

  /** The chain of these interceptors, the first one outermost. */
  public static CallChain of(List<CallInterceptor> interceptors) {
    return new CallChain(interceptors);
  }

  /**
   * Runs {@code body} within all interceptors.
   *
   * @throws IllegalStateException when the runtime is closed
   */
  public <T extends @Nullable Object, E extends Exception> T run(Call call, CallBody<T, E> body)
      throws E {
    requireOpen();
    return interceptors.length == 0 ? body.run(call) : proceed(0, call, body);
  }

  /**
   * Runs {@code body} with two arguments within all interceptors; without any, nothing is
   * allocated.
   *
   * @throws IllegalStateException when the runtime is closed
   */
  public <A, B, T extends @Nullable Object, E extends Exception> T run(
      Call call, A first, B second, BoundCallBody<A, B, T, E> body) throws E {
    requireOpen();
    return interceptors.length == 0
        ? body.run(call, first, second)
        : proceed(0, call, inner -> body.run(inner, first, second));
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the runtime is closed");
    }
  }

  /** Refuses every further call; idempotent. Calls under way go on. */
  public void close() {
    closed = true;
  }

  private <T extends @Nullable Object, E extends Exception> T proceed(
      int index, Call call, CallBody<T, E> body) throws E {
    if (index == interceptors.length) {
      return body.run(call);
    }
    return interceptors[index].around(call, inner -> proceed(index + 1, inner, body));
  }
}
