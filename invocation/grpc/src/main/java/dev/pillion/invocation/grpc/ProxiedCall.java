// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One call that is passed on. Each side is asked for its next message when the other can take it,
 * so that one of each is held at most.
 */
final class ProxiedCall extends ServerCall.Listener<byte[]> {
  private final GrpcProxy proxy;
  private final ServerCall<byte[], byte[]> in;
  private final Metadata metadata;
  private final @Nullable Deadline deadline = Context.current().getDeadline();
  private final ReentrantLock lock = new ReentrantLock();
  private final AtomicBoolean outWaits = new AtomicBoolean();
  private @Nullable ClientCall<byte[], byte[]> out;
  private byte @Nullable [] first;
  private boolean halfClosed;
  private boolean cancelled;
  private boolean inWaits;

  ProxiedCall(GrpcProxy proxy, ServerCall<byte[], byte[]> in, Metadata metadata) {
    this.proxy = proxy;
    this.in = in;
    this.metadata = metadata;
  }

  /** Finds the target and calls it; on a thread that may block. */
  void open() {
    ProxyTarget target;
    try {
      target = proxy.target(in, metadata);
    } catch (RuntimeException e) {
      in.close(GrpcProxy.status(e), new Metadata());
      return;
    }
    var call = target
        .channel()
        .newCall(in.getMethodDescriptor(), CallOptions.DEFAULT.withDeadline(deadline));
    boolean isCancelled;
    lock.lock();
    try {
      out = call;
      // When the program can take more than what has come, more is asked for.
      inWaits = first != null;
      call.start(new Answers(), target.metadata());
      isCancelled = cancelled;
      if (first != null) {
        call.sendMessage(first);
        first = null;
      }
      if (halfClosed) {
        call.halfClose();
      }
    } finally {
      lock.unlock();
    }
    if (isCancelled) {
      call.cancel("the caller is gone", null);
    } else {
      call.request(1);
    }
  }

  @Override
  public void onMessage(byte[] message) {
    lock.lock();
    try {
      var call = out;
      if (call == null) {
        // One has been asked for, so that this is all there is until the program is found.
        first = message;
        return;
      }
      call.sendMessage(message);
      if (call.isReady()) {
        in.request(1);
      } else {
        inWaits = true;
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void onHalfClose() {
    lock.lock();
    try {
      halfClosed = true;
      if (out != null) {
        out.halfClose();
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void onCancel() {
    ClientCall<byte[], byte[]> call;
    lock.lock();
    try {
      cancelled = true;
      call = out;
    } finally {
      lock.unlock();
    }
    if (call != null) {
      call.cancel("the caller is gone", null);
    }
  }

  @Override
  public void onReady() {
    if (outWaits.getAndSet(false)) {
      ClientCall<byte[], byte[]> call;
      lock.lock();
      try {
        call = out;
      } finally {
        lock.unlock();
      }
      if (call != null) {
        call.request(1);
      }
    }
  }

  /** What the program answers. */
  private final class Answers extends ClientCall.Listener<byte[]> {
    @Override
    public void onHeaders(Metadata headers) {
      in.sendHeaders(headers);
    }

    @Override
    public void onMessage(byte[] message) {
      in.sendMessage(message);
      outWaits.set(true);
      if (in.isReady()) {
        ProxiedCall.this.onReady();
      }
    }

    @Override
    public void onReady() {
      boolean ask;
      lock.lock();
      try {
        ask = inWaits;
        inWaits = false;
      } finally {
        lock.unlock();
      }
      if (ask) {
        in.request(1);
      }
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      in.close(status, trailers);
    }
  }
}
