// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/**
 * A request that is still bytes: parsing belongs to the thread that answers, and bytes that are no
 * message to their sender, not to the log.
 */
final class RawRequest {
  static final MethodDescriptor.Marshaller<byte[]> MARSHALLER =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
          return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
          try {
            return stream.readAllBytes();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }
      };

  private RawRequest() {}

  /** The message that the bytes are, by the method's own description. */
  static <Q extends Message> Q parse(MethodDescriptor<Q, ?> method, byte[] bytes) {
    var prototype =
        (Message) ((PrototypeMarshaller<Q>) method.getRequestMarshaller()).getMessagePrototype();
    if (prototype == null) {
      throw new IllegalStateException(method.getFullMethodName() + " has no type of request");
    }
    try {
      @SuppressWarnings("unchecked") // The prototype is a Q.
      Q request = (Q) prototype.getParserForType().parseFrom(bytes);
      return request;
    } catch (InvalidProtocolBufferException e) {
      throw GrpcErrors.plain(
          Status.Code.INTERNAL,
          "the request is no " + prototype.getDescriptorForType().getName());
    }
  }
}
