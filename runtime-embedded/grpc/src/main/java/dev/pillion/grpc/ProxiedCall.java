// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.call.Call;
import dev.pillion.call.CallContext;
import dev.pillion.invocation.InvocationException;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One call that is passed on unread: what the caller sends goes to the app, what that answers goes
 * to the caller, each as fast as the other takes it. The runtime's chain is around it on a thread
 * of the runtime; messages move on the threads of the connections.
 */
final class ProxiedCall extends ServerCall.Listener<byte[]> {
  private static final Logger log = LoggerFactory.getLogger(GrpcFacade.class);
  private static final String OPERATION = "Proxy";

  private final Serving serving;
  private final ProxyTargets targets;
  private final ProxyRequest asked;
  private final ServerCall<byte[], byte[]> caller;
  private final ReentrantLock lock = new ReentrantLock();

  // All of it is touched under the lock, and so are both calls, which are not thread-safe.
  private byte @Nullable [] first;
  private boolean keeping = true;
  private int received;
  private int requested = 1;
  private boolean halfClosed;
  private boolean retried;
  private boolean headersSent;
  private boolean answered;
  private boolean ended;
  private @Nullable ProxyAttempt attempt;

  ProxiedCall(
      Serving serving,
      ProxyTargets targets,
      ProxyRequest asked,
      ServerCall<byte[], byte[]> caller) {
    this.serving = serving;
    this.targets = targets;
    this.asked = asked;
    this.caller = caller;
  }

  /** Asks for the first message, and finds the app meanwhile. */
  void begin() {
    caller.request(1);
    try {
      serving.runtime().threads().execute("grpc/" + OPERATION, this::run);
    } catch (RuntimeException e) {
      fail(e);
    }
  }

  // ---- around it, on a thread of the runtime

  private void run() {
    try {
      var calls = serving.runtime().calls();
      var inbound = Call.inbound(
          UnaryHandler.BLOCK, "grpc", OPERATION, false, asked.metadata().context());
      calls.run(inbound, within -> {
        passOn(within.context());
        return true;
      });
    } catch (ProxyFailure e) {
      end(e.isUnseen() ? unreached(e.status()) : e.status(), e.headers(), e.trailers());
    } catch (Throwable e) {
      fail(e);
    }
  }

  /** The peer has not said it: whom it is about is not in it. */
  private Status unreached(Status status) {
    return status.withDescription(
        "failed to proxy request, id: %s, err: nothing listens where the app should be: %s"
            .formatted(asked.target(), status.getDescription()));
  }

  private void passOn(CallContext context) {
    if (targets.isSelf(asked.target())) {
      attempt(context);
      return;
    }
    var outbound = Call.outbound("invocation", asked.target(), "invoke", true)
        .with(context.at("/" + asked.method().getFullMethodName()));
    retried = !asked.stream() && serving.runtime().attempts(outbound) != 1;
    serving.runtime().calls().run(outbound, call -> {
      attempt(call.context());
      return true;
    });
  }

  /** A way that leads nowhere is not an attempt: another one is looked for, once, as in Dapr. */
  private void attempt(CallContext context) {
    try {
      attemptOnce(context);
    } catch (ProxyFailure e) {
      if (!e.isUnseen()) {
        throw e;
      }
      attemptOnce(context);
    }
  }

  /** Returns when the caller has his answer, or no other attempt can give him one. */
  private void attemptOnce(CallContext context) {
    var route = targets.open(
        asked.target(), "/" + asked.method().getFullMethodName(), context, asked.metadata());
    var next = new ProxyAttempt(this, asked, route, serving.runtime().time());
    lock.lock();
    try {
      if (ended) {
        route.end().told(Status.CANCELLED);
        return;
      }
      attempt = next;
      // Only an opening has a limit of its own: what follows is as long as the caller likes.
      next.start(asked.stream() ? asked.metadata().context().deadline() : context.deadline());
      if (first != null) {
        next.send(first);
      }
      if (halfClosed) {
        next.halfClose();
      }
    } finally {
      lock.unlock();
    }
    next.await(context.deadline());
  }

