// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import com.google.protobuf.Message;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.wire.common.v1.InvokeResponse;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * What a program answered.
 *
 * @param message null when the status is an error
 */
record AppAnswer<A extends Message>(
    String address,
    MethodDescriptor<?, A> method,
    Status status,
    Metadata headers,
    Metadata trailers,
    @Nullable A message) {
  /**
   * The message.
   *
   * @throws AppStatusException when the status is an error
   */
  A success() {
    if (message == null) {
      throw new AppStatusException(String.valueOf(method.getBareMethodName()), address, status);
    }
    return message;
  }

  /** The answer to {@code OnInvoke}, error or not. */
  InvocationResponse response() {
    var answered = message instanceof InvokeResponse given ? given : null;
    var description = status.getDescription();
    return new InvocationResponse(
        status.getCode().value(),
        description == null ? "" : description,
        AppMetadata.fromApp(headers),
        AppMetadata.fromApp(trailers),
        answered == null ? "" : answered.getContentType(),
        answered == null
            ? InputStream.nullInputStream()
            : answered.getData().getValue().newInput(),
        answered == null ? "" : answered.getData().getTypeUrl());
  }
}
