// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import com.google.protobuf.Message;
import dev.pillion.call.Call;
import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes one request on the event loop, answers it on a thread of the runtime, inside the runtime's
 * call chain. A refused caller has never cost a thread.
 */
final class UnaryHandler<Q extends Message, A extends Message>
    implements ServerCallHandler<byte[], A> {
  /** What the calls of a facade have as their block: policies and metrics tell them by it. */
  static final String BLOCK = "facade";

  private static final Logger log = LoggerFactory.getLogger(GrpcFacade.class);

  private final Serving serving;
  private final String operation;
  private final String threadName;
  private final MethodDescriptor<Q, A> method;
  private final MetadataRpc<Q, A> rpc;
  private final Runnable afterwards;

  UnaryHandler(
      Serving serving, MethodDescriptor<Q, A> method, MetadataRpc<Q, A> rpc, Runnable afterwards) {
    this.serving = serving;
    this.method = method;
    this.operation = String.valueOf(method.getBareMethodName());
    this.threadName = "grpc/" + operation;
    this.rpc = rpc;
    this.afterwards = afterwards;
  }

  @Override
  public ServerCall.Listener<byte[]> startCall(ServerCall<byte[], A> call, Metadata headers) {
    // A second message would be a protocol error; it must be seen to be refused.
    call.request(2);
    return new OneRequest(call, metadata(call, headers, serving));
  }

  /** What goes along with a call, as it has come. */
  static RpcMetadata metadata(ServerCall<?, ?> call, Metadata headers, Serving serving) {
    var authority = call.getAuthority();
    return new RpcMetadata(
        CallContext.of(deadline(serving), TraceHeaders.of(headers)),
        headers,
        authority == null ? "" : authority,
        new Metadata(),
        new Metadata());
  }

  private static Deadline deadline(Serving serving) {
    var asked = Context.current().getDeadline();
    return asked == null
        ? Deadline.none()
        : Deadline.after(
            Duration.ofNanos(asked.timeRemaining(TimeUnit.NANOSECONDS)),
            serving.runtime().time());
  }

  private final class OneRequest extends ServerCall.Listener<byte[]> {
    private final ServerCall<byte[], A> call;
    private final RpcMetadata metadata;
    private byte @Nullable [] request;
    private boolean refused;
    private volatile boolean cancelled;
    private volatile boolean answered;

    OneRequest(ServerCall<byte[], A> call, RpcMetadata metadata) {
      this.call = call;
      this.metadata = metadata;
    }

    @Override
    public void onMessage(byte[] message) {
      if (request == null) {
        request = message;
      } else if (!refused) {
        refuse("more than one request in a call of one request");
      }
    }

    @Override
    public void onHalfClose() {
      var message = request;
      if (refused) {
        return;
      }
      if (message == null) {
        refuse("no request in a call of one request");
        return;
      }
      try {
        serving.runtime().threads().execute(threadName, () -> run(message));
      } catch (RuntimeException e) {
        close(serving.status(operation, e));
      }
    }

    private void refuse(String why) {
      refused = true;
      close(GrpcErrors.plain(Status.Code.INTERNAL, why));
    }

    private void run(byte[] message) {
      if (cancelled) {
        return;
      }
      A answer;
      try {
        var parsed = RawRequest.parse(method, message);
        answer = serving
            .runtime()
            .calls()
            .run(
                Call.inbound(BLOCK, "grpc", operation, false, metadata.context()),
                inner -> rpc.answer(parsed, metadata.within(inner.context())));
        serving.checkSize(answer.getSerializedSize());
      } catch (Throwable e) {
        close(serving.status(operation, e));
        return;
      }
      answered = true;
      send(() -> {
        call.sendHeaders(metadata.headers());
        call.sendMessage(answer);
        call.close(Status.OK, metadata.trailers());
      });
    }

    private void close(StatusRuntimeException failure) {
      var trailers = failure.getTrailers();
      send(() -> {
        if (!metadata.headers().keys().isEmpty()) {
          call.sendHeaders(metadata.headers());
        }
        call.close(failure.getStatus(), trailers == null ? new Metadata() : trailers);
      });
    }

    /** A call that was cut while it ran finds nobody to answer to. */
    private void send(Runnable answer) {
      try {
        answer.run();
      } catch (RejectedExecutionException e) {
        log.debug("{} ended after its connection", operation, e);
      }
    }

    @Override
    public void onCancel() {
      cancelled = true;
      onComplete();
    }

    @Override
    public void onComplete() {
      if (answered) {
        afterwards.run();
      }
    }
  }
}
