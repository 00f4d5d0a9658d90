// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.pillion.concurrent.Threads;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.spi.Peer;
import dev.pillion.wire.common.v1.StreamPayload;
import dev.pillion.wire.internals.v1.InternalInvokeRequestStream;
import dev.pillion.wire.internals.v1.InternalInvokeResponse;
import dev.pillion.wire.internals.v1.InternalInvokeResponseStream;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.io.IOException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One {@code CallLocalStream} that is made. The caller's thread waits for the head of the answer
 * and reads the body; a request that is a stream is sent by another thread, for a peer may answer
 * while it reads.
 */
final class AskedCall extends ClientCall.Listener<byte[]> implements ChunkStream.Call {
  private final Peer peer;
  private final InvocationRequest request;
  private final ClientCall<InternalInvokeRequestStream, byte[]> call;
  private final Outcome outcome;
  private final PeerConnection connection;
  private final PeerConnections connections;
  private final ChunkStream body = new ChunkStream(this);
  private final Worker sender = new Worker();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private @Nullable InternalInvokeResponse head;
  private @Nullable Status status;
  private @Nullable RuntimeException failure;

  /**
   * A call that has not been started.
   *
   * @param connection that it is on, and released from when it has ended
   */
  AskedCall(
      Peer peer,
      InvocationRequest request,
      ClientCall<InternalInvokeRequestStream, byte[]> call,
      Outcome outcome,
      PeerConnection connection,
      PeerConnections connections) {
    this.peer = peer;
    this.request = request;
    this.call = call;
    this.outcome = outcome;
    this.connection = connection;
    this.connections = connections;
  }

  /** Whether all of a request can be sent at once, without waiting for anything. */
  static boolean isOneFrame(InvocationRequest request) {
    return request.body().isRepeatable() && request.body().length() <= Chunks.SIZE;
  }

  void start() {
    call.start(this, TraceKeys.of(request.headers()));
    call.request(ChunkStream.WINDOW);
  }

  /**
   * Starts a call whose request is one frame: from the event loop, which wakes up once for all of
   * it.
   */
  void startWhole() {
    var builder = InternalInvokeRequestStream.newBuilder()
        .setRequest(RequestMessage.head(request, peer.appId()));
    if (request.body().length() > 0) {
      builder.setPayload(StreamPayload.newBuilder().setData(inMemory()));
    }
    var frame = builder.build();
    try {
      connection.loop().execute(() -> startWith(frame));
    } catch (RejectedExecutionException e) {
      throw new IllegalStateException("the peer transport is closed", e);
    }
  }

  private void startWith(InternalInvokeRequestStream frame) {
    try {
      start();
    } catch (RuntimeException e) {
      failure = e;
      onClose(Status.CANCELLED.withCause(e), new Metadata());
      return;
    }
    call.sendMessage(frame);
    call.halfClose();
  }

  private ByteString inMemory() {
    try {
      // A caller who is interrupted goes on, and may change them before they are sent.
      return ByteString.copyFrom(request.body().bytes());
    } catch (IOException e) {
      throw new IllegalStateException("a body in memory can't be read", e);
    }
  }

  /** Sends a request chunk by chunk, as fast as the peer takes it, on a thread of its own. */
  void sendBy(Threads threads) {
    try {
      threads.execute("peers/send", () -> sender.run(this::sendFrames));
    } catch (RuntimeException e) {
      fail(e);
    }
  }

  private void sendFrames() {
    try {
      new Chunks(new Frames(), Chunks.SIZE).send(request.body().open(), false);
    } catch (InterruptedException e) {
      // The call has ended, and with it the request.
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      fail(new InvocationException(
          Reason.CLOSED,
          "the body of the request to %s can't be read: %s".formatted(peer, e.getMessage()),
          e));
    } catch (RuntimeException e) {
      fail(e);
    }
  }

  private void fail(RuntimeException reason) {
    lock.lock();
    try {
      if (status != null) {
        return;
      }
      failure = reason;
    } finally {
      lock.unlock();
    }
    call.cancel("the body of the request can't be read", reason);
  }

