// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import com.google.protobuf.MessageLite;
import dev.pillion.wire.runtime.v1.DaprGrpc;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import java.util.HashMap;
import java.util.Map;

/**
 * The rpcs of Dapr's service that are served. Each block adds its own; the others answer
 * UNIMPLEMENTED.
 */
final class RpcTable {
  private final Serving serving;
  private final Map<String, ServerMethodDefinition<?, ?>> served = new HashMap<>();

  RpcTable(Serving serving) {
    this.serving = serving;
  }

  /** Serves an rpc of one request and one answer. */
  <Q extends MessageLite, A extends MessageLite> void unary(
      String block, MethodDescriptor<Q, A> method, UnaryRpc<Q, A> rpc) {
    unary(block, method, rpc, () -> {});
  }

  /** The same, with something to do once the answer has gone out. */
  <Q extends MessageLite, A extends MessageLite> void unary(
      String block, MethodDescriptor<Q, A> method, UnaryRpc<Q, A> rpc, Runnable afterwards) {
    var name = String.valueOf(method.getBareMethodName());
    add(method, new UnaryHandler<>(serving, block, name, rpc, afterwards));
  }

  /** Serves an rpc of any kind. */
  <Q, A> void add(MethodDescriptor<Q, A> method, ServerCallHandler<Q, A> handler) {
    served.put(method.getFullMethodName(), ServerMethodDefinition.create(method, handler));
  }

  /** The whole service. */
  ServerServiceDefinition service() {
    var unimplemented = new DaprGrpc.DaprImplBase() {}.bindService();
    var service = ServerServiceDefinition.builder(DaprGrpc.getServiceDescriptor());
    for (var method : unimplemented.getMethods()) {
      var name = method.getMethodDescriptor().getFullMethodName();
      service.addMethod(served.getOrDefault(name, method));
    }
    return service.build();
  }
}
