// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import dev.pillion.CallTimeoutException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.Threads;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.spi.Peer;
import dev.pillion.wire.internals.v1.InternalInvokeResponse;
import io.grpc.CallOptions;
import io.grpc.ClientInterceptors;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Calls of peers, as a daprd makes them: in chunks, or whole where the peer is too old for it. */
final class Calls {
  private final PeerConnections connections;
  private final Threads threads;

  Calls(PeerConnections connections, Threads threads) {
    this.connections = connections;
    this.threads = threads;
  }

  InvocationResponse invoke(Peer peer, InvocationRequest request, Deadline deadline) {
    if (deadline.hasPassed()) {
      throw new CallTimeoutException(
          "ERR_DIRECT_INVOKE",
          "the deadline of the call had passed before %s was asked".formatted(peer),
          null);
    }
    var answer = inFrames(peer, request, deadline);
    if (answer != null) {
      return answer;
    }
    if (!request.body().isRepeatable()) {
      throw new Outcome(peer).tooOld();
    }
    return whole(peer, request, deadline);
  }

  private @Nullable InvocationResponse inFrames(
      Peer peer, InvocationRequest request, Deadline deadline) {
    boolean isOneFrame = AskedCall.isOneFrame(request);
    var connection = connections.acquire(peer);
    var outcome = new Outcome(peer);
    AskedCall asked;
    try {
      var call = connection
          .channel()
          .newCall(isOneFrame ? Rpcs.ONE_FRAME : Rpcs.FRAMES, options(deadline, outcome));
      asked = new AskedCall(peer, request, call, outcome, connection, connections);
      if (isOneFrame) {
        asked.startWhole();
      } else {
        asked.start();
      }
    } catch (RuntimeException e) {
      connections.release(connection);
      throw e;
    }
    if (!isOneFrame) {
      asked.sendBy(threads);
    }
    return asked.await();
  }

  private static CallOptions options(Deadline deadline, Outcome outcome) {
    return CallOptions.DEFAULT
        .withDeadlineAfter(deadline.remainingNanos(), TimeUnit.NANOSECONDS)
        .withOnReadyThreshold(Chunks.READY_THRESHOLD)
        .withStreamTracerFactory(outcome);
  }

  private InvocationResponse whole(Peer peer, InvocationRequest request, Deadline deadline) {
    var connection = connections.acquire(peer);
    var outcome = new Outcome(peer);
    try {
      var body = UnsafeByteOperations.unsafeWrap(request.body().bytes());
      var channel = ClientInterceptors.intercept(
          connection.channel(),
          MetadataUtils.newAttachHeadersInterceptor(TraceKeys.of(request.headers())));
      var answer = ClientCalls.blockingUnaryCall(
          channel,
          Rpcs.WHOLE,
          options(deadline, outcome),
          RequestMessage.head(request, peer.appId(), body));
      var message = RawMessage.parse(InternalInvokeResponse.parser(), answer);
      if (!message.hasStatus()) {
        throw new InvocationException(
            Reason.GARBAGE, "%s answered without a status".formatted(peer), null);
      }
      return AnswerMessage.read(
          message,
          new ByteArrayInputStream(message.getMessage().getData().getValue().toByteArray()),
          false);
    } catch (InvalidProtocolBufferException e) {
      throw new InvocationException(Reason.GARBAGE, "%s sent what is no answer".formatted(peer), e);
    } catch (IOException e) {
      throw new IllegalStateException("a body in memory can't be read", e);
    } catch (StatusRuntimeException e) {
      if (outcome.isConnectionLost(e.getStatus())) {
        connections.discard(peer, connection);
      }
      throw outcome.failure(e.getStatus());
    } finally {
      connections.release(connection);
    }
  }
}
