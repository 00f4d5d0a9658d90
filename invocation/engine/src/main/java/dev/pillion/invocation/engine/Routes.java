// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.invocation.InProcessNetwork;
import dev.pillion.invocation.Invocation;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.spi.LocalPeer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Where an app is, looked for in Dapr's order: endpoints by their names and URLs, this app itself,
 * runtimes of this JVM, peers. Thread-safe.
 */
final class Routes {
  private final String appId;
  private final String namespace;
  private final LocalApp self;
  private final LocalApp.Caller asCaller;
  private final @Nullable InProcessNetwork network;
  private final Endpoints endpoints;
  private final Map<Target, AtomicInteger> turns = new ConcurrentHashMap<>();
  private volatile @Nullable Peers peers;

  Routes(
      String appId,
      String namespace,
      LocalApp self,
      @Nullable InProcessNetwork network,
      Endpoints endpoints) {
    this.appId = appId;
    this.namespace = namespace;
    this.self = self;
    this.asCaller = new LocalApp.Caller(appId, namespace);
    this.network = network;
    this.endpoints = endpoints;
  }

  /** Peers can be reached from now on, or no more. */
  void reach(@Nullable Peers other) {
    peers = other;
  }

  @Nullable
  Peers peers() {
    return peers;
  }

  boolean isSelf(Target target) {
    return target.appId().equals(appId) && target.namespace().equals(namespace);
  }

  /** The app if it is in this JVM, of several replicas the next in turn; null else. */
  @Nullable
  LocalApp local(Target target) {
    if (endpoints.has(target)) {
      return null;
    }
    if (isSelf(target)) {
      return self;
    }
    if (network == null) {
      return null;
    }
    var replicas = network.replicas(target.namespace(), target.appId());
    if (replicas.isEmpty()) {
      return null;
    }
    int turn = turns.computeIfAbsent(target, key -> new AtomicInteger()).getAndIncrement();
    return (LocalApp) replicas.get(Math.floorMod(turn, replicas.size()));
  }

  /**
   * A way to the app.
   *
   * @throws InvocationException when there is none, naming where it was looked for
   */
  Route to(Target target) {
    if (endpoints.has(target)) {
      return endpoints.to(target);
    }
    var local = local(target);
    if (local != null) {
      return to(local, target);
    }
    var reachable = peers;
    if (reachable == null) {
      throw unknown(target, List.of());
    }
    return reachable.to(target, this);
  }

  /** The way to an app of this JVM that has been chosen already. */
  Route to(LocalApp local, Target target) {
    return local == self ? toSelf() : toReplica(local, target);
  }

  /** What a circuit breaker is kept for: each method of an app, a named endpoint as a whole. */
  String part(Target target, String method) {
    var endpoint = endpoints.key(target);
    return endpoint == null ? method : endpoint;
  }

  /** Claims of identity that a program writes into its own call are not believed. */
  private Route toSelf() {
    return (request, context) ->
        self.handle(Stamps.local(request, appId, namespace, appId), Invocation.of(context));
  }

  private Route toReplica(LocalApp replica, Target target) {
    return (request, context) -> replica.handle(
        asCaller, Stamps.local(request, appId, namespace, target.appId()), Invocation.of(context));
  }

  /** Who an app of this JVM is called by; null when that is itself. */
  LocalApp.@Nullable Caller callerOf(LocalApp local) {
    return local == self ? null : asCaller;
  }

  /** An app of this JVM as this one sees it, for protocols. */
  LocalPeer peer(LocalApp local) {
    return local.asPeer(callerOf(local));
  }

  /** Nobody knows the app: what has been asked, and what there is. */
  InvocationException unknown(Target target, List<String> asked) {
    var tried = new ArrayList<String>();
    tried.add("this runtime is \"%s\"".formatted(appId));
    if (network != null) {
      tried.add("the in-process network has " + network.apps());
    }
    tried.addAll(asked);
    if (peers == null) {
      tried.add("there is no name resolver to find others by");
    }
    if (!endpoints.names().isEmpty()) {
      tried.add("there are the HTTP endpoints " + endpoints.names());
    }
    return new InvocationException(
        InvocationException.Reason.NO_SUCH_APP,
        "no app \"%s\": %s".formatted(target, String.join(", ", tried)),
        null);
  }
}
