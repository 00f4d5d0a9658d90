// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.ComponentException;
import dev.pillion.Registration;
import dev.pillion.call.CallContext;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.CallerIdentity;
import dev.pillion.invocation.Invocation;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.NameResolverComponent;
import dev.pillion.invocation.spi.Peer;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.invocation.spi.PeerContext;
import dev.pillion.invocation.spi.PeerTransport;
import dev.pillion.invocation.spi.Resolution;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** Runtimes that find and reach each other by wires of this JVM, which show what goes over them. */
final class PeerWorld {
  final List<String> events = new CopyOnWriteArrayList<>();
  final List<Peer> asked = new CopyOnWriteArrayList<>();

  /** What the next calls meet on their way, instead of the peer. */
  final Queue<RuntimeException> faults = new ConcurrentLinkedQueue<>();

  final Map<String, List<PeerAddress>> known = new ConcurrentHashMap<>();
  final Map<PeerAddress, PeerContext> listening = new ConcurrentHashMap<>();
  final AtomicInteger resolved = new AtomicInteger();
  volatile Optional<CallerIdentity> identity = Optional.empty();
  volatile String registrationFailure = "";
  private final AtomicInteger ports = new AtomicInteger(50_000);

  PeerTransport wire() {
    return new Wire();
  }

  NameResolverComponent resolver() {
    return new Resolver();
  }

  /** A runtime that has both. */
  EmbeddedRuntime.Builder builder(String appId) {
    return EmbeddedRuntime.builder(appId)
        .namespace("default")
        .component("names", resolver())
        .peers(wire());
  }

  /** One runtime's end. */
  private final class Wire implements PeerTransport {
    private volatile PeerAddress address;
    private volatile boolean hungUp;

    @Override
    public PeerAddress start(PeerContext context) {
      address = new PeerAddress("127.0.0.1", ports.incrementAndGet());
      listening.put(address, context);
      events.add("listens");
      return address;
    }

    @Override
    public InvocationResponse invoke(Peer peer, InvocationRequest request, Deadline deadline) {
      if (hungUp) {
        throw new IllegalStateException("the wire has been closed");
      }
      asked.add(peer);
      var fault = faults.poll();
      if (fault != null) {
        throw fault;
      }
      var callee = listening.get(peer.address());
      if (callee == null) {
        throw new InvocationException(
            InvocationException.Reason.NOT_LISTENING, "nobody listens at " + peer, null);
      }
      try {
        return callee
            .receiver()
            .handle(request, new Invocation(identity, CallContext.EMPTY.with(deadline)));
      } catch (RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public String describe() {
      return "a wire of this JVM";
    }

    @Override
    public boolean provesCallers() {
      return identity.isPresent();
    }

    @Override
    public void drain() {
      if (address != null) {
        listening.remove(address);
      }
      events.add("listens no more");
    }

    @Override
    public void close() {
      hungUp = true;
      events.add("hangs up");
    }
  }

  /** One runtime's view of the others. */
  private final class Resolver implements NameResolverComponent {
    @Override
    public String type() {
      return "nameresolution.test";
    }

    @Override
    public void open(ComponentContext context) {
      events.add("opens");
    }

    @Override
    public Registration register(AppInstance self) {
      if (!registrationFailure.isEmpty()) {
        throw ComponentException.unavailable(registrationFailure, null);
      }
      events.add("registers " + self);
      known.computeIfAbsent(self.appId(), id -> new CopyOnWriteArrayList<>()).add(self.address());
      return () -> {
        events.add("deregisters");
        known.getOrDefault(self.appId(), List.of()).remove(self.address());
      };
    }

    @Override
    public Resolution resolve(String appId, String namespace, Deadline deadline) {
      resolved.incrementAndGet();
      return new Resolution(known.getOrDefault(appId, List.of()), Duration.ofMinutes(1));
    }

    @Override
    public void close() {
      events.add("closes");
    }
  }
}
