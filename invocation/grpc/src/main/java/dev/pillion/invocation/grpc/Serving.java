// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import dev.pillion.CallRejectedException;
import dev.pillion.CallTimeoutException;
import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.invocation.Invocation;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.spi.PeerContext;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What all calls that are taken share: whom they are handed to, and what failures become. */
final class Serving {
  private static final Logger log = LoggerFactory.getLogger(GrpcPeers.class);
  private static final String THREAD = "peers/serve";

  private final PeerContext context;
  private final int maxBodySize;

  Serving(PeerContext context, int maxBodySize) {
    this.context = context;
    this.maxBodySize = maxBodySize;
  }

  /**
   * Does the work on a thread that may block.
   *
   * @throws StatusRuntimeException when there is none
   */
  void execute(Runnable work) {
    try {
      context.threads().execute(THREAD, work);
    } catch (CallRejectedException | IllegalStateException e) {
      // Nothing has been done: a caller may try elsewhere.
      throw Status.UNAVAILABLE
          .withDescription(
              "\"%s\" takes no further call: %s".formatted(context.appId(), e.getMessage()))
          .asRuntimeException();
    }
  }

  /** The caller's deadline, read when the call comes in. */
  Deadline deadline() {
    var asked = Context.current().getDeadline();
    return asked == null
        ? Deadline.none()
        : Deadline.after(
            Duration.ofNanos(asked.timeRemaining(TimeUnit.NANOSECONDS)), context.time());
  }

  InvocationResponse handle(
      InvocationRequest request, Deadline deadline, ServerCall<?, ?> call, Metadata metadata)
      throws Exception {
    var trace = TraceKeys.of(metadata, request.headers());
    return context
        .receiver()
        .handle(
            request,
            new Invocation(PeerIdentity.of(call.getAttributes()), CallContext.of(deadline, trace)));
  }

  TimeSource time() {
    return context.time();
  }

  /** Larger answers than this can't be one message. */
  int maxBodySize() {
    return maxBodySize;
  }

  /** What a caller is told when there is no answer, as a daprd tells it. */
  Status status(Throwable failure) {
    if (failure instanceof StatusRuntimeException known) {
      return known.getStatus();
    }
    if (failure instanceof InvocationException denied
        && denied.reason() == InvocationException.Reason.DENIED) {
      return Status.PERMISSION_DENIED.withDescription(denied.getMessage());
    }
    if (failure instanceof InvocationException known) {
      return Status.INTERNAL.withDescription("error invoking app channel: " + known.getMessage());
    }
    if (failure instanceof CallTimeoutException late) {
      return Status.DEADLINE_EXCEEDED.withDescription(late.getMessage());
    }
    if (failure instanceof CallRejectedException rejected) {
      return Status.UNAVAILABLE.withDescription(rejected.getMessage());
    }
    if (failure instanceof InterruptedException) {
      return Status.CANCELLED.withDescription("the call was ended");
    }
    log.error("a call of a peer failed unexpectedly", failure);
    return Status.INTERNAL.withDescription(
        "unexpected failure; the log of \"%s\" says more".formatted(context.appId()));
  }
}
