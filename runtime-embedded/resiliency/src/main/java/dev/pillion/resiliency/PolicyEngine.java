// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import dev.pillion.CallRejectedException;
import dev.pillion.CallTimeoutException;
import dev.pillion.Expressions;
import dev.pillion.InvalidConfigurationException;
import dev.pillion.call.Call;
import dev.pillion.call.Call.Direction;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallInterceptor;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.pubsub.NotHandledException;
import java.time.Duration;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.DoubleSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Carries out policies, as the innermost interceptor of a runtime: around a call come its retries,
 * around each attempt the circuit breaker, within that the timeout.
 *
 * <p>A timeout is a deadline that the body hands to its driver. Around user code (inbound calls of
 * pubsub, bindings, actors and invocation) the running thread is interrupted at the deadline as
 * well, also where only the call's context has one. An attempt has ended when its body has
 * returned, not before.
 *
 * <p>Thread-safe. {@link #close} ends the pauses between attempts; calls then end with their last
 * failure.
 */
public final class PolicyEngine implements CallInterceptor, AutoCloseable {
  /** The blocks whose handlers a component calls. */
  private static final Set<String> COMPONENTS = Set.of("pubsub", "bindings");

  private final Resiliency resiliency;
  private final PolicyLookup lookup;
  private final TimeSource time;
  private final Pauses pauses;
  private final Retries retries;
  private final Announcements announcements = new Announcements();
  private final TargetTable apps;
  private final TargetTable hops;
  private final TargetTable actorsOutbound;
  private final TargetTable actorsInbound;
  private final TargetTable componentsOutbound;
  private final TargetTable componentsInbound;
  private final TargetPolicies unprotected = new TargetPolicies(
      TargetName.NONE,
      0,
      null,
      null,
      TargetPolicies.BreakerKey.SINGLE,
      new BreakerCache(TargetName.NONE, 1));

  private PolicyEngine(
      Resiliency resiliency,
      Map<String, String> componentTypes,
      TimeSource time,
      @Nullable Expressions expressions,
      DoubleSupplier random) {
    this.resiliency = resiliency;
    this.lookup = new PolicyLookup(resiliency, componentTypes, time, expressions, announcements);
    this.time = time;
    this.pauses = new Pauses(time);
    this.retries = new Retries(time, pauses, random);
    this.apps = lookup.apps();
    this.hops = lookup.hops();
    this.actorsOutbound = lookup.actors(false);
    this.actorsInbound = lookup.actors(true);
    this.componentsOutbound = lookup.components(false);
    this.componentsInbound = lookup.components(true);
    announcements.add(unprotected, () -> unprotected, true);
  }

  /**
   * The interceptor of these resources, of which later ones overwrite earlier ones.
   *
   * @param componentTypes Dapr's type names, such as {@code state.redis}, by component name
   * @param expressions evaluates written trips; null when there are none
   * @throws InvalidConfigurationException with all of {@link Resiliency#problems}
   */
  public static PolicyEngine of(
      List<Resiliency> resources,
      Map<String, String> componentTypes,
      TimeSource time,
      @Nullable Expressions expressions) {
    return of(resources, componentTypes, time, expressions, () -> ThreadLocalRandom.current()
        .nextDouble());
  }

  static PolicyEngine of(
      List<Resiliency> resources,
      Map<String, String> componentTypes,
      TimeSource time,
      @Nullable Expressions expressions,
      DoubleSupplier random) {
    var resiliency = Resiliency.merged(resources);
    var problems = resiliency.problems(expressions).stream()
        .map(problem -> problem.path() + ": " + problem.message())
        .toList();
    if (!problems.isEmpty()) {
      throw new InvalidConfigurationException(problems);
    }
    return new PolicyEngine(resiliency, componentTypes, time, expressions, random);
  }

  /**
   * A built-in retry policy of Dapr's, such as {@code DaprBuiltInServiceRetries}, as the resources
   * have overridden it. Explicit app and actor targets replace the built-in retries of their
   * targets; see {@link #hasTarget}.
   *
   * @throws IllegalArgumentException when there is no retry policy of that name
   */
  public RetryPolicy retry(String name) {
    var policy = lookup.retry(name);
    if (policy == null) {
      throw new IllegalArgumentException("there is no retry policy \"" + name + "\"");
    }
    return policy;
  }

  /** Whether the call's target has an entry of its own, which turns built-in retries off. */
  public boolean hasTarget(Call call) {
    return switch (call.block()) {
      case "invocation" -> resiliency.apps().containsKey(call.target());
      case "actors" -> resiliency.actors().containsKey(call.target());
      default -> {
        int slash = call.target().indexOf('/');
        yield resiliency
            .components()
            .containsKey(slash < 0 ? call.target() : call.target().substring(0, slash));
      }
    };
  }

  /** How often the call's policies try it in all: 1 without retries, 0 for without end. */
  public int attempts(Call call) {
    var found = policies(call);
    var retry = found == null || !call.repeatable() ? null : found.retry();
    if (retry == null) {
      return 1;
    }
    return retry.maxRetries() < 0 ? 0 : retry.maxRetries() + 1;
  }

  @Override
  public boolean appliesTo(Call call) {
    return policies(call) != null
        || (isUserCode(call) && call.context().deadline().isSet());
  }

  private @Nullable TargetPolicies policies(Call call) {
    boolean outbound = call.direction() == Direction.OUTBOUND;
    return switch (call.block()) {
      case "state", "secrets", "lock", "crypto", "conversation" ->
        outbound ? componentsOutbound.of(call.target()) : null;
      case "pubsub", "bindings", "configuration" ->
        (outbound ? componentsOutbound : componentsInbound).of(call.target());
      case "invocation" -> outbound ? invocation(call) : null;
      case "actors" -> (outbound ? actorsOutbound : actorsInbound).of(call.target());
      default -> null;
    };
  }

  /** What is tried again anyway is of use to those calls alone that may be made again. */
  private @Nullable TargetPolicies invocation(Call call) {
    if (!Hop.is(call)) {
      return apps.of(call.target());
    }
    return call.repeatable() ? hops.of(call.target()) : null;
  }

  /** Where only a call's own deadline holds: of components it is known whose handlers are stuck. */
  private TargetPolicies unprotected(Call call) {
    var handlers = isUserCode(call) && COMPONENTS.contains(call.block())
        ? componentsInbound.all(call.target())
        : null;
    return handlers == null ? unprotected : handlers;
  }

  private static boolean isUserCode(Call call) {
    return call.direction() == Direction.INBOUND
        && switch (call.block()) {
          case "pubsub", "bindings", "actors", "invocation" -> true;
          default -> false;
        };
  }

  @Override
  public <T extends @Nullable Object, E extends Exception> T around(Call call, CallBody<T, E> next)
      throws E {
    var found = policies(call);
    var target = found == null ? unprotected(call) : found;
    var retry = target.retry();
    T result = retry == null || !call.repeatable()
        ? attempt(call, target, next)
        : retries.run(call, retry, target, again -> attempt(again, target, next));
    target.onSuccess(call);
    return result;
  }

  private <T extends @Nullable Object, E extends Exception> T attempt(
      Call call, TargetPolicies target, CallBody<T, E> next) throws E {
    var breaker = target.breaker(call);
    if (breaker == null) {
      return withinTimeout(call, target, next);
    }
    long generation = breaker.enter(call);
    T result;
    try {
      result = withinTimeout(call, target, next);
    } catch (Throwable e) {
      if (e instanceof NotHandledException) {
        // Who would have handled it was not there: that says nothing about the target.
        breaker.withdraw(generation);
      } else {
        breaker.leave(generation, e);
      }
      throw e;
    }
    breaker.leave(generation, null);
    return result;
  }

  private <T extends @Nullable Object, E extends Exception> T withinTimeout(
      Call call, TargetPolicies target, CallBody<T, E> next) throws E {
    var deadline = call.context().deadline();
    long timeout = target.timeoutNanos();
    var attempt = call;
    if (timeout > 0 && timeout < deadline.remainingNanos()) {
      deadline = Deadline.after(Duration.ofNanos(timeout), time);
      attempt = call.with(call.context().with(deadline));
    }
    return deadline.isSet() && isUserCode(call)
        ? interrupted(attempt, deadline.remainingNanos(), target, next)
        : next.run(attempt);
  }

  private <T extends @Nullable Object, E extends Exception> T interrupted(
      Call call, long nanos, TargetPolicies target, CallBody<T, E> next) throws E {
    if (nanos <= 0) {
      throw timeout(call, nanos, null);
    }
    var limit = new TimeLimit(nanos, time, target.stuck());
    T result;
    try {
      result = next.run(call);
    } catch (Throwable e) {
      boolean inTime = limit.disarm();
      // What was waited for is said better by whoever waited, and an error is never mere lateness.
      if (inTime
          || e instanceof Error
          || e instanceof CallTimeoutException
          || e instanceof CallRejectedException) {
        throw e;
      }
      throw timeout(call, nanos, e);
    }
    if (!limit.disarm()) {
      throw timeout(call, nanos, null);
    }
    return result;
  }

  private static CallTimeoutException timeout(Call call, long nanos, @Nullable Throwable cause) {
    return new CallTimeoutException(
        DaprCodes.of(call),
        nanos <= 0
            ? "the deadline of %s/%s on \"%s\" had passed before it began"
                .formatted(call.block(), call.operation(), call.target())
            : "%s/%s on \"%s\" was not over within %s"
                .formatted(
                    call.block(),
                    call.operation(),
                    call.target(),
                    Durations.text(Duration.ofNanos(nanos))),
        cause);
  }

  /** The policies, and how their targets fare at this moment. */
  public ResiliencyDescription describe() {
    var policies = new TreeMap<String, String>();
    resiliency.timeouts().forEach((name, t) -> policies.put("timeout " + name, Durations.text(t)));
    resiliency
        .retries()
        .keySet()
        .forEach(name -> policies.put("retry " + name, String.valueOf(lookup.retry(name))));
    resiliency
        .circuitBreakers()
        .forEach((name, breaker) -> policies.put("circuitBreaker " + name, breaker.toString()));
    var targets = new TreeMap<String, String>();
    resiliency.apps().forEach((id, target) -> targets.put("app " + id, target.toString()));
    resiliency.actors().forEach((type, target) -> targets.put("actor " + type, target.toString()));
    resiliency.components().forEach((name, target) -> {
      targets.put("component " + name + " inbound", target.inbound().toString());
      targets.put("component " + name + " outbound", target.outbound().toString());
    });
    // Both directions of a component share their breakers.
    var caches = new IdentityHashMap<BreakerCache, Boolean>();
    var stuck = new TreeMap<String, Integer>();
    known().forEach(target -> {
      caches.put(target.breakers(), true);
      if (target.stuck().get() > 0) {
        stuck.merge(target.name().toString(), target.stuck().get(), Integer::sum);
      }
    });
    var breakers = caches.keySet().stream()
        .flatMap(cache -> cache.all().stream())
        .map(Breaker::describe)
        .sorted(Comparator.comparing(ResiliencyDescription.BreakerState::target)
            .thenComparing(ResiliencyDescription.BreakerState::key))
        .toList();
    return new ResiliencyDescription(policies, targets, breakers, stuck);
  }

  /** Tells a listener of the targets there have been calls of, and of each later one. */
  public void listen(PolicyListener listener) {
    announcements.listen(listener);
  }

  /** How many inbound calls of a component run on although their time is up. */
  public int stuck(String component) {
    var target = componentsInbound.named(component);
    return target == null ? 0 : target.stuck().get();
  }

  private Stream<TargetPolicies> known() {
    return Stream.concat(
        Stream.of(unprotected),
        Stream.of(apps, actorsOutbound, actorsInbound, componentsOutbound, componentsInbound)
            .flatMap(TargetTable::known));
  }

  /** Ends every pause between attempts; idempotent. */
  @Override
  public void close() {
    pauses.close();
  }
}
