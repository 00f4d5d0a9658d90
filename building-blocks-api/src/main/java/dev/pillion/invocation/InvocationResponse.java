// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What an app answered. Holds what the call occupies, such as a slot of the app or a stream of a
 * connection, until the body is read to its end or this is closed, so it is closed always.
 *
 * @param status of HTTP 100 to 599, of gRPC 0 to 16, as in Dapr's own messages
 * @param message what a gRPC program said beside an error; empty else
 * @param headers by name; {@code -bin} values in base64; unmodifiable
 * @param trailers of a gRPC program, written as headers are; unmodifiable
 * @param contentType empty when there is none
 * @param body reading it throws {@link InvocationException} when the program ends it too early or
 *     sends too much, and {@link dev.pillion.CallTimeoutException} when the call's deadline passes
 * @param typeUrl of a body that came as a protobuf {@code Any}; empty else
 */
public record InvocationResponse(
    int status,
    String message,
    Map<String, List<String>> headers,
    Map<String, List<String>> trailers,
    String contentType,
    InputStream body,
    String typeUrl)
    implements AutoCloseable {
  /** Copies headers and trailers. */
  public InvocationResponse {
    headers = InvocationRequest.copyOf(headers);
    trailers = InvocationRequest.copyOf(trailers);
  }

  /** An answer whose body is no {@code Any}. */
  public InvocationResponse(
      int status,
      String message,
      Map<String, List<String>> headers,
      Map<String, List<String>> trailers,
      String contentType,
      InputStream body) {
    this(status, message, headers, trailers, contentType, body, "");
  }

  /** An answer whose body is in memory, without trailers. */
  public static InvocationResponse of(
      int status, Map<String, List<String>> headers, String contentType, byte[] body) {
    return new InvocationResponse(
        status, "", headers, Map.of(), contentType, new ByteArrayInputStream(body));
  }

  /** Whether it is an answer of gRPC, whose status is a gRPC code. */
  public boolean isGrpc() {
    return status < 100;
  }

  /** Whether the program says that it has done what it was asked: 2xx, or gRPC's 0. */
  public boolean isSuccess() {
    return isGrpc() ? status == 0 : status / 100 == 2;
  }

  /** The status as an HTTP caller sees it, by Dapr's table. */
  public int httpStatus() {
    return isGrpc() ? StatusCodes.http(status) : status;
  }

  /** The status as a gRPC caller sees it, by Dapr's table. */
  public int grpcCode() {
    return isGrpc() ? status : StatusCodes.grpc(status);
  }

  /** The same answer with other headers and another body. */
  public InvocationResponse with(Map<String, List<String>> otherHeaders, InputStream otherBody) {
    return new InvocationResponse(
        status, message, otherHeaders, trailers, contentType, otherBody, typeUrl);
  }

  /** The same answer, but reading more than this many bytes of its body fails. */
  public InvocationResponse limitedTo(int limit, Supplier<? extends RuntimeException> tooLarge) {
    return with(headers, new CappedStream(body, limit, tooLarge));
  }

  /** Gives up the rest of the body; idempotent. */
  @Override
  public void close() {
    try {
      body.close();
    } catch (IOException e) {
      // Nobody reads the rest: that it can't be read is no news.
    }
  }
}
