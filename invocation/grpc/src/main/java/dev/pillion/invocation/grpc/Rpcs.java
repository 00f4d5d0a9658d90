// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import com.google.protobuf.Message;
import dev.pillion.wire.internals.v1.InternalInvokeRequest;
import dev.pillion.wire.internals.v1.InternalInvokeRequestStream;
import dev.pillion.wire.internals.v1.InternalInvokeResponse;
import dev.pillion.wire.internals.v1.InternalInvokeResponseStream;
import dev.pillion.wire.internals.v1.ServiceInvocationGrpc;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;

/** The rpcs that are served and called. What comes in stays bytes until it is known whose it is. */
final class Rpcs {
  /** A request of one frame: on the wire the same rpc, but written at once. */
  static final MethodDescriptor<InternalInvokeRequestStream, byte[]> ONE_FRAME =
      called(ServiceInvocationGrpc.getCallLocalStreamMethod(), MethodType.SERVER_STREAMING);

  static final MethodDescriptor<InternalInvokeRequestStream, byte[]> FRAMES =
      called(ServiceInvocationGrpc.getCallLocalStreamMethod(), MethodType.BIDI_STREAMING);

  static final MethodDescriptor<InternalInvokeRequest, byte[]> WHOLE =
      called(ServiceInvocationGrpc.getCallLocalMethod(), MethodType.UNARY);

  static final MethodDescriptor<byte[], InternalInvokeResponseStream> SERVED_FRAMES =
      served(ServiceInvocationGrpc.getCallLocalStreamMethod());

  static final MethodDescriptor<byte[], InternalInvokeResponse> SERVED_WHOLE =
      served(ServiceInvocationGrpc.getCallLocalMethod());

  private Rpcs() {}

  private static <Q extends Message> MethodDescriptor<Q, byte[]> called(
      MethodDescriptor<Q, ?> rpc, MethodType type) {
    return rpc.toBuilder(rpc.getRequestMarshaller(), RawMessage.MARSHALLER)
        .setType(type)
        .setSchemaDescriptor(null)
        .build();
  }

  private static <A extends Message> MethodDescriptor<byte[], A> served(
      MethodDescriptor<?, A> rpc) {
    return rpc.toBuilder(RawMessage.MARSHALLER, rpc.getResponseMarshaller()).build();
  }
}
