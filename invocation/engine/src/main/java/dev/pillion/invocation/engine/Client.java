// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.Serializer;
import dev.pillion.TypeRef;
import dev.pillion.call.Call;
import dev.pillion.call.CallChain;
import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.invocation.AppClient;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.InvokeOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** One app as programs call it: values and bytes, the deadline, the call chain. */
final class Client implements AppClient {
  /** What a call without a deadline of its own is given: none is without end. */
  static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(60);

  private static final TypeRef<Void> NOTHING = TypeRef.of(void.class);

  private final Target target;
  private final Routes routes;
  private final CallChain calls;
  private final TimeSource time;
  private final Serializer serializer;
  private final Failures failures;

  Client(
      Target target,
      Routes routes,
      CallChain calls,
      TimeSource time,
      Serializer serializer,
      Failures failures) {
    this.target = target;
    this.routes = routes;
    this.calls = calls;
    this.time = time;
    this.serializer = serializer;
    this.failures = failures;
  }

  @Override
  public String target() {
    return target.asked();
  }

  @Override
  public <T> @Nullable T invoke(String method, @Nullable Object request, Class<T> type) {
    return invoke(method, request, InvokeOptions.defaults(), TypeRef.of(type));
  }

  @Override
  public <T> @Nullable T invoke(
      String method, @Nullable Object request, InvokeOptions options, Class<T> type) {
    return invoke(method, request, options, TypeRef.of(type));
  }

  @Override
  public <T> @Nullable T invoke(
      String method, @Nullable Object request, InvokeOptions options, TypeRef<T> type) {
    Content.requireValue(request);
    var name = Methods.canonical(method);
    var local = routes.local(target);
    var typed = local == null ? null : local.typed(name);
    if (local != null && typed != null) {
      var answer = call(local, name, typed, request, options, type);
      return answer instanceof Answered other
          ? value(name, other.answer(), type)
          : Passing.arrive(answer, type, serializer);
    }
    return value(name, answered(name, request, options, local), type);
  }

  private <T> @Nullable T value(String method, InvocationResponse given, TypeRef<T> type) {
    try (var answer = successful(method, given)) {
      return Content.read(read(method, answer), answer.contentType(), type, serializer);
    }
  }

  @Override
  public void send(String method, @Nullable Object request) {
    send(method, request, InvokeOptions.defaults());
  }

  @Override
  public void send(String method, @Nullable Object request, InvokeOptions options) {
    Content.requireValue(request);
    var name = Methods.canonical(method);
    var local = routes.local(target);
    var typed = local == null ? null : local.typed(name);
    if (local != null && typed != null) {
      var answer = call(local, name, typed, request, options, NOTHING);
      if (answer instanceof Answered other) {
        successful(name, other.answer()).close();
      }
      return;
    }
    successful(name, answered(name, request, options, local)).close();
  }

  private byte[] read(String method, InvocationResponse answer) {
    if (answer.body() instanceof OwnBytes own && own.available() <= failures.maxBodySize()) {
      return own.taken();
    }
    try {
      return answer
          .limitedTo(failures.maxBodySize(), () -> failures.tooLarge(target, method))
          .body()
          .readAllBytes();
    } catch (IOException e) {
      throw failures.brokenOff(target, method, e);
    }
  }

  /** What an attempt by bytes has brought, in a call that began with values. */
  private record Answered(InvocationResponse answer) {}

  /** A method of this JVM, which gets values rather than bytes. */
  private Object call(
      LocalApp local,
      String method,
      LocalApp.Taker typed,
      @Nullable Object request,
      InvokeOptions options,
      TypeRef<?> answer) {
    var values = new ValueCall(
        new ValueCall.Asked(target, method, options.verb(), request, answer),
        local,
        typed.method().type(),
        routes,
        serializer,
        (replica, context, lost) -> new Answered(
            held(sent(method, request, options), context, replica, lost, !answer.equals(NOTHING))));
    try {
      return calls.run(
          call(true, context(options).at(method)), inner -> values.attempt(inner.context()));
    } catch (InvocationException e) {
      throw failures.local(target, method, e);
    }
  }

