// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import dev.pillion.call.Call;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ClientStreamTracer;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One call that is passed on. Each side is asked for its next message when the other can take it,
 * so that one of each is held at most. The runtime's chain is around it on a thread of the runtime,
 * for as long as it lasts, or until it is opened where its caller says that it is a stream;
 * messages move on the threads of the connections. The end of either side is the end of the other.
 */
final class ProxiedCall extends ServerCall.Listener<byte[]> {
  private static final Logger log = LoggerFactory.getLogger(GrpcPeers.class);

  private final GrpcProxy proxy;
  private final ServerCall<byte[], byte[]> in;
  private final Metadata metadata;
  private final Deadline deadline;
  private final boolean stream;
  private final Worker worker = new Worker();
  private final CountDownLatch settled = new CountDownLatch(1);
  private final AtomicBoolean closed = new AtomicBoolean();
  private final AtomicBoolean outWaits = new AtomicBoolean();
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable ClientCall<byte[], byte[]> out;
  private TimeSource.@Nullable Scheduled alarm;
  private byte @Nullable [] first;
  private @Nullable Status end;
  private boolean halfClosed;
  private boolean answered;
  private boolean late;
  private boolean abandoned;
  private boolean over;
  private boolean inWaits;

  ProxiedCall(
      GrpcProxy proxy, ServerCall<byte[], byte[]> in, Metadata metadata, Deadline deadline) {
    this.proxy = proxy;
    this.in = in;
    this.metadata = metadata;
    this.deadline = deadline;
    this.stream = GrpcProxy.isStream(metadata);
  }

  // ---- around it, on a thread of the runtime

  /** Passes the call on, and waits until it has ended. A caller who is gone ends the wait. */
  void run() {
    worker.run(() -> {
      try {
        proxy.receive(in, metadata, deadline, this::passOn);
      } catch (ProxyFailure e) {
        close(e.status(), new Metadata());
      } catch (Throwable e) {
        close(proxy.status(e), new Metadata());
      }
    });
  }

  private Boolean passOn(Call call) {
    var admitted = proxy.admit(in, call.context(), metadata);
    boolean started = false;
    try {
      start(admitted, call.context().instance());
      started = true;
    } finally {
      if (!started) {
        admitted.end().run();
      }
    }
    await();
    return true;
  }

  /** @param operation what was permitted, which alone is asked for */
  private void start(GrpcProxy.Admitted admitted, String operation) {
    var options = CallOptions.DEFAULT;
    if (stream) {
      options = options.withStreamTracerFactory(new Opening());
    }
    if (deadline.isSet()) {
      options = options.withDeadlineAfter(deadline.remainingNanos(), TimeUnit.NANOSECONDS);
    }
    var rpc = in.getMethodDescriptor().toBuilder()
        .setFullMethodName(operation.substring(1))
        .build();
    var call = admitted.channel().newCall(rpc, options);
    boolean isOver;
    lock.lock();
    try {
      out = call;
      // When the program can take more than what has come, more is asked for.
      inWaits = first != null;
      call.start(new Answers(admitted.end()), admitted.metadata());
      isOver = over;
      if (first != null) {
        call.sendMessage(first);
        first = null;
      }
      if (halfClosed) {
        halfClose(call);
      }
    } finally {
      lock.unlock();
    }
    if (isOver) {
      cancel("the caller is gone");
    } else {
      call.request(1);
    }
  }

  private void await() {
    try {
      settled.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      abandon();
      throw new ProxyFailure(Status.CANCELLED.withDescription("the call was ended"));
    }
    lock.lock();
    try {
      if (end != null && !end.isOk()) {
        throw new ProxyFailure(end);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Whoever interrupted the wait knows why it has ended, and has it told. */
  private void abandon() {
    lock.lock();
    try {
      abandoned = true;
    } finally {
      lock.unlock();
    }
    cancel("nobody waits for it any more");
  }

  private void cancel(String why) {
    ClientCall<byte[], byte[]> call;
    lock.lock();
    try {
      over = true;
      call = out;
    } finally {
      lock.unlock();
    }
    if (call != null) {
      call.cancel(why, null);
    }
  }

  private void close(Status status, Metadata trailers) {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    try {
      in.close(status, trailers);
    } catch (RejectedExecutionException | IllegalStateException e) {
      log.debug("a call that was passed on ended after its connection", e);
    }
  }

  // ---- what the caller sends

  @Override
  public void onMessage(byte[] message) {
    lock.lock();
    try {
      var call = out;
      if (over) {
        return;
      }
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
      if (out != null && !over) {
        halfClose(out);
      }
    } finally {
      lock.unlock();
    }
  }

  /** All has been asked: who may be waited for without end has a deadline, or says so. */
  private void halfClose(ClientCall<byte[], byte[]> call) {
    call.halfClose();
    if (!deadline.isSet() && !stream && !answered && !over) {
      alarm = proxy.time().schedule(GrpcProxy.TO_BEGIN_AN_ANSWER, this::tooLate);
    }
  }

  private void tooLate() {
    lock.lock();
    try {
      if (answered || over) {
        return;
      }
      late = true;
    } finally {
      lock.unlock();
    }
    cancel("the program did not begin its answer in time");
  }

  @Override
  public void onCancel() {
    worker.stop();
    cancel("the caller is gone");
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

  // ---- what the program answers

  private void answered() {
    lock.lock();
    try {
      answered = true;
      if (alarm != null) {
        alarm.cancel();
        alarm = null;
      }
    } finally {
      lock.unlock();
    }
  }

  private final class Answers extends ClientCall.Listener<byte[]> {
    private final Runnable giveBack;

    Answers(Runnable giveBack) {
      this.giveBack = giveBack;
    }

    @Override
    public void onHeaders(Metadata headers) {
      answered();
      if (!closed.get()) {
        in.sendHeaders(headers);
      }
    }

    @Override
    public void onMessage(byte[] message) {
      if (closed.get()) {
        return;
      }
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
        ask = inWaits && !over;
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
      answered();
      // Before the caller can know that it is over, and ask anew.
      giveBack.run();
      Status ended;
      boolean tell;
      lock.lock();
      try {
        over = true;
        ended = late ? tooLateStatus() : status;
        end = ended;
        tell = !abandoned;
      } finally {
        lock.unlock();
      }
      if (tell) {
        close(ended, trailers);
      }
      settled.countDown();
    }
  }

  private static Status tooLateStatus() {
    return Status.DEADLINE_EXCEEDED.withDescription(
        "the app did not begin to answer within %d s of the end of the request, and the call has no deadline; one that may take longer has one, or says dapr-stream: true"
            .formatted(GrpcProxy.TO_BEGIN_AN_ANSWER.toSeconds()));
  }

  /** Tells when the call is on its way to a program that is there. */
  private final class Opening extends ClientStreamTracer.Factory {
    @Override
    public ClientStreamTracer newClientStreamTracer(
        ClientStreamTracer.StreamInfo info, Metadata outgoing) {
      return new ClientStreamTracer() {
        @Override
        public void outboundHeaders() {
          settled.countDown();
        }
      };
    }
  }
}