  private final class Frames implements Chunks.Sink {
    @Override
    public void send(@Nullable StreamPayload chunk, boolean first) {
      var frame = InternalInvokeRequestStream.newBuilder();
      if (first) {
        frame.setRequest(RequestMessage.head(request, peer.appId()));
      }
      if (chunk != null) {
        frame.setPayload(chunk);
      }
      call.sendMessage(frame.build());
    }

    @Override
    public void end() {
      call.halfClose();
    }

    @Override
    public void awaitReady() throws InterruptedException {
      if (call.isReady()) {
        return;
      }
      lock.lockInterruptibly();
      try {
        while (!call.isReady()) {
          if (status != null) {
            throw new InterruptedException("the call has ended");
          }
          changed.await();
        }
      } finally {
        lock.unlock();
      }
    }
  }

  /**
   * Waits for the head of the answer.
   *
   * @return null when the peer does not know this rpc
   */
  @Nullable
  InvocationResponse await() {
    lock.lock();
    try {
      while (head == null && status == null) {
        changed.await();
      }
      if (head != null) {
        return AnswerMessage.read(head, body, RequestMessage.wantsEvents(request));
      }
      if (outcome.isUnknownRpc(status)) {
        return null;
      }
      if (failure == null
          && status != null
          && status.isOk()
          && RequestMessage.wantsEvents(request)) {
        return AnswerMessage.noEvents();
      }
      throw reason(status);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      giveUp();
      throw interrupted(e);
    } finally {
      lock.unlock();
    }
  }

  /** Why a call has ended without an answer, or before its end. */
  private RuntimeException reason(@Nullable Status ended) {
    if (failure != null) {
      return failure;
    }
    if (ended == null || ended.isOk()) {
      return garbage("ended the call without an answer");
    }
    return head == null ? outcome.failure(ended) : outcome.brokenOff(ended);
  }

  private InvocationException garbage(String what) {
    return new InvocationException(Reason.GARBAGE, "%s %s".formatted(peer, what), null);
  }

  @Override
  public void onMessage(byte[] bytes) {
    InternalInvokeResponseStream frame;
    try {
      frame = RawMessage.parse(InternalInvokeResponseStream.parser(), bytes);
    } catch (InvalidProtocolBufferException e) {
      unreadable("sent what is no frame of an answer");
      return;
    }
    var part = frame.getResponse();
    if (frame.hasPayload()) {
      body.add(frame.getPayload());
    }
    if (head == null) {
      if (!part.hasStatus()) {
        unreadable("answered without a status");
        return;
      }
      arrived(part);
    } else if (part.hasStatus() || part.getHeadersCount() > 0 || part.hasMessage()) {
      body.end(garbage("response metadata found in non-leading chunk"));
      call.cancel("the answer is none of this protocol", null);
      return;
    }
    if (!frame.hasPayload()) {
      call.request(1);
    }
  }

  private void arrived(InternalInvokeResponse first) {
    lock.lock();
    try {
      head = first;
    } finally {
      lock.unlock();
    }
    // The end mostly comes right behind, and the caller is to be woken once.
    connection.loop().execute(this::wake);
  }

  private void wake() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void unreadable(String what) {
    var reason = garbage(what);
    body.end(reason);
    fail(reason);
  }

  @Override
  public void onReady() {
    wake();
  }

  @Override
  public void onClose(Status ended, Metadata trailers) {
    lock.lock();
    try {
      status = ended;
      body.end(ended.isOk() && failure == null ? null : reason(ended));
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    sender.stop();
    if (outcome.isConnectionLost(ended)) {
      connections.discard(peer, connection);
    }
    connections.release(connection);
  }

  @Override
  public void request(int messages) {
    call.request(messages);
  }

  @Override
  public void giveUp() {
    try {
      // Behind its start, which may not have been yet.
      connection.loop().execute(() -> call.cancel("the answer was given up", null));
    } catch (RejectedExecutionException e) {
      // The loop has ended, and the call before it.
    }
  }

  @Override
  public InvocationException interrupted(InterruptedException cause) {
    return new InvocationException(
        Reason.CLOSED, "the thread that asked %s was interrupted".formatted(peer), cause);
  }

  @Override
  public InvocationException outOfOrder(String why) {
    return garbage("broke its answer: " + why);
  }
}
