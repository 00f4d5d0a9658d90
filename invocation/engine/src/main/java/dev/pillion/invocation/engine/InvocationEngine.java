// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.HandlerRegistration;
import dev.pillion.Registration;
import dev.pillion.Serializer;
import dev.pillion.TypeRef;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallChain;
import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.invocation.AccessPolicy;
import dev.pillion.invocation.AppClient;
import dev.pillion.invocation.CallerIdentity;
import dev.pillion.invocation.InProcessNetwork;
import dev.pillion.invocation.Invocation;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.RequestHandler;
import dev.pillion.invocation.ServiceAction;
import dev.pillion.invocation.ServiceMethod;
import dev.pillion.invocation.spi.LocalPeer;
import dev.pillion.invocation.spi.NameResolverComponent;
import dev.pillion.invocation.spi.Peer;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.invocation.spi.PeerDirectory;
import dev.pillion.invocation.spi.PeerTransport;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * Makes what programs hold, apps to call and methods to be called by, of resolvers and transports.
 * Thread-safe, but for {@link #policy}, {@link #appSpeaksGrpc}, {@link #hops}, {@link #endpoint},
 * {@link #urls} and {@link #reach}, which are called while the runtime starts.
 */
public final class InvocationEngine implements PeerDirectory, AutoCloseable {
  /** As daprd's {@code --max-body-size}: what is held of a body that is read whole. */
  private static final int MAX_BODY_SIZE = 4 * 1024 * 1024;

  /** Dapr's name for the namespace of whoever has none. */
  private static final String NO_NAMESPACE = "default";

  /** Of a call that came as gRPC. */
  private static final String NO_VERB = "NONE";

  private static final Set<String> VERBS = Set.of(
      NO_VERB, "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH");

  private final String appId;
  private final String namespace;
  private final Serializer serializer;
  private final CallChain calls;
  private final TimeSource time;
  private final Duration drainTimeout;
  private final Methods methods;
  private final LocalApp self;
  private final Routes routes;
  private final Endpoints endpoints = new Endpoints();
  private final Failures failures = new Failures(MAX_BODY_SIZE);
  private final @Nullable InProcessNetwork network;
  private @Nullable Registration membership;
  private Gate gate = (caller, operation, verb, http) -> {};
  private boolean appSpeaksGrpc;
  private CallChain hops = CallChain.of(List.of());

  /** Decides who may call what. */
  @FunctionalInterface
  public interface Gate {
    /**
     * Lets a call through.
     *
     * @param caller as its certificate proves it
     * @param operation the canonical method path
     * @param verb HTTP's; {@code NONE} for a call that came as gRPC
     * @param http whether an HTTP program is called, or a method of this one; false for gRPC
     * @throws InvocationException {@code DENIED}
     */
    void authorize(Optional<CallerIdentity> caller, String operation, String verb, boolean http);

    /** The trust domain of the other apps of this JVM, for which no authority speaks. */
    default String trustDomain() {
      return "public";
    }
  }

  /** Asks an endpoint outside. */
  @FunctionalInterface
  public interface Endpoint {
    /**
     * Asks it.
     *
     * @param base what the method's path is put behind
     * @param deadline always set
     */
    InvocationResponse invoke(URI base, InvocationRequest request, Deadline deadline);
  }

  /**
   * The engine of one runtime.
   *
   * @param namespace Dapr's {@code default} when it is empty
   * @param network the runtimes of this JVM that are found without a socket; null for none
   * @param drainTimeout how long closing waits for methods that are running
   */
  public InvocationEngine(
      String appId,
      String namespace,
      Serializer serializer,
      CallChain calls,
      TimeSource time,
      @Nullable InProcessNetwork network,
      Duration drainTimeout) {
    this.appId = appId;
    this.namespace = namespace.isEmpty() ? NO_NAMESPACE : namespace;
    this.serializer = serializer;
    this.calls = calls;
    this.time = time;
    this.drainTimeout = drainTimeout;
    this.methods = new Methods(time, drainTimeout);
    this.self = new LocalApp(appId, calls, methods);
    this.routes = new Routes(appId, this.namespace, self, network, endpoints);
    this.network = network;
  }

  /** Lets runtimes of the same network call this one. */
  public void join() {
    if (network != null) {
      membership = network.join(namespace, appId, self);
    }
  }

  /** The namespace by which other apps know this one; never empty. */
  public String namespace() {
    return namespace;
  }

  /**
   * Lets peers, and the other apps of this JVM, through this gate alone; the app's own calls pass
   * by, as in Dapr.
   */
  public void policy(Gate other) {
    this.gate = other;
    self.guardedBy(new LocalApp.Guard() {
      @Override
      public void admit(LocalApp.Caller caller, String name, String verb, boolean isNamed) {
        other.authorize(identity(caller), name, asOnTheWire(verb), !appSpeaksGrpc || isNamed);
      }

      @Override
      public void admitRpc(LocalApp.Caller caller, String operation) {
        other.authorize(identity(caller), operation, NO_VERB, false);
      }

      private Optional<CallerIdentity> identity(LocalApp.Caller caller) {
        return Optional.of(
            new CallerIdentity(other.trustDomain(), caller.namespace(), caller.appId()));
      }
    });
  }

  /** As a peer would hear it, whose protocol has no other verbs. */
  private static String asOnTheWire(String verb) {
    var upper = verb.isEmpty() ? NO_VERB : verb.toUpperCase(Locale.ROOT);
    return VERBS.contains(upper) ? upper : "POST";
  }

  /** The same by a policy. */
  public void policy(AccessPolicy policy) {
    policy(new AccessControl(policy));
  }

  /** The program that gets what no method of this one handles speaks gRPC. */
  public void appSpeaksGrpc() {
    this.appSpeaksGrpc = true;
  }

  /**
   * What each attempt to reach a peer passes, inside the chain of the whole call: Dapr's built-in
   * retries are for this hop alone. Called before {@link #reach}.
   */
  public void hops(CallChain chain) {
    this.hops = chain;
  }

  /** Adds an endpoint by its name. */
  public void endpoint(String name, URI base, Endpoint endpoint) {
    endpoints.add(
        name,
        base,
        (request, context) ->
            endpoint.invoke(base, Traces.on(request, context), context.deadline()));
  }

  /** The names of the methods that have a handler, sorted. */
  public List<String> methodNames() {
    return methods.names();
  }

  /** What the methods' paths are put behind, by the names of the endpoints. */
  public SortedMap<String, URI> endpoints() {
    return endpoints.bases();
  }

  /** What calls URLs. */
  public void urls(Endpoint endpoint) {
    endpoints.urls(endpoint);
  }

  /**
   * Finds peers by this resolver and calls them over this transport, which has started.
   *
   * @param self where peers reach this runtime
   * @param hostName of this machine
   */
  public void reach(
      String resolverName,
      NameResolverComponent resolver,
      PeerTransport transport,
      PeerAddress self,
      String hostName) {
    routes.reach(new Peers(
        resolverName,
        resolver,
        transport,
        hops,
        time,
        new Stamps(appId, namespace, self.host(), hostName)));
  }

  /**
   * The app as programs hold it.
   *
   * @throws IllegalArgumentException when the target is none
   */
  public AppClient app(String target) {
    return new Client(Target.of(target, namespace), routes, calls, time, serializer, failures);
  }

  /** {@link dev.pillion.Handlers#method(String, TypeRef, ServiceMethod)}. */
  public <Q, A extends @Nullable Object> HandlerRegistration method(
      String method, TypeRef<Q> type, ServiceMethod<Q, A> handler) {
    return methods.add(method, typed(method, type, handler));
  }

  /** {@link dev.pillion.Handlers#receive}. */
  @SuppressWarnings("NullAway") // It does not see that A may be null in a lambda.
  public <Q> HandlerRegistration receive(String method, TypeRef<Q> type, ServiceAction<Q> handler) {
    ServiceMethod<Q, @Nullable Void> answered = request -> {
      handler.handle(request);
      return null;
    };
    return methods.add(method, typed(method, type, answered));
  }

  private <Q, A extends @Nullable Object> TypedMethod<Q, A> typed(
      String method, TypeRef<Q> type, ServiceMethod<Q, A> handler) {
    return new TypedMethod<>(Methods.canonical(method), type, serializer, MAX_BODY_SIZE, handler);
  }

  /** {@link dev.pillion.Handlers#method(String, RequestHandler)}. */
  public HandlerRegistration method(String method, RequestHandler handler) {
    return methods.add(method, handler);
  }

  /** {@link dev.pillion.Handlers#otherMethods}. */
  public HandlerRegistration otherMethods(RequestHandler handler) {
    return methods.addOthers(handler);
  }

  /**
   * Answers a call of a peer: checks who may call, and makes an answer of what a handler throws.
   * Fails only where there is no answer. What the headers say of a caller who has proven who he is
   * becomes what he has proven.
   */
  public InvocationResponse receive(InvocationRequest request, Invocation invocation) {
    var found = self.find(request);
    gate.authorize(
        invocation.caller(), found.name(), request.verb(), !appSpeaksGrpc || found.isNamed());
    var asked =
        invocation.caller().map(caller -> Stamps.proven(request, caller, appId)).orElse(request);
    try {
      return self.handle(found, asked, new Invocation(invocation.caller(), limited(invocation)));
    } catch (InvocationException e) {
      if (e.reason() == InvocationException.Reason.ANSWERED && e.answer() == null) {
        return Failures.answer(e);
      }
      throw e;
    }
  }

  /** A daprd sends no deadline; a method without one could run for ever. */
  private CallContext limited(Invocation invocation) {
    var context = invocation.context();
    return context.deadline().isSet()
        ? context
        : context.with(Deadline.after(Client.DEFAULT_TIMEOUT, time));
  }

  @Override
  public Optional<Peer> find(String asked, Deadline deadline) {
    var target = Target.of(asked, namespace);
    if (routes.isSelf(target)) {
      return Optional.empty();
    }
    var peers = routes.peers();
    if (peers == null) {
      throw routes.unknown(target, List.of());
    }
    return Optional.of(peers.next(target, routes, deadline));
  }

  @Override
  public Registration offer(Object access) {
    return self.offer(access);
  }

  @Override
  public Optional<LocalPeer> self() {
    return Optional.of(routes.peer(self));
  }

  @Override
  public Optional<LocalPeer> local(String asked) {
    var local = routes.local(Target.of(asked, namespace));
    return local == null ? Optional.empty() : Optional.of(routes.peer(local));
  }

  @Override
  public void unreachable(Peer peer) {
    var peers = routes.peers();
    if (peers != null) {
      peers.unreachable(new Target(peer.appId(), peer.appId(), peer.namespace()), peer.address());
    }
  }

  @Override
  public <T extends @Nullable Object, E extends Exception> T receive(
      Optional<CallerIdentity> caller, String operation, CallContext context, CallBody<T, E> work)
      throws E {
    gate.authorize(caller, operation, NO_VERB, false);
    return self.passOn(operation, context, work);
  }

  /** Leaves the network, takes no more calls, and waits for those under way. */
  @Override
  public void close() {
    if (membership != null) {
      membership.close();
    }
    self.close(Deadline.after(drainTimeout, time));
  }
}
