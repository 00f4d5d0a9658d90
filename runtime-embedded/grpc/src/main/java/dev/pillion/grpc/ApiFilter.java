// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.wire.runtime.v1.DaprGrpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.Set;

/**
 * Lets only some of Dapr's rpcs pass. What is denied is denied, also when it is allowed; an rpc
 * that is in no group is denied. Calls that are passed on to other apps are of the group
 * {@code invoke.v1}. Other services are not its concern.
 */
final class ApiFilter implements ServerInterceptor {
  private final Set<String> passing;

  /** Empty {@code allowed} means all. */
  ApiFilter(Set<String> allowed, Set<String> denied) {
    this.passing = ApiGroups.methods(allowed.isEmpty() ? ApiGroups.names() : allowed);
    this.passing.removeAll(ApiGroups.methods(denied));
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    return passes(call.getMethodDescriptor())
        ? next.startCall(call, headers)
        : Refused.with(
            call,
            GrpcErrors.http(
                Status.Code.UNIMPLEMENTED,
                501,
                "Not Implemented",
                "requested endpoint is not available"));
  }

  /** Judges the method that gRPC has found and will run, never the path that was sent. */
  private boolean passes(MethodDescriptor<?, ?> method) {
    // Whoever may not call other apps may not do so by their own services either.
    if (method.getSchemaDescriptor() == ProxyRegistry.PASSED_ON
        && !passing.contains(DaprGrpc.getInvokeServiceMethod().getFullMethodName())) {
      return false;
    }
    return !DaprGrpc.SERVICE_NAME.equals(method.getServiceName())
        || passing.contains(method.getFullMethodName());
  }
}
