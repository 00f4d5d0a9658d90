// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static dev.pillion.wire.runtime.v1.DaprGrpc.getInvokeServiceMethod;

import com.google.protobuf.Any;
import com.google.protobuf.UnsafeByteOperations;
import dev.pillion.BuildingBlockException;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.wire.common.v1.HTTPExtension;
import dev.pillion.wire.common.v1.InvokeRequest;
import dev.pillion.wire.common.v1.InvokeResponse;
import dev.pillion.wire.runtime.v1.InvokeServiceRequest;
import io.grpc.Metadata;
import java.io.IOException;

/** Calls of other apps, and of this one, by their ids. */
final class InvokeService {
  private static final Metadata.Key<String> HTTP_STATUS =
      Metadata.Key.of("dapr-http-status", Metadata.ASCII_STRING_MARSHALLER);

  private final Serving serving;

  InvokeService(Serving serving) {
    this.serving = serving;
  }

  void addTo(RpcTable rpcs) {
    rpcs.withMetadata(getInvokeServiceMethod(), this::invoke);
  }

  private InvokeResponse invoke(InvokeServiceRequest request, RpcMetadata call) {
    var id = request.getId();
    try (var answer =
        serving.runtime().app(id).exchange(asked(request.getMessage(), call), call.context())) {
      CallerMetadata.addHeaders(
          answer.headers(), answer.isGrpc() ? "" : answer.contentType(), call.headers());
      if (!answer.isGrpc()) {
        call.headers().put(HTTP_STATUS, Integer.toString(answer.status()));
      }
      if (!answer.isSuccess()) {
        throw InvokeFailures.answered(answer);
      }
      CallerMetadata.addTrailers(answer.trailers(), call.trailers());
      return message(answer);
    } catch (BuildingBlockException | IllegalArgumentException | IOException e) {
      throw InvokeFailures.of(id, e);
    }
  }

  /** A message whose caller has said no verb goes on without one, as NONE. */
  private static InvocationRequest asked(InvokeRequest message, RpcMetadata call) {
    var http = message.getHttpExtension();
    return new InvocationRequest(
        verb(http.getVerbValue()),
        message.getMethod(),
        http.getQuerystring(),
        CallerMetadata.received(call),
        message.getContentType(),
        Body.of(message.getData().getValue().toByteArray()),
        message.getData().getTypeUrl());
  }

  private static String verb(int number) {
    var known = HTTPExtension.Verb.forNumber(number);
    if (known == null) {
      throw new IllegalArgumentException(
          "invalid HTTP verb: the number %d is none".formatted(number));
    }
    return known.name();
  }

  private InvokeResponse message(InvocationResponse answer) throws IOException {
    int most = serving.maxMessageSize();
    // One more than what may be sent is enough to see that there is too much.
    var body = answer.body().readNBytes((int) Math.min(Integer.MAX_VALUE - 8L, most + 1L));
    serving.checkSize(body.length);
    return InvokeResponse.newBuilder()
        .setContentType(answer.contentType())
        .setData(Any.newBuilder()
            .setTypeUrl(answer.typeUrl())
            .setValue(UnsafeByteOperations.unsafeWrap(body)))
        .build();
  }
}
