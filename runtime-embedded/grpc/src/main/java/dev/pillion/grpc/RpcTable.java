// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import com.google.protobuf.Message;
import dev.pillion.wire.runtime.v1.DaprGrpc;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import java.util.ArrayList;
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
  <Q extends Message, A extends Message> void unary(
      MethodDescriptor<Q, A> method, UnaryRpc<Q, A> rpc) {
    unary(method, rpc, () -> {});
  }

  /** The same, with something to do once the answer has gone out. */
  <Q extends Message, A extends Message> void unary(
      MethodDescriptor<Q, A> method, UnaryRpc<Q, A> rpc, Runnable afterwards) {
    contextual(method, (request, context) -> rpc.answer(request), afterwards);
  }

  /** Serves an rpc of one request and one answer that passes the caller's trace on. */
  <Q extends Message, A extends Message> void contextual(
      MethodDescriptor<Q, A> method, ContextualRpc<Q, A> rpc) {
    contextual(method, rpc, () -> {});
  }

  private <Q extends Message, A extends Message> void contextual(
      MethodDescriptor<Q, A> method, ContextualRpc<Q, A> rpc, Runnable afterwards) {
    withMetadata(method, (request, call) -> rpc.answer(request, call.context()), afterwards);
  }

  /** Serves an rpc of one request and one answer that reads and writes headers. */
  <Q extends Message, A extends Message> void withMetadata(
      MethodDescriptor<Q, A> method, MetadataRpc<Q, A> rpc) {
    withMetadata(method, rpc, () -> {});
  }

  private <Q extends Message, A extends Message> void withMetadata(
      MethodDescriptor<Q, A> method, MetadataRpc<Q, A> rpc, Runnable afterwards) {
    var unparsed =
        method.toBuilder(RawRequest.MARSHALLER, method.getResponseMarshaller()).build();
    add(unparsed, new UnaryHandler<>(serving, method, rpc, afterwards));
  }

  /** Serves an rpc of any kind. */
  <Q, A> void add(MethodDescriptor<Q, A> method, ServerCallHandler<Q, A> handler) {
    served.put(method.getFullMethodName(), ServerMethodDefinition.create(method, handler));
  }

  /** The whole service. */
  ServerServiceDefinition service() {
    var methods = new ArrayList<ServerMethodDefinition<?, ?>>();
    for (var unimplemented : new DaprGrpc.DaprImplBase() {}.bindService().getMethods()) {
      var name = unimplemented.getMethodDescriptor().getFullMethodName();
      methods.add(served.getOrDefault(name, unimplemented));
    }
    var contract = DaprGrpc.getServiceDescriptor();
    var descriptor = ServiceDescriptor.newBuilder(contract.getName())
        .setSchemaDescriptor(contract.getSchemaDescriptor());
    methods.forEach(method -> descriptor.addMethod(method.getMethodDescriptor()));
    var service = ServerServiceDefinition.builder(descriptor.build());
    methods.forEach(service::addMethod);
    return service.build();
  }
}