  /** The answer to one attempt by bytes, which occupies nothing any more. */
  private InvocationResponse held(
      InvocationRequest request,
      CallContext context,
      @Nullable LocalApp replica,
      Lost lost,
      boolean wanted) {
    try (var answer = ask(request, context, replica, lost)) {
      if (!Failures.isDone(answer)) {
        throw failures.read(target, request.method(), answer);
      }
      var body = wanted || !answer.isSuccess() ? read(request.method(), answer) : new byte[0];
      return answer.with(answer.headers(), new OwnBytes(body));
    }
  }

  /** @param chosen {@link #run} */
  private InvocationResponse answered(
      String method, @Nullable Object request, InvokeOptions options, @Nullable LocalApp chosen) {
    return run(sent(method, request, options), context(options), chosen);
  }

  private InvocationRequest sent(String method, @Nullable Object request, InvokeOptions options) {
    return new InvocationRequest(
        options.verb(),
        method,
        options.query(),
        options.headers(),
        Content.typeOf(request, serializer),
        Body.of(Content.bytes(request, serializer)));
  }

  /** The answer if it is no error. */
  private InvocationResponse successful(String method, InvocationResponse answer) {
    if (!answer.isSuccess()) {
      throw failures.read(target, method, answer);
    }
    return answer;
  }

  @Override
  public InvocationResponse exchange(InvocationRequest request, CallContext context) {
    try {
      return run(request, within(context), null);
    } catch (InvocationException e) {
      var answer = e.answer();
      if (answer == null) {
        throw e;
      }
      return answer;
    }
  }

  /**
   * A bad status passes the chain as a failure: policies are matched against it.
   *
   * @param chosen whose turn it is already, for the first attempt; null for nobody
   */
  private InvocationResponse run(
      InvocationRequest request, CallContext context, @Nullable LocalApp chosen) {
    boolean repeatable = request.body().isRepeatable();
    var first = new AtomicReference<>(chosen);
    var lost = new Lost();
    var last = new AtomicReference<@Nullable InvocationResponse>();
    boolean handedOn = false;
    try {
      var call = call(repeatable, context.at(routes.part(target, request.method())));
      var done = calls.run(call, inner -> {
        var answer = ask(request, inner.context(), first.getAndSet(null), lost);
        giveUp(last.getAndSet(answer));
        if (Failures.isDone(answer)) {
          return answer;
        }
        throw repeatable
            ? failures.read(target, request.method(), answer)
            : failures.unread(target, request.method(), answer);
      });
      handedOn = true;
      return done;
    } catch (InvocationException e) {
      handedOn = e.answer() != null;
      throw e;
    } finally {
      if (!handedOn) {
        giveUp(last.get());
      }
    }
  }

  /** An answer that the chain has not handed on would occupy its stream, or a slot of its app. */
  private static void giveUp(@Nullable InvocationResponse answer) {
    if (answer != null) {
      answer.close();
    }
  }

  private InvocationResponse ask(
      InvocationRequest request, CallContext context, @Nullable LocalApp chosen, Lost lost) {
    try {
      // One that has closed while the call waited in the chain is nobody's turn.
      var route =
          chosen == null || chosen.isClosed() ? routes.to(target) : routes.to(chosen, target);
      return route.invoke(request, context);
    } catch (InvocationException e) {
      throw failures.local(target, request.method(), lost.told(e));
    }
  }

  private Call call(boolean repeatable, CallContext context) {
    return new Call(
        "invocation", Call.Direction.OUTBOUND, target.asked(), "invoke", repeatable, context);
  }

  private CallContext context(InvokeOptions options) {
    var timeout = options.timeout();
    return CallContext.EMPTY.with(
        Deadline.after(timeout == null ? DEFAULT_TIMEOUT : timeout, time));
  }

  private CallContext within(CallContext context) {
    return context.deadline().isSet()
        ? context
        : context.with(Deadline.after(DEFAULT_TIMEOUT, time));
  }
}
