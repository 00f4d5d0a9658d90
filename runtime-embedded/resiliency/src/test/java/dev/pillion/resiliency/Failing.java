// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import dev.pillion.ComponentException;
import dev.pillion.call.Call;
import dev.pillion.call.CallBody;
import dev.pillion.call.StatusCoded;

/** A body that fails so many times, and then succeeds. */
final class Failing implements CallBody<String, Exception> {
  int runs;
  private final int failures;
  private final Exception failure;

  private Failing(int failures, Exception failure) {
    this.failures = failures;
    this.failure = failure;
  }

  static Failing times(int failures) {
    return new Failing(failures, ComponentException.unavailable("no answer", null));
  }

  static Failing always(Exception failure) {
    return new Failing(Integer.MAX_VALUE, failure);
  }

  static Failing status(int code) {
    return always(new Answered(code));
  }

  /** A peer's answer. */
  static final class Answered extends RuntimeException implements StatusCoded {
    private static final long serialVersionUID = 1;
    private final int code;

    Answered(int code) {
      super("status " + code);
      this.code = code;
    }

    @Override
    public int statusCode() {
      return code;
    }
  }

  @Override
  public String run(Call call) throws Exception {
    if (runs++ < failures) {
      throw failure;
    }
    return "done";
  }
}
