// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import dev.pillion.BuildingBlockException;
import dev.pillion.invocation.CallerIdentity;
import dev.pillion.invocation.InvocationException;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.List;
import java.util.Optional;

/** Dapr's own keys in the metadata of calls that are passed on. */
final class ProxyMetadata {
  private static final Metadata.Key<String> APP = key("dapr-app-id");
  private static final Metadata.Key<String> CALLEE = key("dapr-callee-app-id");
  private static final Metadata.Key<String> CALLER = key("dapr-caller-app-id");
  private static final Metadata.Key<String> CALLER_NAMESPACE = key("dapr-caller-namespace");
  private static final Metadata.Key<String> TOKEN = key("dapr-api-token");

  /** Of the call that came; the one that is made has a deadline of its own. */
  private static final Metadata.Key<String> TIMEOUT = key("grpc-timeout");

  private ProxyMetadata() {}

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  /** @throws io.grpc.StatusRuntimeException when there is none */
  static String target(Metadata metadata) {
    var callee = metadata.get(CALLEE);
    var app = callee == null ? metadata.get(APP) : callee;
    if (app == null) {
      throw Status.UNKNOWN
          .withDescription(
              "failed to proxy request: required metadata dapr-callee-app-id or dapr-app-id not found")
          .asRuntimeException();
    }
    return app;
  }

  /**
   * The identities that a peer has stamped stay, unless it has proven its own: that one is told
   * then, by its id alone as in Dapr.
   */
  static Metadata toProgram(Metadata given, Optional<CallerIdentity> caller, String token) {
    var metadata = without(given, List.of(APP, TOKEN, TIMEOUT));
    caller.ifPresent(proven -> {
      metadata.discardAll(CALLER_NAMESPACE);
      metadata.discardAll(CALLER);
      metadata.put(CALLER, proven.appId());
    });
    if (!token.isEmpty()) {
      metadata.put(TOKEN, token);
    }
    return metadata;
  }

  private static Metadata without(Metadata given, List<Metadata.Key<String>> keys) {
    var metadata = new Metadata();
    metadata.merge(given);
    keys.forEach(metadata::discardAll);
    return metadata;
  }

  /** What a caller is told who was not passed on. */
  static Status status(Throwable failure) {
    if (failure instanceof InvocationException denied
        && denied.reason() == InvocationException.Reason.DENIED) {
      return Status.PERMISSION_DENIED.withDescription(denied.getMessage());
    }
    var said = "failed to proxy request: " + failure.getMessage();
    return failure instanceof IllegalArgumentException
        ? Status.INVALID_ARGUMENT.withDescription(said)
        : failure instanceof BuildingBlockException || failure instanceof IllegalStateException
            ? Status.UNKNOWN.withDescription(said)
            : Status.INTERNAL.withDescription("failed to proxy request").withCause(failure);
  }
}
