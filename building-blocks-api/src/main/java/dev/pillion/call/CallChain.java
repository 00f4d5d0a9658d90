// SPDX-License-Identifier: Apache-2.0
package dev.pillion.call;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The fixed list of interceptors of one runtime: the only place where calls are timed, traced,
 * retried or refused. Immutable, thread-safe. Costs two frames and one small object per interceptor
 * that {@linkplain CallInterceptor#appliesTo applies} to the call, and nothing where none does.
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
    int first = next(0, call);
    return first == interceptors.length ? body.run(call) : proceed(first, call, body);
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
    int outermost = next(0, call);
    return outermost == interceptors.length
        ? body.run(call, first, second)
        : proceed(outermost, call, inner -> body.run(inner, first, second));
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

  /** The first interceptor from this one on that the call concerns; their number when none is. */
  private int next(int index, Call call) {
    int found = index;
    while (found < interceptors.length && !interceptors[found].appliesTo(call)) {
      found++;
    }
    return found;
  }

  private <T extends @Nullable Object, E extends Exception> T proceed(
      int index, Call call, CallBody<T, E> body) throws E {
    return interceptors[index].around(call, inner -> {
      int further = next(index + 1, inner);
      return further == interceptors.length ? body.run(inner) : proceed(further, inner, body);
    });
  }
}
