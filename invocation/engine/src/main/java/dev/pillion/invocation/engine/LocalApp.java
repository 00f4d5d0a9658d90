// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.Registration;
import dev.pillion.TypeRef;
import dev.pillion.call.Call;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallChain;
import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.Invocation;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.RequestHandler;
import dev.pillion.invocation.spi.LocalPeer;
import dev.pillion.invocation.spi.PassingHandler;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This app as it is called, by itself, by runtimes of the same JVM, by peers: the only place where
 * methods are run.
 */
final class LocalApp implements RequestHandler {
  private static final Logger log = LoggerFactory.getLogger(LocalApp.class);

  /** What callers who speak gRPC, and need not say a verb, have as theirs. */
  static final String NO_VERB = "NONE";

  private final String appId;
  private final CallChain calls;
  private final Methods methods;
  private final InFlight running = new InFlight();
  private final Map<Class<?>, Object> offered = new ConcurrentHashMap<>();
  private volatile @Nullable Guard guard;

  /** Asks this app's access policy about the other apps of its JVM. */
  interface Guard {
    /**
     * Lets a call in.
     *
     * @param name canonical
     * @param isNamed whether a method of that name has a handler of its own
     * @throws InvocationException {@code DENIED}
     */
    void admit(Caller caller, String name, String verb, boolean isNamed);

    /**
     * Lets a call in that is passed on unread, as gRPC.
     *
     * @param operation the canonical method path
     * @throws InvocationException {@code DENIED}
     */
    void admitRpc(Caller caller, String operation);
  }

  /** Another app of this JVM, which needs no certificate to be known. */
  record Caller(String appId, String namespace) {}

  LocalApp(String appId, CallChain calls, Methods methods) {
    this.appId = appId;
    this.calls = calls;
    this.methods = methods;
  }

  /** From now on other apps are let in by this one alone; without any, all are. */
  void guardedBy(Guard other) {
    guard = other;
  }

  /**
   * Handles a call of another app of this JVM.
   *
   * @throws InvocationException when the access policy denies it
   */
  InvocationResponse handle(Caller caller, InvocationRequest request, Invocation invocation) {
    var found = find(request);
    var asked = guard;
    if (asked != null) {
      asked.admit(caller, found.name(), request.verb(), found.isNamed());
    }
    return handle(found, request, invocation, true);
  }

  /** A method that takes values, as it was found: what is decided about, and what runs. */
  record Taker(Methods.Found found, TypedMethod<?, ?> method) {}

  /** The method if there is one and it takes values; null else. */
  @Nullable
  Taker typed(String name) {
    var found = methods.look(name);
    var method = found.handling();
    return method != null && method.handler() instanceof TypedMethod<?, ?> typed
        ? new Taker(found, typed)
        : null;
  }

  /**
   * Calls a method that takes values.
   *
   * @param caller null for this app itself, whose calls no policy is asked about
   * @param request as it has {@linkplain Passing#leave left} the caller
   * @return the answer as it leaves the method
   * @throws InvocationException when the access policy denies it
   */
  Object call(
      @Nullable Caller caller,
      Taker taker,
      String verb,
      Object request,
      TypeRef<?> answer,
      CallContext context) {
    var found = taker.found();
    var asked = guard;
    if (asked != null && caller != null) {
      asked.admit(caller, found.name(), verb, found.isNamed());
    }
    return entered(found, context, (method, inner) -> taker.method().call(request, answer));
  }

  /** Handles a call of this app itself. */
  @Override
  public InvocationResponse handle(InvocationRequest request, Invocation invocation) {
    return handle(find(request), request, invocation, true);
  }

  /** What the request comes to, for whoever decides about it before it is handled. */
  Methods.Found find(InvocationRequest request) {
    return methods.look(Methods.bare(request.method()));
  }

  /** Handles a call of another JVM by what was found. */
  InvocationResponse handle(Methods.Found found, InvocationRequest request, Invocation invocation) {
    return handle(found, request, invocation, false);
  }

  private InvocationResponse handle(
      Methods.Found found, InvocationRequest request, Invocation invocation, boolean sameJvm) {
    var given = new AtomicReference<@Nullable InvocationResponse>();
    boolean handedOn = false;
    try {
      var answer = entered(found, invocation.context(), (method, inner) -> {
        var within = new Invocation(invocation.caller(), inner.context());
        // What passes a call on changes no bytes, and those of another JVM are nobody else's.
        boolean shared = sameJvm && !(method.handler() instanceof PassingHandler);
        var asked = asked(request, method);
        var answered = method.handler().handle(shared ? OwnBytes.copied(asked) : asked, within);
        given.set(answered);
        return shared && answered != null ? OwnBytes.copied(answered) : answered;
      });
      if (answer == null) {
        throw new InvocationException(
            500, "the method \"%s\" gave no answer".formatted(found.name()));
      }
      handedOn = true;
      return answer;
    } finally {
      var late = given.get();
      if (!handedOn && late != null) {
        // One that the chain keeps back occupies nothing any more.
        late.close();
      }
    }
  }

