// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static io.grpc.stub.MetadataUtils.newAttachHeadersInterceptor;

import dev.pillion.wire.runtime.v1.DaprGrpc;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Calls of any method by its name, with a request of no bytes. */
final class RawCalls {
  private RawCalls() {}

  /** The full names of every rpc of Dapr's service. */
  static List<String> daprMethods() {
    return DaprGrpc.getServiceDescriptor().getMethods().stream()
        .map(MethodDescriptor::getFullMethodName)
        .toList();
  }

  static MethodDescriptor<byte[], byte[]> method(String name) {
    return MethodDescriptor.newBuilder(RawRequest.MARSHALLER, RawRequest.MARSHALLER)
        .setFullMethodName(name)
        .setType(MethodDescriptor.MethodType.UNARY)
        .build();
  }

  static byte[] call(Channel channel, String method, Metadata headers) {
    return ClientCalls.blockingUnaryCall(
        ClientInterceptors.intercept(channel, newAttachHeadersInterceptor(headers)),
        method(method),
        CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS),
        new byte[0]);
  }

  /** The failure of a call; null when it did not fail. */
  static TestFacade.Failure failure(Channel channel, String method, Metadata headers) {
    try {
      call(channel, method, headers);
      return null;
    } catch (StatusRuntimeException e) {
      return new TestFacade.Failure(e);
    }
  }
}
