// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.BuildingBlockException;
import dev.pillion.ComponentException;
import dev.pillion.concurrent.Threads;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.invocation.AccessPolicy;
import dev.pillion.invocation.engine.InvocationEngine;
import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.NameResolverComponent;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.invocation.spi.PeerContext;
import dev.pillion.invocation.spi.PeerTransport;
import dev.pillion.invocation.spi.PeerTransportProvider;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Objects;
import java.util.ServiceLoader;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Joins a runtime to its peers: by one name resolver and one transport, or not at all. */
final class PeerAssembly {
  private static final Logger log = LoggerFactory.getLogger(EmbeddedRuntime.class);

  private final EmbeddedRuntime.Builder builder;
  private final @Nullable AccessPolicy access;
  private final InvocationEngine invocation;
  private final TimeSource time;
  private final Threads threads;
  private Registry.@Nullable Entry resolver;
  private @Nullable PeerTransport transport;
  final Peering peering = new Peering();

  /** @param access null when everybody may call */
  PeerAssembly(
      EmbeddedRuntime.Builder builder,
      @Nullable AccessPolicy access,
      InvocationEngine invocation,
      TimeSource time,
      Threads threads) {
    this.builder = builder;
    this.access = access;
    this.invocation = invocation;
    this.time = time;
    this.threads = threads;
    this.transport = builder.peers;
  }

  /** Finds resolver and transport among what there is; more than one resolver is a problem. */
  void check(Registry registry, List<String> problems) {
    var resolvers = registry.entries().stream()
        .filter(entry -> entry.component() instanceof NameResolverComponent)
        .toList();
    if (resolvers.size() > 1) {
      problems.add("a runtime has one name resolver, but there are %s; keep one"
          .formatted(resolvers.stream()
              .map(Registry.Entry::describe)
              .collect(Collectors.joining(" and "))));
      return;
    }
    if (resolvers.isEmpty()) {
      return;
    }
    var found = resolvers.get(0);
    resolver = found;
    if (transport == null) {
      transport = ServiceLoader.load(PeerTransportProvider.class)
          .findFirst()
          .map(PeerTransportProvider::create)
          .orElse(null);
    }
    if (transport == null) {
      problems.add(
          "%s finds other runtimes, but nothing on the class path calls them; add the dependency dev.pillion:pillion-invocation-grpc:%s, or give a transport by peers(…)"
              .formatted(found.describe(), PillionVersion.current()));
    }
  }

  /** Before whatever may call peers begins: they can be asked until that has ended. */
  void prepare(Lifecycle lifecycle) {
    lifecycle.opened(
        "connections to peers", () -> peering.transport().ifPresent(PeerTransport::close));
  }

  /**
   * Takes calls, reaches peers, and makes the runtime known, in this order: who is found can be
   * called. Closing goes the other way round.
   */
  void start(Registry registry, Lifecycle lifecycle) {
    if (resolver != null && registry.isLeftOut(resolver.name())) {
      // It may be absent, and a port that nobody finds is not opened unless somebody asked for it.
      resolver = null;
      transport = builder.peers;
    }
    var wire = transport;
    if (wire == null) {
      return;
    }
    peering.over(wire);
    // What a failed start has opened is closed as well.
    lifecycle.opened("peers", wire::drain);
    var bound = wire.start(new PeerContext(
        builder.appId,
        invocation.namespace(),
        time,
        threads,
        builder.drainTimeout,
        invocation::receive,
        invocation));
    var entry = resolver;
    peering.listening(bound, wire, entry == null ? "" : entry.name());
    if (entry != null && entry.component() instanceof NameResolverComponent component) {
      invocation.reach(entry.name(), component, wire, bound, hostName(bound));
      register(entry, component, bound, lifecycle);
    }
    log.info("\"{}\" {}", builder.appId, peering.describe());
    warnOfRulesForNobody(wire);
  }

  private void warnOfRulesForNobody(PeerTransport wire) {
    if (access == null || access.apps().isEmpty() || wire.provesCallers()) {
      return;
    }
    log.warn(
        "\"{}\" has an access policy ({}), but its peers come without mTLS and prove nothing: no rule of an app can match them, "
            + "and {} holds for all; give the transport certificates, GrpcPeers.onPort(…).mutualTls(PeerTls.fromFiles(…))",
        builder.appId,
        access,
        access.isAllowing() ? "allow" : "deny");
  }

  private void register(
      Registry.Entry entry,
      NameResolverComponent component,
      PeerAddress bound,
      Lifecycle lifecycle) {
    try {
      var registration = component.register(
          new AppInstance(builder.appId, invocation.namespace(), bound, appPort()));
      lifecycle.opened("registration", registration);
    } catch (BuildingBlockException e) {
      throw new ComponentException(
          "ERR_COMPONENT_INIT",
          "%s could not make \"%s\" known at %s: %s"
              .formatted(entry.describe(), builder.appId, bound, e.getMessage()),
          e instanceof ComponentException failure && failure.isTransient(),
          e);
    }
  }

  private int appPort() {
    return builder.extensions.stream()
        .map(Extension::appConnection)
        .filter(Objects::nonNull)
        .findFirst()
        .map(AppConnection::port)
        .orElse(0);
  }

  /** What callees are told of the machine that forwards to them. */
  private static String hostName(PeerAddress bound) {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return bound.host();
    }
  }
}
