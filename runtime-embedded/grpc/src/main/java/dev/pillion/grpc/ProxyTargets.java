// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.grpc.GrpcPeers;
import dev.pillion.invocation.spi.LocalPeer;
import dev.pillion.invocation.spi.Peer;
import dev.pillion.invocation.spi.PeerDirectory;
import dev.pillion.runtime.EmbeddedRuntime;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Where calls of services that no runtime knows are passed on to. */
final class ProxyTargets {
  private static final String CALLER = "dapr-caller-app-id";
  private static final String CALLEE = "dapr-callee-app-id";

  /** Of this hop, or for the runtime to say. */
  private static final Set<String> NOT_PASSED_ON =
      Set.of("dapr-app-id", CALLER, CALLEE, "dapr-caller-namespace", ":authority");

  private static final Duration LOOK_UP = Duration.ofSeconds(60);

  private final EmbeddedRuntime runtime;
  private final PeerDirectory directory;

  ProxyTargets(EmbeddedRuntime runtime) {
    this.runtime = runtime;
    this.directory = runtime.peers();
  }

  /** Whether it is the app that this facade is of, on which no policy lies. */
  boolean isSelf(String target) {
    return directory.local(target).map(LocalPeer::isSelf).orElse(false);
  }

  /**
   * A way to one of the app's replicas.
   *
   * @param rpc the canonical path of its method
   * @throws dev.pillion.invocation.InvocationException when the app is not known, not well, or
   *     denies the call
   * @throws io.grpc.StatusRuntimeException when it can't be passed on to
   */
  ProxyRoute open(String target, String rpc, CallContext context, RpcMetadata call) {
    var local = directory.local(target);
    if (local.isPresent()) {
      // As over the wire: who may not call is told nothing else.
      local.get().authorize(rpc);
      var rpcs = local.get().access(AppRpcs.class);
      if (rpcs.isEmpty()) {
        throw GrpcErrors.plain(
            Status.Code.UNIMPLEMENTED,
            "the app \"%s\" has no gRPC program beside it to pass the call on to (GrpcApp); methods of a runtime, and programs over HTTP, are called by InvokeService"
                .formatted(target));
      }
      return rpcs.get().open(context, headers(call, local.get().appId()));
    }
    var deadline =
        context.deadline().isSet() ? context.deadline() : Deadline.after(LOOK_UP, runtime.time());
    var peer = directory.find(target, deadline);
    var peers = directory.self().flatMap(self -> self.access(GrpcPeers.class));
    if (peer.isEmpty() || peers.isEmpty()) {
      throw GrpcErrors.plain(
          Status.Code.UNIMPLEMENTED,
          "the app %s can't be passed on to: this runtime reaches its peers by another protocol than gRPC"
              .formatted(peer.map(Object::toString).orElse(target)));
    }
    return toPeer(peer.get(), peers.get(), headers(call, peer.get().appId()), context);
  }

  private ProxyRoute toPeer(
      Peer peer, GrpcPeers peers, Map<String, List<String>> headers, CallContext context) {
    context.headers().forEach((name, value) -> headers.put(name, List.of(value)));
    var metadata = AppMetadata.toApp(headers);
    var route = peers.route(peer);
    return new ProxyRoute(route.channel(), metadata, route.tracer(), status -> {
      boolean unseen = route.ended(status);
      if (unseen) {
        directory.unreachable(peer);
      }
      return unseen;
    });
  }

  /** The caller's, with who calls whom. */
  private Map<String, List<String>> headers(RpcMetadata call, String callee) {
    var headers = CallerMetadata.received(call);
    headers.keySet().removeAll(NOT_PASSED_ON);
    headers.put(CALLER, List.of(runtime.appId()));
    headers.put(CALLEE, List.of(callee));
    return headers;
  }
}
