// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.pillion.wire.common.v1.StreamPayload;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a body into the frames of a call. Dapr's chunks are of 2 KiB at most, and receivers take any
 * size: larger ones cost less.
 */
final class Chunks {
  /** Of one frame; a body in memory up to this size goes with the head. */
  static final int SIZE = 64 * 1024;

  /** How much of what was sent may wait to be written. */
  static final int READY_THRESHOLD = 2 * SIZE;

  private final Sink sink;
  private final int size;
  private long sequence;

  /** What takes the frames. */
  interface Sink {
    /** Sends a frame; the first carries the head. */
    void send(@Nullable StreamPayload chunk, boolean first);

    /** Sends the only frame. */
    default void sendAll(@Nullable StreamPayload chunk) {
      send(chunk, true);
      end();
    }

    /** All has been sent. */
    void end();

    /** Waits until a frame can be sent without being held here. */
    void awaitReady() throws InterruptedException;
  }

  Chunks(Sink sink, int size) {
    this.sink = sink;
    this.size = size;
  }

  /** Sends head and body, the head with the first chunk unless that would have to be waited for. */
  void send(InputStream body, boolean waitForFirst) throws IOException, InterruptedException {
    int ready = body.available();
    if (body instanceof ByteArrayInputStream && ready <= size) {
      sink.sendAll(
          ready == 0 ? null : payload(UnsafeByteOperations.unsafeWrap(body.readAllBytes())));
      return;
    }
    var buffer = new byte[size];
    boolean first = true;
    if (ready == 0 && !waitForFirst) {
      sink.send(null, true);
      first = false;
    }
    for (int read = body.read(buffer); read >= 0; read = body.read(buffer)) {
      if (read == 0) {
        continue;
      }
      if (!first) {
        sink.awaitReady();
      }
      // gRPC may keep a frame to send it again, so its bytes are its own.
      if (read < size / 2) {
        sink.send(payload(ByteString.copyFrom(buffer, 0, read)), first);
      } else {
        sink.send(payload(UnsafeByteOperations.unsafeWrap(buffer, 0, read)), first);
        buffer = new byte[size];
      }
      first = false;
    }
    if (first) {
      sink.send(null, true);
    }
    sink.end();
  }

  private StreamPayload payload(ByteString data) {
    return StreamPayload.newBuilder().setData(data).setSeq(sequence++).build();
  }
}
