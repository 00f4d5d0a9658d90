// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import dev.pillion.BuildingBlockException;
import dev.pillion.CallTimeoutException;
import dev.pillion.HandlerRegistration;
import dev.pillion.Registration;
import dev.pillion.call.Call;
import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.spi.PassingHandler;
import dev.pillion.runtime.AppConnection;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.runtime.Extension;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The way to a program beside this one: the only place where it is reached, watched and throttled.
 * Protocols have their own entries, which make one of these.
 *
 * <p>Calls of the app, by other apps and by itself, that have no handler in the runtime go to the
 * program. It may come, go and come again while the runtime lives; {@link #state} tells how it
 * stands. Thread-safe; usable while the runtime that it was given to is open. A channel serves one
 * runtime.
 */
public final class AppChannel implements Extension {
  /** What a call without a deadline of its own is given: no call to a program is without end. */
  static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(60);

  private final AppOptions options;
  private final AppTransport transport;
  private final AtomicBoolean started = new AtomicBoolean();
  private volatile @Nullable Running running;

  /** What there is between start and close. */
  private record Running(
      EmbeddedRuntime runtime,
      Slots slots,
      AppWatch watch,
      @Nullable AppSubscriptions subscriptions) {}

  private AppChannel(AppOptions options, AppTransport transport) {
    this.options = options;
    this.transport = transport;
  }

  /** A channel to the program that the options name, in the transport's protocol. */
  public static AppChannel over(AppOptions options, AppTransport transport) {
    return new AppChannel(options, transport);
  }

  /** How the program stands; waiting before the runtime has started. */
  public AppState state() {
    var current = running;
    return current == null ? AppState.WAITING : current.watch.state();
  }

  /**
   * Tells the listener how the program stands, now and at each change, one after the other. The
   * listener must not block; what it throws is logged.
   *
   * @throws IllegalStateException when the channel is not open
   */
  public Registration onState(Consumer<AppState> listener) {
    return open().watch.add(listener);
  }

  /** Asks the program, as a call of the block {@code invocation} that is not made again. */
  public InvocationResponse invoke(InvocationRequest request, CallContext context) {
    var appId = open().runtime.appId();
    return invoke(
        Call.inbound("invocation", appId, "invoke", false, context.at(request.method())), request);
  }

  /**
   * Asks the program, inside the runtime's call chain. A call without a deadline gets one of 60 s.
   *
   * @param call as policies and metrics see it; its context has deadline and trace. It is made
   *     again only when the body of the request {@linkplain Body#isRepeatable can be}
   * @return the program's answer, whatever its status; to be closed
   * @throws InvocationException when there is no answer, or none that can be read
   * @throws dev.pillion.CallRejectedException when no slot becomes free before the deadline
   * @throws dev.pillion.CallTimeoutException when the deadline passes
   * @throws IllegalStateException when the channel is not open
   */
  public InvocationResponse invoke(Call call, InvocationRequest request) {
    var current = open();
    var last = new AtomicReference<@Nullable InvocationResponse>();
    boolean handedOn = false;
    try {
      var answer = current.runtime.calls().run(repeatableWith(call, request.body()), inner -> {
        giveUp(last.getAndSet(null));
        var given = invoke(current, inner.context(), request);
        last.set(given);
        return given;
      });
      handedOn = true;
      return answer;
    } finally {
      if (!handedOn) {
        giveUp(last.get());
      }
    }
  }

  /** An answer that the chain has not handed on, such as one that came too late, holds no slot. */
  private static void giveUp(@Nullable InvocationResponse answer) {
    if (answer != null) {
      answer.close();
    }
  }

  /**
   * Asks the program as part of a call that has passed the chain already, such as the delivery of
   * an event: all but the chain is as for {@link #invoke(Call, InvocationRequest)}.
   *
   * @param context deadline and trace of that call
   */
  public InvocationResponse invokeWithin(CallContext context, InvocationRequest request) {
    return invoke(open(), context, request);
  }

  private InvocationResponse invoke(
      Running current, CallContext context, InvocationRequest request) {
    var deadline = deadline(current, context);
    var slot = acquire(current, deadline);
    boolean answered = false;
    try {
      // Only now: a stream that has been opened can't be asked with again.
      var sent = request.with(
          headers(context, request.headers()),
          request.body().limitedTo(options.maxBodySize(), this::requestTooLarge));
      var answer = transport.invoke(sent, deadline);
      answered = true;
      var limited = answer.limitedTo(options.maxBodySize(), this::answerTooLarge);
      return answer.with(
          Headers.fromApp(answer.headers()),
          new SlotStream(limited.body(), options.address(), slot));
    } catch (InvocationException e) {
      throw atDeadline(e, deadline);
    } finally {
      if (!answered) {
        slot.release();
      }
    }
  }

  /** A slot of a program that is well, and still is after the wait for it. */
  private Slots.Slot acquire(Running current, Deadline deadline) {
    requireHealthy(current);
    var slot = current.slots.acquire(deadline);
    try {
      requireHealthy(current);
      return slot;
    } catch (InvocationException e) {
      slot.release();
      throw e;
    }
  }

  /**
   * Asks the program by what only one protocol knows, under the same rules as {@link #invoke}.
   *
   * @param headers the caller's
   */
  public <T> T exchange(Call call, Map<String, List<String>> headers, AppExchange<T> exchange) {
    var current = open();
    return current
        .runtime
        .calls()
        .run(call, inner -> exchange(current, inner.context(), headers, exchange));
  }

  /**
   * The same as part of a call that has passed the chain already.
   *
   * @param context deadline and trace of that call
   */
  public <T> T exchangeWithin(
      CallContext context, Map<String, List<String>> headers, AppExchange<T> exchange) {
    return exchange(open(), context, headers, exchange);
  }

  private <T> T exchange(
      Running current,
      CallContext context,
      Map<String, List<String>> headers,
      AppExchange<T> exchange) {
    var deadline = deadline(current, context);
    var slot = acquire(current, deadline);
    try {
      return exchange.ask(headers(context, headers), deadline);
    } catch (InvocationException e) {
      throw atDeadline(e, deadline);
    } finally {
      slot.release();
    }
  }

  /**
   * Lets one call in that a protocol makes in its own way and that lasts as long as it likes, such
   * as a stream, under the rules of {@link #invoke} but for the deadline: there is none but the
   * call's own.
   *
   * @param context deadline and trace; the call has passed the chain
   * @param headers the caller's
   * @throws InvocationException when the program is not well
   * @throws dev.pillion.CallRejectedException when no slot becomes free in time
   */
  public Admission admit(CallContext context, Map<String, List<String>> headers) {
    var slot = acquire(open(), deadline(open(), context));
    return new Admission(headers(context, headers), slot::release);
  }

  private static Call repeatableWith(Call call, Body body) {
    return !call.repeatable() || body.isRepeatable()
        ? call
        : new Call(
            call.block(), call.direction(), call.target(), call.operation(), false, call.context());
  }

  private Deadline deadline(Running current, CallContext context) {
    var asked = context.deadline();
    return asked.isSet() ? asked : Deadline.after(DEFAULT_TIMEOUT, current.runtime.time());
  }

  private Map<String, List<String>> headers(
      CallContext context, Map<String, List<String>> callers) {
    return Headers.toApp(callers, context.headers(), options.token());
  }

  /** Without a health check a call just tries: the program may have come this moment. */
  private void requireHealthy(Running current) {
    var check = options.healthCheck();
    var state = current.watch.state();
    if (check == null || state == AppState.HEALTHY) {
      return;
    }
    throw new InvocationException(
        InvocationException.Reason.UNHEALTHY,
        state == AppState.WAITING
            ? "app is not in a healthy state: the app at %s has not passed its health check yet"
                .formatted(options.address())
            : "app is not in a healthy state: the app at %s has failed %d probes in a row, and is asked again every %s"
                .formatted(options.address(), check.threshold(), check.interval()),
        null);
  }

  /** A call's limit may interrupt the thread before the transport has seen that the time is up. */
  private BuildingBlockException atDeadline(InvocationException failure, Deadline deadline) {
    return Thread.currentThread().isInterrupted() && deadline.hasPassed()
        ? new CallTimeoutException(
            failure.errorCode(),
            "the app at %s did not answer before the deadline of the call"
                .formatted(options.address()),
            failure)
        : failure;
  }

  private InvocationException requestTooLarge() {
    return new InvocationException(
        InvocationException.Reason.TOO_LARGE,
        "the body of the request is larger than the app's maximum body size of %d bytes, set by maxBodySize"
            .formatted(options.maxBodySize()),
        null);
  }

  private InvocationException answerTooLarge() {
    return new InvocationException(
        InvocationException.Reason.TOO_LARGE,
        "the app at %s answered with a body larger than its maximum body size of %d bytes, set by maxBodySize"
            .formatted(options.address(), options.maxBodySize()),
        null);
  }

  private Running open() {
    var current = running;
    if (current == null) {
      throw new IllegalStateException("the channel to the app at %s is not open: %s"
          .formatted(
              options.address(),
              started.get()
                  ? "its runtime is closed"
                  : "no runtime has it; give it to one by EmbeddedRuntime.builder(…).with(…)"));
    }
    return current;
  }

  @Override
  public AppConnection appConnection() {
    var check = options.healthCheck();
    var current = running;
    var subscriptions = current == null ? null : current.subscriptions;
    return new AppConnection(
        transport.protocol(),
        options.host(),
        options.port(),
        options.maxConcurrency(),
        state().name(),
        check == null
            ? null
            : new AppConnection.HealthCheck(
                check.path(), check.interval(), check.timeout(), check.threshold()),
        subscriptions == null ? List.of() : subscriptions.requested());
  }

  private void lost() {
    var current = running;
    if (current != null && current.subscriptions != null) {
      current.subscriptions.lost();
    }
  }

  @Override
  public void configure(EmbeddedRuntime.Builder builder) {
    transport.prepare();
  }

  /** The program answers whatever the runtime's own methods don't, and passes no chain again. */
  private HandlerRegistration answering(EmbeddedRuntime runtime) {
    PassingHandler program = (request, invocation) -> invokeWithin(invocation.context(), request);
    try {
      return runtime.otherMethods(program);
    } catch (IllegalArgumentException e) {
      running = null;
      transport.close();
      throw new IllegalStateException(
          "the app at %s can't answer calls of \"%s\": %s; a program beside the runtime answers every method without a handler, so leave out either"
              .formatted(options.address(), runtime.appId(), e.getMessage()),
          e);
    }
  }

  /** Begins to look for the program, and waits for nothing. */
  @Override
  public AutoCloseable start(EmbeddedRuntime runtime) {
    if (!started.compareAndSet(false, true)) {
      throw new IllegalStateException(
          "the channel to the app at %s serves one runtime, and has had it; make another one"
              .formatted(options.address()));
    }
    transport.onLost(this::lost);
    transport.start(runtime);
    var slots = new Slots(options.maxConcurrency(), options.address(), runtime.time());
    var watch =
        new AppWatch(options, transport, runtime.time(), runtime.threads(), runtime.appId());
    var events = transport.events();
    var subscriptions = events == null
        ? null
        : new AppSubscriptions(this, events, "the app at " + options.address(), runtime);
    running = new Running(runtime, slots, watch, subscriptions);
    var methods = answering(runtime);
    if (subscriptions != null) {
      watch.add(subscriptions);
    }
    watch.start();
    return () -> {
      methods.close();
      if (subscriptions != null) {
        subscriptions.close();
      }
      watch.close();
      slots.close(runtime.drainTimeout());
      running = null;
      transport.close();
    };
  }
}
