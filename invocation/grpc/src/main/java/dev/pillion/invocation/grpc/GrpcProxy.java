// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import dev.pillion.call.CallBody;
import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.spi.PeerContext;
import dev.pillion.invocation.spi.PeerDirectory;
import io.grpc.Channel;
import io.grpc.HandlerRegistry;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerCall;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Passes calls of peers, of rpcs that this runtime does not know, on to the program beside it,
 * unread, whatever they stream: the callee's half of Dapr's gRPC proxying. It is the
 * {@linkplain io.grpc.ServerBuilder#fallbackHandlerRegistry fallback} of a server with a
 * {@linkplain io.grpc.ServerBuilder#directExecutor direct executor}.
 *
 * <p>The target is {@code dapr-callee-app-id}, else {@code dapr-app-id}. Metadata, messages,
 * trailers and status go as they are, but for Dapr's own keys: the API token never travels on. An
 * rpc of Dapr's own services is never passed on. Thread-safe.
 */
public final class GrpcProxy extends HandlerRegistry {
  /**
   * How long a call that has no deadline, and does not say that it is a stream, waits for the begin
   * of its answer once the request is over: as long as other calls without a deadline have.
   */
  public static final Duration TO_BEGIN_AN_ANSWER = Duration.ofSeconds(60);

  private static final String DAPRS_OWN = "dapr.proto.";
  private static final Duration LONGEST_SEARCH = Duration.ofSeconds(60);

  private final PeerContext context;
  private final Serving serving;
  private final Supplier<Optional<Door>> door;

  /** The way to the program beside a runtime, which speaks gRPC. */
  @FunctionalInterface
  public interface Door {
    /**
     * Lets a call in, under the rules that all calls of the program are under; waits for its turn
     * where there is one.
     *
     * @param context deadline and trace of the call
     * @param metadata of the peer, less what is for this runtime alone
     * @throws InvocationException when the program is not well
     * @throws dev.pillion.CallRejectedException when its turn does not come in time
     * @throws IllegalStateException when the way is closed
     */
    Admitted admit(CallContext context, Metadata metadata);
  }

  /**
   * A call that has been let in.
   *
   * @param channel to the program
   * @param metadata to send
   * @param end to be told when the call has ended; once, however often it is run
   */
  public record Admitted(Channel channel, Metadata metadata, Runnable end) {}

  /**
   * That there is such a program: left in a {@linkplain PeerDirectory#offer directory}, whoever
   * comes first, it makes a transport pass rpcs that peers call by gRPC on to the program, when the
   * access policy lets them.
   */
  public record Beside(Door door) {
    static Optional<Door> in(PeerDirectory directory) {
      return directory.self().flatMap(self -> self.access(Beside.class)).map(Beside::door);
    }
  }

  GrpcProxy(PeerContext context, Serving serving, Supplier<Optional<Door>> door) {
    this.context = context;
    this.serving = serving;
    this.door = door;
  }

  /** Whether a caller says that his call is a stream, in {@code dapr-stream}. */
  public static boolean isStream(Metadata metadata) {
    return ProxyMetadata.isStream(metadata);
  }

  @Override
  public @Nullable ServerMethodDefinition<?, ?> lookupMethod(
      String name, @Nullable String authority) {
    if (name.startsWith(DAPRS_OWN)) {
      return null;
    }
    var rpc = MethodDescriptor.newBuilder(RawMessage.MARSHALLER, RawMessage.MARSHALLER)
        .setType(MethodType.UNKNOWN)
        .setFullMethodName(name)
        .build();
    return ServerMethodDefinition.create(rpc, (call, metadata) -> {
      call.request(1);
      var passed = new ProxiedCall(this, call, metadata, serving.deadline());
      try {
        context.threads().execute("peers/proxy", passed::run);
      } catch (RuntimeException e) {
        call.close(Status.UNAVAILABLE.withDescription(e.getMessage()), new Metadata());
      }
      return passed;
    });
  }

  TimeSource time() {
    return context.time();
  }

  /**
   * Does the work for a call that may be passed on, inside the chain of this runtime; may take as
   * long as a name takes to be found.
   */
  void receive(
      ServerCall<byte[], byte[]> call,
      Metadata metadata,
      Deadline deadline,
      CallBody<Boolean, RuntimeException> work) {
    var asked = ProxyMetadata.target(metadata);
    var directory = context.directory();
    if (directory.find(asked, Deadline.after(LONGEST_SEARCH, time())).isPresent()) {
      // It would go on under this runtime's identity instead of the caller's.
      throw Status.PERMISSION_DENIED
          .withDescription("\"%s\" passes calls on to its own app, not to \"%s\""
              .formatted(context.appId(), asked))
          .asRuntimeException();
    }
    directory.receive(
        PeerIdentity.of(call.getAttributes()),
        operation(call),
        CallContext.of(deadline, TraceKeys.of(metadata, Map.of())),
        work);
  }

  private static String operation(ServerCall<byte[], byte[]> call) {
    var rpc = "/" + call.getMethodDescriptor().getFullMethodName();
    if (!rpc.equals(canonical(rpc))) {
      throw Status.INVALID_ARGUMENT
          .withDescription("invalid method: " + rpc + " is not in its canonical form")
          .asRuntimeException();
    }
    return rpc;
  }

  private static String canonical(String rpc) {
    try {
      return InvocationRequest.get(rpc).method();
    } catch (IllegalArgumentException e) {
      throw Status.INVALID_ARGUMENT.withDescription(e.getMessage()).asRuntimeException();
    }
  }

  /** Lets a call in to the program, which is told who has proven to call. */
  Admitted admit(ServerCall<byte[], byte[]> call, CallContext context, Metadata metadata) {
    return door.get()
        .orElseThrow(() ->
            Status.INTERNAL.withDescription("app channel is not initialized").asRuntimeException())
        .admit(context, ProxyMetadata.toProgram(metadata, PeerIdentity.of(call.getAttributes())));
  }

  /** What a caller is told who was not passed on: as for a call of a method, where that is one. */
  Status status(Throwable failure) {
    if (failure instanceof StatusRuntimeException known) {
      return known.getStatus();
    }
    var said = "failed to proxy request: " + failure.getMessage();
    if (failure instanceof IllegalArgumentException) {
      return Status.INVALID_ARGUMENT.withDescription(said);
    }
    if (failure instanceof IllegalStateException) {
      return Status.UNAVAILABLE.withDescription(said);
    }
    return failure instanceof InvocationException unknown
            && unknown.reason() == InvocationException.Reason.NO_SUCH_APP
        ? Status.UNKNOWN.withDescription(said)
        : serving.status(failure);
  }
}