  /**
   * A caller who speaks gRPC need not say a verb, which only a program over HTTP can't do without.
   */
  private static InvocationRequest asked(InvocationRequest request, Method method) {
    return request.verb().equals(NO_VERB) && !method.isForOthers()
        ? request.withVerb("POST")
        : request;
  }

  /** The work of a method, inside the chain. */
  private interface Work<T extends @Nullable Object> {
    T run(Method method, Call call) throws Exception;
  }

  private <T extends @Nullable Object> T entered(
      Methods.Found found, CallContext context, Work<T> work) {
    enter();
    try {
      var name = found.name();
      var method = methods.required(found);
      method.enter();
      try {
        return calls.run(inbound(name, context), call -> run(name, method, call, work));
      } finally {
        method.leave();
      }
    } finally {
      running.leave();
    }
  }

  /** To be followed by {@code running.leave()}. */
  private void enter() {
    if (!running.enter()) {
      throw new InvocationException(
          InvocationException.Reason.NOT_LISTENING,
          "the runtime of the app \"%s\" is closed".formatted(appId),
          null);
    }
  }

  private Call inbound(String operation, CallContext context) {
    return Call.inbound("invocation", appId, "invoke", false, context.at(operation));
  }

  /** {@link dev.pillion.invocation.spi.PeerDirectory#receive}, where it is allowed. */
  <T extends @Nullable Object, E extends Exception> T passOn(
      String operation, CallContext context, CallBody<T, E> work) throws E {
    enter();
    try {
      return calls.run(inbound(operation, context), work);
    } finally {
      running.leave();
    }
  }

  private <T extends @Nullable Object> T run(String name, Method method, Call call, Work<T> work) {
    if (method.handler() instanceof PassingHandler) {
      return passedOn(name, method, call, work);
    }
    try {
      return work.run(method, call);
    } catch (InterruptedException e) {
      // The flag belongs to whoever interrupted: a limit clears its own.
      Thread.currentThread().interrupt();
      throw failed(name, e);
    } catch (InvocationException e) {
      if (isAnswer(e)) {
        throw e;
      }
      log.warn("method \"{}\" failed", name, e);
      throw failed(name, e);
    } catch (Exception e) {
      log.warn("method \"{}\" failed", name, e);
      throw failed(name, e);
    }
  }

  /** What the program beside this one could not do is told as it is. */
  private <T extends @Nullable Object> T passedOn(
      String name, Method method, Call call, Work<T> work) {
    try {
      return work.run(method, call);
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      if (e instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
      throw failed(name, e);
    }
  }

  /** Whether a handler has made it to be its answer: the failure of a call of its own is none. */
  private static boolean isAnswer(InvocationException e) {
    return e.reason() == InvocationException.Reason.ANSWERED && e.answer() == null;
  }

  private InvocationException failed(String name, Exception cause) {
    return InvocationException.failed(
        "the method \"%s\" of \"%s\" failed: %s".formatted(name, appId, cause), cause);
  }

  /** {@link dev.pillion.invocation.spi.PeerDirectory#offer}. */
  Registration offer(Object access) {
    offered.put(access.getClass(), access);
    return () -> offered.remove(access.getClass(), access);
  }

  /**
   * This app as protocols see it.
   *
   * @param caller who sees it; null for itself, whose calls no policy is asked about
   */
  LocalPeer asPeer(@Nullable Caller caller) {
    return new LocalPeer() {
      @Override
      public String appId() {
        return appId;
      }

      @Override
      public boolean isSelf() {
        return caller == null;
      }

      @Override
      public void authorize(String operation) {
        var asked = guard;
        if (asked != null && caller != null) {
          asked.admitRpc(caller, operation);
        }
      }

      @Override
      public <T> Optional<T> access(Class<T> type) {
        return Optional.ofNullable(offered.get(type)).map(type::cast);
      }
    };
  }

  /** Whether it takes no call any more. */
  boolean isClosed() {
    return running.isClosed();
  }

  /** Refuses further calls, and waits for those under way. */
  void close(Deadline deadline) {
    running.close(deadline);
  }
}
