// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.wire.common.v1.StreamPayload;
import dev.pillion.wire.internals.v1.InternalInvokeRequest;
import dev.pillion.wire.internals.v1.InternalInvokeRequestStream;
import dev.pillion.wire.internals.v1.InternalInvokeResponse;
import dev.pillion.wire.internals.v1.InternalInvokeResponseStream;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** {@code CallLocalStream}: bodies come and go in chunks, a few of which are held at a time. */
final class ServedFrames extends ServedCall<InternalInvokeResponseStream>
    implements ChunkStream.Call {
  /** As Dapr cuts events. */
  private static final int EVENT_SIZE = 1024;

  /** For how long an answer waits for a caller who takes nothing of it. */
  static final Duration PATIENCE = Duration.ofSeconds(60);

  private final ChunkStream body = new ChunkStream(this);
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private boolean gone;

  private ServedFrames(
      Serving serving, ServerCall<byte[], InternalInvokeResponseStream> call, Metadata metadata) {
    super(serving, call, metadata);
  }

  static ServerCallHandler<byte[], InternalInvokeResponseStream> handler(Serving serving) {
    return (call, metadata) -> {
      call.setOnReadyThreshold(Chunks.READY_THRESHOLD);
      call.request(ChunkStream.WINDOW);
      return new ServedFrames(serving, call, metadata);
    };
  }

  @Override
  public void onMessage(byte[] bytes) {
    InternalInvokeRequestStream frame;
    try {
      frame = RawMessage.parse(InternalInvokeRequestStream.parser(), bytes);
    } catch (InvalidProtocolBufferException e) {
      if (hasBegun()) {
        body.end(outOfOrder("what was received is no frame of a request"));
      } else {
        refuse(Status.INTERNAL.withDescription("the first frame is no frame of a request"));
      }
      return;
    }
    if (!hasBegun()) {
      first(frame);
    } else if (hasContent(frame)) {
      body.end(outOfOrder("request metadata found in non-leading chunk"));
    } else if (frame.hasPayload()) {
      body.add(frame.getPayload());
    } else {
      call.request(1);
    }
  }

  private void first(InternalInvokeRequestStream frame) {
    var head = frame.getRequest();
    if (head.getMetadataCount() == 0 || !head.hasMessage()) {
      refuse(Status.INVALID_ARGUMENT.withDescription(
          "the first frame of a request has metadata and a message"));
      return;
    }
    if (frame.hasPayload()) {
      body.add(frame.getPayload());
    }
    begin(head);
  }

  private static boolean hasContent(InternalInvokeRequestStream frame) {
    return frame.getRequest().getMetadataCount() > 0 || frame.getRequest().hasMessage();
  }

  @Override
  public void onHalfClose() {
    if (hasBegun()) {
      body.end(null);
    } else {
      refuse(Status.INVALID_ARGUMENT.withDescription("a request without any frame"));
    }
  }

  @Override
  Body body(InternalInvokeRequest head) {
    var whole = body.whole();
    return whole == null ? Body.of(body, RequestMessage.length(head)) : Body.of(whole);
  }

  @Override
  void send(InvocationRequest request, InvocationResponse answer)
      throws IOException, InterruptedException {
    boolean events = RequestMessage.wantsEvents(request) && answer.status() / 100 == 2;
    var head = events ? AnswerMessage.eventsHead(answer) : AnswerMessage.head(answer);
    new Chunks(new Frames(head, events), events ? EVENT_SIZE : Chunks.SIZE)
        .send(answer.body(), events);
  }

  private final class Frames implements Chunks.Sink {
    private final InternalInvokeResponse head;
    private final boolean events;

    Frames(InternalInvokeResponse head, boolean events) {
      this.head = head;
      this.events = events;
    }

    @Override
    public void send(@Nullable StreamPayload chunk, boolean first) {
      send(frame(chunk, first), first);
    }

    /** From the event loop, where three things become one write, and the caller wakes up once. */
    @Override
    public void sendAll(@Nullable StreamPayload chunk) {
      var frame = frame(chunk, true);
      loop().execute(() -> {
        send(frame, true);
        end();
      });
    }

    private void send(InternalInvokeResponseStream frame, boolean first) {
      if (first) {
        call.sendHeaders(new Metadata());
      }
      call.sendMessage(frame);
    }

    @Override
    public void end() {
      close(Status.OK);
    }

    private InternalInvokeResponseStream frame(@Nullable StreamPayload chunk, boolean first) {
      var frame = InternalInvokeResponseStream.newBuilder();
      if (first) {
        frame.setResponse(head);
      } else if (events) {
        frame.setResponse(InternalInvokeResponse.getDefaultInstance());
      }
      if (chunk != null) {
        frame.setPayload(chunk);
      }
      return frame.build();
    }

    @Override
    public void awaitReady() throws InterruptedException {
      if (call.isReady()) {
        return;
      }
      var patience = Deadline.after(PATIENCE, serving.time());
      var alarm = serving.time().schedule(PATIENCE, () -> changed(false));
      try {
        awaitReadyWithin(patience);
      } finally {
        alarm.cancel();
      }
    }
  }

  private void awaitReadyWithin(Deadline patience) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (!call.isReady()) {
        if (gone) {
          throw new InterruptedException("the caller is gone");
        }
        if (patience.hasPassed()) {
          throw Status.DEADLINE_EXCEEDED
              .withDescription(
                  "the caller took nothing of the answer for %d s".formatted(PATIENCE.toSeconds()))
              .asRuntimeException();
        }
        changed.await();
      }
    } finally {
      lock.unlock();
    }
  }

  private void changed(boolean isGone) {
    lock.lock();
    try {
      gone |= isGone;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void onReady() {
    changed(false);
  }

  @Override
  public void onCancel() {
    body.end(new InvocationException(
        InvocationException.Reason.CLOSED,
        "the caller ended the call before it had sent the whole request",
        null));
    changed(true);
    super.onCancel();
  }

  @Override
  public void request(int messages) {
    call.request(messages);
  }

  @Override
  public void giveUp() {
    // The caller sees it when the answer has been sent.
  }

  @Override
  public InvocationException interrupted(InterruptedException cause) {
    return new InvocationException(
        InvocationException.Reason.CLOSED,
        "the thread that read the request was interrupted",
        cause);
  }

  @Override
  public InvocationException outOfOrder(String why) {
    return new InvocationException(InvocationException.Reason.GARBAGE, why, null);
  }
}
