// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.wire.internals.v1.InternalInvokeRequest;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One call that is taken: its messages come on the event loop, one thread of the runtime answers
 * it, and is interrupted when the caller is gone.
 */
abstract class ServedCall<A> extends ServerCall.Listener<byte[]> {
  private static final Logger log = LoggerFactory.getLogger(GrpcPeers.class);

  final Serving serving;
  final ServerCall<byte[], A> call;
  private final Metadata metadata;
  private final Deadline deadline;
  private final Worker worker = new Worker();
  private boolean begun;

  ServedCall(Serving serving, ServerCall<byte[], A> call, Metadata metadata) {
    this.serving = serving;
    this.call = call;
    this.metadata = metadata;
    this.deadline = serving.deadline();
  }

  /** Writes the answer, and ends the call. */
  abstract void send(InvocationRequest request, InvocationResponse answer)
      throws IOException, InterruptedException;

  /** The body as it has come by now. */
  abstract Body body(InternalInvokeRequest head);

  /** The event loop of the call. */
  final Executor loop() {
    return ConnectionLoop.of(call.getAttributes());
  }

  /** Whether an answer has been begun, or refused. */
  final boolean hasBegun() {
    return begun;
  }

  /** Answers on a thread of the runtime; on the event loop. */
  final void begin(InternalInvokeRequest head) {
    begun = true;
    // After all that has been read: the end of a small request mostly came along with its head.
    loop().execute(() -> start(head));
  }

  private void start(InternalInvokeRequest head) {
    try {
      RequestMessage.check(head);
      serving.execute(() -> worker.run(() -> answer(head)));
    } catch (StatusRuntimeException e) {
      close(e.getStatus());
    }
  }

  /** Ends the call unanswered; on the event loop, before it has begun. */
  final void refuse(Status status) {
    begun = true;
    close(status);
  }

  private void answer(InternalInvokeRequest head) {
    try (var answer = handled(head)) {
      send(answer.request(), answer.response());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      close(serving.status(e));
    } catch (IOException e) {
      close(Status.INTERNAL.withDescription("the answer ended too early: " + e.getMessage()));
    } catch (Throwable e) {
      close(serving.status(e));
    }
  }

  private record Handled(InvocationRequest request, InvocationResponse response)
      implements AutoCloseable {
    @Override
    public void close() {
      response.close();
    }
  }

  private Handled handled(InternalInvokeRequest head) throws Exception {
    InvocationRequest request;
    try {
      request = RequestMessage.read(head, body(head));
    } catch (IllegalArgumentException e) {
      throw Status.INVALID_ARGUMENT.withDescription(e.getMessage()).asRuntimeException();
    }
    return new Handled(request, serving.handle(request, deadline, call, metadata));
  }

  final void close(Status status) {
    try {
      call.close(status, new Metadata());
    } catch (RejectedExecutionException | IllegalStateException e) {
      log.debug("a call of a peer ended after its connection", e);
    }
  }

  @Override
  public void onCancel() {
    worker.stop();
  }
}
