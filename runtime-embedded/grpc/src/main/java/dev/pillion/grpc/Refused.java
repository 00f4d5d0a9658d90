// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.StatusRuntimeException;

/** A call that goes no further. */
final class Refused {
  private Refused() {}

  /** Answers with this failure, and hears nothing more of the call. */
  static <Q, A> ServerCall.Listener<Q> with(ServerCall<Q, A> call, StatusRuntimeException failure) {
    var trailers = failure.getTrailers();
    call.close(failure.getStatus(), trailers == null ? new Metadata() : trailers);
    return new ServerCall.Listener<>() {};
  }
}
