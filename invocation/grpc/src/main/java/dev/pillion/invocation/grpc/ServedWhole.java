// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.wire.internals.v1.InternalInvokeRequest;
import dev.pillion.wire.internals.v1.InternalInvokeResponse;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** {@code CallLocal}, as older callers call it: bodies are within the messages. */
final class ServedWhole extends ServedCall<InternalInvokeResponse> {
  private @Nullable InternalInvokeRequest request;

  private ServedWhole(
      Serving serving, ServerCall<byte[], InternalInvokeResponse> call, Metadata metadata) {
    super(serving, call, metadata);
  }

  static ServerCallHandler<byte[], InternalInvokeResponse> handler(Serving serving) {
    return (call, metadata) -> {
      // A second message would be a protocol error; it must be seen to be refused.
      call.request(2);
      return new ServedWhole(serving, call, metadata);
    };
  }

  @Override
  public void onMessage(byte[] bytes) {
    if (hasBegun()) {
      return;
    }
    if (request != null) {
      refuse(Status.INTERNAL.withDescription("more than one request in a call of one request"));
      return;
    }
    try {
      request = RawMessage.parse(InternalInvokeRequest.parser(), bytes);
    } catch (InvalidProtocolBufferException e) {
      refuse(Status.INTERNAL.withDescription("the request is no InternalInvokeRequest"));
    }
  }

  @Override
  public void onHalfClose() {
    if (hasBegun()) {
      return;
    }
    if (request == null) {
      refuse(Status.INTERNAL.withDescription("no request in a call of one request"));
      return;
    }
    begin(request);
  }

  @Override
  Body body(InternalInvokeRequest head) {
    return Body.of(head.getMessage().getData().getValue().toByteArray());
  }

  @Override
  void send(InvocationRequest asked, InvocationResponse answer) throws IOException {
    int limit = serving.maxBodySize();
    var body = answer.body().readNBytes(limit + 1);
    var message = AnswerMessage.head(answer, UnsafeByteOperations.unsafeWrap(body));
    int size = message.getSerializedSize();
    if (size > limit) {
      throw Status.RESOURCE_EXHAUSTED
          .withDescription(
              "trying to send message larger than max (%d vs. %d)".formatted(size, limit))
          .asRuntimeException();
    }
    call.sendHeaders(new Metadata());
    call.sendMessage(message);
    close(Status.OK);
  }
}
