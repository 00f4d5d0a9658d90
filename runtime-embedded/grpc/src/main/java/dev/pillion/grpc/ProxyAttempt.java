// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.BuildingBlockException;
import dev.pillion.CallTimeoutException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.invocation.grpc.GrpcProxy;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ClientStreamTracer;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One attempt to pass a call on. What is not said to be otherwise is called under its lock. */
final class ProxyAttempt extends ClientCall.Listener<byte[]> {
  private final ProxiedCall whole;
  private final ProxyRequest asked;
  private final ProxyRoute route;
  private final TimeSource time;
  private final CountDownLatch settled = new CountDownLatch(1);
  private @Nullable ClientCall<byte[], byte[]> app;
  private @Nullable Metadata headers;
  private @Nullable BuildingBlockException failure;
  private TimeSource.@Nullable Scheduled alarm;
  private boolean limited;
  private boolean opened;
  private boolean appWaits;
  private boolean callerWaits;
  private boolean halfClosed;
  private boolean over;

  ProxyAttempt(ProxiedCall whole, ProxyRequest asked, ProxyRoute route, TimeSource time) {
    this.whole = whole;
    this.asked = asked;
    this.route = route;
    this.time = time;
  }

  void start(Deadline deadline) {
    var options = CallOptions.DEFAULT.withStreamTracerFactory(new Opening());
    if (route.tracer() != null) {
      options = options.withStreamTracerFactory(route.tracer());
    }
    limited = asked.stream() || deadline.isSet();
    if (deadline.isSet()) {
      options = options.withDeadlineAfter(deadline.remainingNanos(), TimeUnit.NANOSECONDS);
    }
    // The caller's cancellation is passed on by hand.
    var outer = Context.ROOT.attach();
    try {
      var call = route.channel().newCall(asked.method(), options);
      app = call;
      call.start(this, route.headers());
      call.request(1);
    } catch (RuntimeException e) {
      over = true;
      route.end().told(Status.CANCELLED);
      throw e;
    } finally {
      Context.ROOT.detach(outer);
    }
  }

  void send(byte[] message) {
    if (app == null || over || halfClosed) {
      return;
    }
    app.sendMessage(message);
    if (app.isReady()) {
      whole.requestMore();
    } else {
      callerWaits = true;
    }
  }

  void halfClose() {
    if (app != null && !over && !halfClosed) {
      halfClosed = true;
      app.halfClose();
      if (!limited && headers == null && !over) {
        alarm = time.schedule(GrpcProxy.TO_BEGIN_AN_ANSWER, this::tooLate);
      }
    }
  }

  /** On the runtime's timer. */
  private void tooLate() {
    whole.lock().lock();
    try {
      if (!over && headers == null) {
        giveUp(new CallTimeoutException(
            "ERR_DIRECT_INVOKE",
            "%s of \"%s\" did not begin to answer within %d s of the end of the request, and the call has no deadline; one that may take longer has one, or says dapr-stream: true"
                .formatted(
                    asked.method().getFullMethodName(),
                    asked.target(),
                    GrpcProxy.TO_BEGIN_AN_ANSWER.toSeconds()),
            null));
      }
    } finally {
      whole.lock().unlock();
    }
  }

  private void giveUp(CallTimeoutException why) {
    over = true;
    failure = why;
    stopAlarm();
    if (app != null) {
      app.cancel("nobody waits for it any more", null);
    }
    route.end().told(Status.CANCELLED);
    settled.countDown();
  }

  private void stopAlarm() {
    if (alarm != null) {
      alarm.cancel();
      alarm = null;
    }
  }

  void callerIsReady() {
    if (app != null && appWaits) {
      appWaits = false;
      app.request(1);
    }
  }

  void cancel(String why) {
    if (app != null && !over) {
      app.cancel(why, null);
    }
  }

  /**
   * Waits for the end of the attempt, of a stream for its opening; not under the lock.
   *
   * @throws ProxyFailure when it has failed and the caller has seen nothing of it
   * @throws CallTimeoutException when it has been given up
   */
  void await(Deadline deadline) {
    boolean inTime = true;
    var why =
        "was not %s before the deadline of the call".formatted(asked.stream() ? "opened" : "over");
    try {
      if (asked.stream() && deadline.isSet()) {
        inTime = settled.await(deadline.remainingNanos(), TimeUnit.NANOSECONDS);
      } else {
        settled.await();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      inTime = false;
      why = "was waited for by a thread that was interrupted";
    }
    whole.lock().lock();
    try {
      if (!inTime && settled.getCount() > 0) {
        giveUp(new CallTimeoutException(
            "ERR_DIRECT_INVOKE",
            "%s of \"%s\" %s".formatted(asked.method().getFullMethodName(), asked.target(), why),
            null));
      }
      if (failure != null) {
        throw failure;
      }
    } finally {
      whole.lock().unlock();
    }
  }

  // ---- the app's side

  @Override
  public void onReady() {
    whole.lock().lock();
    try {
      if (callerWaits) {
        callerWaits = false;
        whole.requestMore();
      }
    } finally {
      whole.lock().unlock();
    }
  }

  @Override
  public void onHeaders(Metadata arrived) {
    whole.lock().lock();
    try {
      headers = arrived;
      stopAlarm();
    } finally {
      whole.lock().unlock();
    }
  }

  @Override
  public void onMessage(byte[] message) {
    whole.lock().lock();
    try {
      if (over || app == null) {
        return;
      }
      if (whole.answer(headers, message)) {
        app.request(1);
      } else {
        appWaits = true;
      }
    } finally {
      whole.lock().unlock();
    }
  }

  @Override
  public void onClose(Status status, Metadata trailers) {
    whole.lock().lock();
    try {
      if (over) {
        return;
      }
      over = true;
      stopAlarm();
      boolean unseen = route.end().told(status);
      if (status.isOk() || whole.isAnswered() || opened || whole.isEnded()) {
        whole.end(status, headers, trailers);
      } else {
        failure = new ProxyFailure(status, headers, trailers, unseen);
      }
      settled.countDown();
    } finally {
      whole.lock().unlock();
    }
  }

  /** Tells when the call is on its way to an app that is there. */
  private final class Opening extends ClientStreamTracer.Factory {
    @Override
    public ClientStreamTracer newClientStreamTracer(
        ClientStreamTracer.StreamInfo info, Metadata outgoing) {
      return new ClientStreamTracer() {
        @Override
        public void outboundHeaders() {
          opened();
        }
      };
    }
  }

  private void opened() {
    whole.lock().lock();
    try {
      if (over || opened) {
        return;
      }
      if (asked.stream()) {
        opened = true;
        settled.countDown();
      }
      whole.keepNoMoreUnlessRetried();
    } finally {
      whole.lock().unlock();
    }
  }
}
