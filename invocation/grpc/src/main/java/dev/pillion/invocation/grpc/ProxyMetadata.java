// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import dev.pillion.invocation.CallerIdentity;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Dapr's own keys in the metadata of calls that are passed on. */
final class ProxyMetadata {
  private static final Metadata.Key<String> APP = key("dapr-app-id");
  private static final Metadata.Key<String> CALLEE = key("dapr-callee-app-id");
  private static final Metadata.Key<String> CALLER = key("dapr-caller-app-id");
  private static final Metadata.Key<String> CALLER_NAMESPACE = key("dapr-caller-namespace");
  private static final Metadata.Key<String> TOKEN = key("dapr-api-token");
  private static final Metadata.Key<String> STREAM = key("dapr-stream");
  private static final Set<String> TRUE = Set.of("y", "yes", "true", "t", "on", "1");

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

  static boolean isStream(Metadata metadata) {
    var said = metadata.get(STREAM);
    return said != null && TRUE.contains(said.strip().toLowerCase(Locale.ROOT));
  }

  /**
   * The identities that a peer has stamped stay, unless it has proven its own: that one is told
   * then, by its id alone as in Dapr.
   */
  static Metadata toProgram(Metadata given, Optional<CallerIdentity> caller) {
    var metadata = new Metadata();
    metadata.merge(given);
    List.of(APP, TOKEN, TIMEOUT).forEach(metadata::discardAll);
    caller.ifPresent(proven -> {
      metadata.discardAll(CALLER_NAMESPACE);
      metadata.discardAll(CALLER);
      metadata.put(CALLER, proven.appId());
    });
    return metadata;
  }
}
