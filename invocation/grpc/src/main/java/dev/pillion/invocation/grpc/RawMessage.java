// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Parser;
import com.google.protobuf.UnsafeByteOperations;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;

/**
 * A message that is still bytes: what is passed on is never read, and bytes that are no message are
 * an error for their sender, not for gRPC's log.
 */
final class RawMessage {
  static final MethodDescriptor.Marshaller<byte[]> MARSHALLER =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] message) {
          return new Outgoing(message);
        }

        @Override
        public byte[] parse(InputStream message) {
          try {
            // gRPC knows how long it is.
            return message.readNBytes(message.available());
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }
      };

  private RawMessage() {}

  /** The message that the bytes are; what it has of bytes are parts of these, not copies. */
  static <M> M parse(Parser<M> parser, byte[] bytes) throws InvalidProtocolBufferException {
    var input = UnsafeByteOperations.unsafeWrap(bytes).newCodedInput();
    input.enableAliasing(true);
    return parser.parseFrom(input);
  }

  private static final class Outgoing extends ByteArrayInputStream
      implements Drainable, KnownLength {
    Outgoing(byte[] message) {
      super(message);
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
      int length = count - pos;
      target.write(buf, pos, length);
      pos = count;
      return length;
    }
  }
}
