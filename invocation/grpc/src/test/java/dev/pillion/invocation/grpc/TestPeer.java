// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import dev.pillion.Registration;
import dev.pillion.call.Call;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallContext;
import dev.pillion.call.StatusCoded;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.invocation.CallerIdentity;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.RequestHandler;
import dev.pillion.invocation.spi.LocalPeer;
import dev.pillion.invocation.spi.Peer;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.invocation.spi.PeerContext;
import dev.pillion.invocation.spi.PeerDirectory;
import dev.pillion.testkit.PlainThreads;
import dev.pillion.testkit.RealTime;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** A transport as a runtime has one, without the runtime: one handler answers whatever comes. */
final class TestPeer implements PeerDirectory, AutoCloseable {
  static final Duration LONG = Duration.ofSeconds(30);

  private final TimeSource time;
  private final GrpcPeers transport;
  private final String appId;
  private final PeerAddress address;
  private final Map<String, Peer> known = new ConcurrentHashMap<>();
  private final Map<Class<?>, Object> offered = new ConcurrentHashMap<>();
  private volatile Optional<String> denied = Optional.empty();

  /** Calls that were passed on, and how each has ended. */
  final List<Call> received = new CopyOnWriteArrayList<>();

  final List<String> ended = new CopyOnWriteArrayList<>();

  TestPeer(String appId, RequestHandler handler) {
    this(GrpcPeers.onPort(0), appId, handler);
  }

  TestPeer(GrpcPeers transport, String appId, RequestHandler handler) {
    this(transport, appId, new RealTime(), handler);
  }

  TestPeer(GrpcPeers transport, String appId, TimeSource time, RequestHandler handler) {
    this.time = time;
    this.transport = transport;
    this.appId = appId;
    this.address = transport.start(new PeerContext(
        appId,
        "default",
        time,
        new PlainThreads(),
        Duration.ofSeconds(2),
        (request, invocation) -> {
          authorize(invocation.caller(), request.method(), request.verb());
          return handler.handle(request, invocation);
        },
        this));
  }

  /** One without methods, that is only called from. */
  static TestPeer caller() {
    return named("web");
  }

  /** One without methods. */
  static TestPeer named(String appId) {
    return named(appId, new RealTime());
  }

  /** One without methods, whose time is this. */
  static TestPeer named(String appId, TimeSource time) {
    return new TestPeer(GrpcPeers.onPort(0), appId, time, (request, invocation) -> {
      throw new InvocationException(404, "it has no methods");
    });
  }

  GrpcPeers transport() {
    return transport;
  }

  PeerAddress address() {
    return address;
  }

  Peer peer() {
    return new Peer(appId, "default", address);
  }

  void knows(Peer peer) {
    known.put(peer.appId(), peer);
  }

  /** Refuses every call from now on. */
  void denies(String why) {
    denied = Optional.of(why);
  }

  Deadline in(Duration timeout) {
    return Deadline.after(timeout, time);
  }

  InvocationResponse ask(Peer peer, InvocationRequest request) {
    return transport.invoke(peer, request, in(LONG));
  }

  @Override
  public Optional<Peer> find(String target, Deadline deadline) {
    if (target.equals(appId)) {
      return Optional.empty();
    }
    var peer = known.get(target);
    if (peer == null) {
      throw new InvocationException(
          InvocationException.Reason.NO_SUCH_APP, "no app \"" + target + "\"", null);
    }
    return Optional.of(peer);
  }

  @Override
  public Registration offer(Object access) {
    offered.put(access.getClass(), access);
    return () -> offered.remove(access.getClass(), access);
  }

  @Override
  public Optional<LocalPeer> self() {
    return Optional.of(new LocalPeer() {
      @Override
      public String appId() {
        return appId;
      }

      @Override
      public boolean isSelf() {
        return true;
      }

      @Override
      public void authorize(String operation) {}

      @Override
      public <T> Optional<T> access(Class<T> type) {
        return Optional.ofNullable(offered.get(type)).map(type::cast);
      }
    });
  }

  @Override
  public void unreachable(Peer peer) {}

  @Override
  public <T extends @Nullable Object, E extends Exception> T receive(
      Optional<CallerIdentity> caller, String operation, CallContext context, CallBody<T, E> work)
      throws E {
    authorize(caller, operation, "NONE");
    var call = Call.inbound("invocation", appId, "invoke", false, context.at(operation));
    received.add(call);
    try {
      var result = work.run(call);
      ended.add("ok");
      return result;
    } catch (Exception e) {
      ended.add(e instanceof StatusCoded coded ? "status " + coded.statusCode() : e.toString());
      throw e;
    }
  }

  private void authorize(Optional<CallerIdentity> caller, String operation, String verb) {
    if (denied.isPresent()) {
      throw new InvocationException(
          InvocationException.Reason.DENIED,
          "access control policy has denied access to id: %s operation: %s verb: %s (%s)"
              .formatted(
                  caller.map(CallerIdentity::toString).orElse(""), operation, verb, denied.get()),
          null);
    }
  }

  @Override
  public void close() {
    transport.close();
    if (time instanceof RealTime real) {
      real.close();
    }
  }
}
