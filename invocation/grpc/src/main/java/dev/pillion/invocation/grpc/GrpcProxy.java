// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.Threads;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.invocation.CallerIdentity;
import dev.pillion.invocation.InvocationRequest;
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
  private static final String DAPRS_OWN = "dapr.proto.";
  private static final Duration LONGEST_SEARCH = Duration.ofSeconds(60);

  private final String appId;
  private final PeerDirectory directory;
  private final Threads threads;
  private final TimeSource time;
  private final Supplier<Optional<Program>> program;

  /**
   * The program beside a runtime, which speaks gRPC.
   *
   * @param channel to it
   * @param token what it gets as {@code dapr-api-token}; empty for none
   */
  public record Program(Channel channel, String token) {}

  /**
   * That there is such a program: left in a {@linkplain PeerDirectory#offer directory}, whoever
   * comes first, it makes a transport pass rpcs that peers call by gRPC on to the program, when the
   * access policy lets them.
   *
   * @param program asked for each call; empty while it can't be reached
   */
  public record Beside(Supplier<Optional<Program>> program) {
    static Optional<Program> in(PeerDirectory directory) {
      return directory.self().flatMap(self -> self.access(Beside.class)).flatMap(beside -> beside
          .program()
          .get());
    }
  }

  GrpcProxy(
      String appId,
      PeerDirectory directory,
      Threads threads,
      TimeSource time,
      Supplier<Optional<Program>> program) {
    this.appId = appId;
    this.directory = directory;
    this.threads = threads;
    this.time = time;
    this.program = program;
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
      var passed = new ProxiedCall(this, call, metadata);
      try {
        threads.execute("peers/proxy", passed::open);
      } catch (RuntimeException e) {
        call.close(Status.UNAVAILABLE.withDescription(e.getMessage()), new Metadata());
      }
      return passed;
    });
  }

  /** The program as this call is passed on to it; may take as long as a name takes to be found. */
  ProxyTarget target(ServerCall<byte[], byte[]> call, Metadata metadata) {
    var asked = ProxyMetadata.target(metadata);
    if (directory.find(asked, Deadline.after(LONGEST_SEARCH, time)).isPresent()) {
      // It would go on under this runtime's identity instead of the caller's.
      throw Status.PERMISSION_DENIED
          .withDescription(
              "\"%s\" passes calls on to its own app, not to \"%s\"".formatted(appId, asked))
          .asRuntimeException();
    }
    var caller = PeerIdentity.of(call.getAttributes());
    authorize(caller, call);
    var found = program.get();
    if (found.isEmpty()) {
      throw Status.INTERNAL.withDescription("app channel is not initialized").asRuntimeException();
    }
    return new ProxyTarget(
        found.get().channel(),
        ProxyMetadata.toProgram(metadata, caller, found.get().token()));
  }

  private void authorize(Optional<CallerIdentity> caller, ServerCall<byte[], byte[]> call) {
    var rpc = "/" + call.getMethodDescriptor().getFullMethodName();
    if (!rpc.equals(canonical(rpc))) {
      throw Status.INVALID_ARGUMENT
          .withDescription("invalid method: " + rpc + " is not in its canonical form")
          .asRuntimeException();
    }
    directory.authorize(caller, rpc, RequestMessage.NO_VERB);
  }

  private static String canonical(String rpc) {
    try {
      return InvocationRequest.get(rpc).method();
    } catch (IllegalArgumentException e) {
      throw Status.INVALID_ARGUMENT.withDescription(e.getMessage()).asRuntimeException();
    }
  }

  static Status status(Throwable failure) {
    if (failure instanceof StatusRuntimeException known) {
      return known.getStatus();
    }
    return ProxyMetadata.status(failure);
  }
}
