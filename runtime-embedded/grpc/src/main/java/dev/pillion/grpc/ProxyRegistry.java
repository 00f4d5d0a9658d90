// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.grpc.GrpcProxy;
import io.grpc.HandlerRegistry;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * Services that nobody serves here: a call of one is passed on unread to the app that it names in
 * {@code dapr-app-id}, whatever its kind.
 */
final class ProxyRegistry extends HandlerRegistry implements ServerCallHandler<byte[], byte[]> {
  /** What tells a method that is passed on from one that is served. */
  static final Object PASSED_ON = new Object();

  /**
   * A peer would take such a call for one of this runtime itself: with whatever it says of who
   * calls.
   */
  private static final String DAPRS_OWN = "dapr.proto.";

  private static final Metadata.Key<String> CALLEE = key("dapr-callee-app-id");
  private static final Metadata.Key<String> TARGET = key("dapr-app-id");

  private final Serving serving;
  private final ProxyTargets targets;

  ProxyRegistry(Serving serving) {
    this.serving = serving;
    this.targets = new ProxyTargets(serving.runtime());
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  @Override
  public @Nullable ServerMethodDefinition<?, ?> lookupMethod(
      String name, @Nullable String authority) {
    return MethodDescriptor.extractFullServiceName(name) == null
        ? null
        : ServerMethodDefinition.create(method(name), this);
  }

  private static MethodDescriptor<byte[], byte[]> method(String name) {
    return MethodDescriptor.newBuilder(RawRequest.MARSHALLER, RawRequest.MARSHALLER)
        .setFullMethodName(name)
        .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
        .setSchemaDescriptor(PASSED_ON)
        .build();
  }

  @Override
  public ServerCall.Listener<byte[]> startCall(ServerCall<byte[], byte[]> call, Metadata headers) {
    var method = call.getMethodDescriptor();
    var callee = headers.get(CALLEE);
    var target = callee == null ? headers.get(TARGET) : callee;
    if (target == null) {
      // SDKs that know an older rpc for the same fall back to it on this code alone.
      return Refused.with(
          call,
          GrpcErrors.plain(
              Status.Code.UNIMPLEMENTED,
              "Method not found: %s; to call it at another app, name that in the header dapr-app-id"
                  .formatted(method.getFullMethodName())));
    }
    if (method.getFullMethodName().startsWith(DAPRS_OWN)) {
      return Refused.with(
          call,
          GrpcErrors.plain(
              Status.Code.UNIMPLEMENTED,
              "Method not found: %s; services of Dapr's own are not passed on"
                  .formatted(method.getFullMethodName())));
    }
    if (!isCanonical(method.getFullMethodName())) {
      return Refused.with(
          call,
          GrpcErrors.plain(
              Status.Code.INVALID_ARGUMENT,
              "invalid method: it is the full name of a service, a slash, and a name"));
    }
    var asked = new ProxyRequest(
        target, method, UnaryHandler.metadata(call, headers, serving), GrpcProxy.isStream(headers));
    var proxied = new ProxiedCall(serving, targets, asked, call);
    proxied.begin();
    return proxied;
  }

  /** Whoever permits the method at the other end, and whoever runs it there, see the same. */
  private static boolean isCanonical(String name) {
    try {
      return InvocationRequest.get(name).method().equals(name);
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