  private void fail(Throwable failure) {
    var status = status(failure);
    var trailers = status.getTrailers();
    end(status.getStatus(), null, trailers == null ? new Metadata() : trailers);
  }

  private StatusRuntimeException status(Throwable failure) {
    if (failure instanceof InvocationException known) {
      return Status.fromCodeValue(known.statusCode())
          .withDescription(text(failure))
          .asRuntimeException();
    }
    return failure instanceof IllegalArgumentException
        ? GrpcErrors.plain(Status.Code.INVALID_ARGUMENT, text(failure))
        : serving.status(OPERATION, failure);
  }

  private String text(Throwable failure) {
    return "failed to proxy request, id: %s, err: %s"
        .formatted(asked.target(), failure.getMessage());
  }

  // ---- what the caller sends

  @Override
  public void onMessage(byte[] message) {
    lock.lock();
    try {
      received++;
      if (received == 1 && keeping) {
        first = message;
      }
      if (received == 2 && retried && !answered) {
        end(
            Status.FAILED_PRECONDITION.withDescription(
                "cannot use resiliency policies with retries on streaming RPCs"),
            null,
            new Metadata());
        return;
      }
      if (attempt != null) {
        attempt.send(message);
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
      if (attempt != null) {
        attempt.halfClose();
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void onReady() {
    lock.lock();
    try {
      if (attempt != null) {
        attempt.callerIsReady();
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void onCancel() {
    lock.lock();
    try {
      ended = true;
      if (attempt != null) {
        attempt.cancel("the caller has gone");
      }
    } finally {
      lock.unlock();
    }
  }

  // ---- what the app answers, told by its attempt

  ReentrantLock lock() {
    return lock;
  }

  /** The app has taken what it was sent: the caller may send more. */
  void requestMore() {
    if (requested == received && !halfClosed && !ended) {
      requested++;
      caller.request(1);
    }
  }

  /** The call is on its way: only a policy would need the first message again. */
  void keepNoMoreUnlessRetried() {
    if (!retried) {
      keepNoMore();
    }
  }

  private void keepNoMore() {
    keeping = false;
    first = null;
  }

  /**
   * Hands a message on.
   *
   * @return whether the caller takes more now
   */
  boolean answer(@Nullable Metadata headers, byte[] message) {
    if (ended) {
      return false;
    }
    try {
      serving.checkSize(message.length);
    } catch (StatusRuntimeException e) {
      end(e.getStatus(), headers, new Metadata());
      return false;
    }
    answered = true;
    keepNoMore();
    sendHeaders(headers);
    send(() -> caller.sendMessage(message));
    return caller.isReady();
  }

  boolean isAnswered() {
    return answered;
  }

  boolean isEnded() {
    return ended;
  }

  private void sendHeaders(@Nullable Metadata headers) {
    if (!headersSent && headers != null) {
      headersSent = true;
      send(() -> caller.sendHeaders(headers));
    }
  }

  /** The end of the call, once. */
  void end(Status status, @Nullable Metadata headers, Metadata trailers) {
    lock.lock();
    try {
      if (ended) {
        return;
      }
      if (headers != null || status.isOk()) {
        sendHeaders(headers == null ? new Metadata() : headers);
      }
      ended = true;
      send(() -> caller.close(status, trailers));
      if (attempt != null) {
        attempt.cancel("the call has ended");
      }
    } finally {
      lock.unlock();
    }
  }

  /** A call that was cut finds nobody to answer to. */
  private static void send(Runnable answer) {
    try {
      answer.run();
    } catch (RejectedExecutionException | IllegalStateException e) {
      log.debug("a call that was passed on ended after its connection", e);
    }
  }
}
