// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.security.MessageDigest;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/** Lets a call pass that carries the token; there is no method that is exempt. */
final class TokenCheck implements ServerInterceptor {
  static final Metadata.Key<String> HEADER =
      Metadata.Key.of("dapr-api-token", Metadata.ASCII_STRING_MARSHALLER);

  private final byte[] expected;

  TokenCheck(String token) {
    this.expected = token.getBytes(UTF_8);
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    Iterable<String> sent = headers.removeAll(HEADER);
    var refusal = refusal(sent == null ? null : sent.iterator());
    return refusal == null ? next.startCall(call, headers) : Refused.with(call, refusal);
  }

  /** The first value counts. */
  private @Nullable StatusRuntimeException refusal(@Nullable Iterator<String> sent) {
    if (sent == null || !sent.hasNext()) {
      return unauthorized("missing api token in request metadata");
    }
    return MessageDigest.isEqual(expected, sent.next().getBytes(UTF_8))
        ? null
        : unauthorized("authentication error: api token mismatch");
  }

  private static StatusRuntimeException unauthorized(String detail) {
    return GrpcErrors.http(Status.Code.UNAUTHENTICATED, 401, "Unauthorized", detail);
  }
}
