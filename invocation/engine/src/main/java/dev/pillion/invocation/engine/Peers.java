// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.call.Call;
import dev.pillion.call.CallChain;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.spi.NameResolverComponent;
import dev.pillion.invocation.spi.Peer;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.invocation.spi.PeerTransport;
import dev.pillion.invocation.spi.Resolution;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Apps of other processes: finds their replicas, believes that for as long as the resolver says,
 * takes them in turn, and looks anew when one can't be reached. Thread-safe.
 */
final class Peers {
  /** How policies know the way from one runtime to another from the call as a whole. */
  private static final String HOP = "hop";

  private final String resolverName;
  private final NameResolverComponent resolver;
  private final PeerTransport transport;
  private final CallChain hops;
  private final TimeSource time;
  private final Stamps stamps;
  private final Map<Target, Replicas> known = new ConcurrentHashMap<>();
  private final SharedLookUps<Replicas> lookUps;

  Peers(
      String resolverName,
      NameResolverComponent resolver,
      PeerTransport transport,
      CallChain hops,
      TimeSource time,
      Stamps stamps) {
    this.resolverName = resolverName;
    this.resolver = resolver;
    this.transport = transport;
    this.hops = hops;
    this.time = time;
    this.stamps = stamps;
    this.lookUps = new SharedLookUps<>(time);
  }

  /** A way to one of the app's replicas, which one is found for each attempt. */
  Route to(Target target, Routes routes) {
    return (request, context) -> {
      var lost = new Lost();
      var call = new Call(
          "invocation",
          Call.Direction.OUTBOUND,
          target.asked(),
          HOP,
          request.body().isRepeatable(),
          context);
      return hops.run(call, hop -> {
        try {
          return ask(
              target, routes, Traces.on(request, hop.context()), hop.context().deadline());
        } catch (InvocationException e) {
          throw lost.told(e);
        }
      });
    };
  }

  private InvocationResponse ask(
      Target target, Routes routes, InvocationRequest request, Deadline deadline) {
    var peer = next(target, routes, deadline);
    try {
      var answer = transport.invoke(peer, stamps.forwarded(request, target.appId()), deadline);
      reached(target, peer.address());
      return answer;
    } catch (InvocationException e) {
      boolean lost = e.reason() == Reason.NOT_LISTENING || e.reason() == Reason.CLOSED;
      // A caller who was interrupted gave up, which says nothing of the peer.
      if (lost && !Thread.currentThread().isInterrupted()) {
        unreachable(target, peer.address());
      }
      throw e;
    }
  }

  /** @throws InvocationException when the resolver does not know it */
  Peer next(Target target, Routes routes, Deadline deadline) {
    var replicas = valid(target);
    if (replicas == null) {
      replicas = lookUps.get(target, deadline, () -> lookUp(target, deadline));
    }
    if (replicas.isEmpty()) {
      throw routes.unknown(
          target, List.of("the name resolver \"%s\" does not know it".formatted(resolverName)));
    }
    return new Peer(target.appId(), target.namespace(), replicas.next(time.nanos()));
  }

  private @Nullable Replicas valid(Target target) {
    var replicas = known.get(target);
    return replicas != null && replicas.isValid(time.nanos()) ? replicas : null;
  }

  private Replicas lookUp(Target target, Deadline deadline) {
    var heard = valid(target);
    if (heard != null) {
      // By another call, since this one looked.
      return heard;
    }
    Resolution found = resolver.resolve(target.appId(), target.namespace(), deadline);
    long until = time.nanos() + found.validFor().toNanos();
    if (found.addresses().isEmpty()) {
      // Names that nobody has are without number.
      known.remove(target);
      return Replicas.of(List.of(), until);
    }
    return known.compute(
        target,
        (key, before) -> before == null
            ? Replicas.of(found.addresses(), until)
            : before.followedBy(found.addresses(), until));
  }

  private void reached(Target target, PeerAddress address) {
    var replicas = known.get(target);
    if (replicas != null) {
      replicas.reached(address);
    }
  }

  /** The next call looks anew, and goes to the others for a while if there are any. */
  void unreachable(Target target, PeerAddress address) {
    known.computeIfPresent(target, (key, replicas) -> replicas.without(address, time.nanos()));
  }
}
