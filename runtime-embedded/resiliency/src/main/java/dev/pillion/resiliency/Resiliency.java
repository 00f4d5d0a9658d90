// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import dev.pillion.Expressions;
import dev.pillion.component.NearestName;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One Dapr Resiliency resource, or the same written in code: named policies, and the targets they
 * protect. Immutable.
 *
 * <pre>{@code
 * Resiliency.builder()
 *     .timeout("quick", Duration.ofSeconds(2))
 *     .retry("thrice", RetryPolicy.constant(Duration.ofMillis(200)).maxRetries(3))
 *     .component("orders", Target.withoutPolicies(), Target.withTimeout("quick").retry("thrice"))
 *     .build();
 * }</pre>
 */
public final class Resiliency {
  private final Map<String, Duration> timeouts;
  private final Map<String, RetryPolicy> retries;
  private final Map<String, CircuitBreakerPolicy> circuitBreakers;
  private final Map<String, Target> apps;
  private final Map<String, Target> actors;
  private final Map<String, ComponentTarget> components;

  /** The two directions of a component's target. */
  record ComponentTarget(Target inbound, Target outbound) {}

  /**
   * Something wrong with a resource as a whole.
   *
   * @param path where: {@code targets.apps.orders.retry}
   * @param message what, and what instead
   */
  public record Problem(String path, String message) {}

  private Resiliency(Builder builder) {
    timeouts = copy(builder.timeouts);
    retries = copy(builder.retries);
    circuitBreakers = copy(builder.circuitBreakers);
    apps = copy(builder.apps);
    actors = copy(builder.actors);
    components = copy(builder.components);
  }

  private static <V> Map<String, V> copy(Map<String, V> map) {
    return Collections.unmodifiableMap(new LinkedHashMap<>(map));
  }

  /** Begins an empty one. */
  public static Builder builder() {
    return new Builder();
  }

  /** All of them together: of policies and targets of one name the later one counts, as a whole. */
  public static Resiliency merged(List<Resiliency> resources) {
    var all = new Builder();
    for (var resource : resources) {
      all.timeouts.putAll(resource.timeouts);
      all.retries.putAll(resource.retries);
      all.circuitBreakers.putAll(resource.circuitBreakers);
      all.apps.putAll(resource.apps);
      all.actors.putAll(resource.actors);
      all.components.putAll(resource.components);
    }
    return all.build();
  }

  /** The components that are targets. */
  public Set<String> componentTargets() {
    return components.keySet();
  }

  /** Whether a breaker's trip is written, so that an expression language is needed. */
  public boolean hasExpressions() {
    return circuitBreakers.values().stream().anyMatch(breaker -> breaker.trip() != null);
  }

  /**
   * What keeps it from being used: targets that name policies which are not there, and trips that
   * do not compile. Empty when it is sound.
   *
   * @param expressions compiles the trips; null when there is no expression language
   */
  public List<Problem> problems(@Nullable Expressions expressions) {
    var problems = new ArrayList<Problem>();
    circuitBreakers.forEach((name, breaker) -> {
      var trip = breaker.trip();
      if (trip != null) {
        compile(expressions, "policies.circuitBreakers." + name + ".trip", trip, problems);
      }
    });
    apps.forEach((id, target) -> check("targets.apps." + id, target, problems));
    actors.forEach((type, target) -> check("targets.actors." + type, target, problems));
    components.forEach((name, target) -> {
      check("targets.components." + name + ".inbound", target.inbound, problems);
      check("targets.components." + name + ".outbound", target.outbound, problems);
    });
    return problems;
  }

  private static void compile(
      @Nullable Expressions expressions, String path, String trip, List<Problem> problems) {
    if (expressions == null) {
      problems.add(new Problem(
          path,
          "\"%s\" is an expression, which needs pillion-cel on the class path".formatted(trip)));
      return;
    }
    try {
      expressions.compile(trip, BreakerCounts.NAMES);
    } catch (IllegalArgumentException e) {
      var reason = String.valueOf(e.getMessage());
      problems.add(new Problem(
          path,
          reason.startsWith("\"" + trip + "\"")
              ? reason
              : "\"%s\" is no condition: %s".formatted(trip, reason)));
    }
  }

  private void check(String path, Target target, List<Problem> problems) {
    var retryNames = BuiltInRetries.overriddenBy(retries).keySet();
    check(path + ".timeout", "timeout", target.timeoutName(), timeouts.keySet(), problems);
    check(path + ".retry", "retry policy", target.retryName(), retryNames, problems);
    check(
        path + ".circuitBreaker",
        "circuit breaker",
        target.circuitBreakerName(),
        circuitBreakers.keySet(),
        problems);
  }

  private static void check(
      String path, String kind, @Nullable String name, Set<String> known, List<Problem> problems) {
    if (name == null || known.contains(name)) {
      return;
    }
    var nearest = NearestName.to(name, known);
    problems.add(new Problem(
        path,
        "there is no %s \"%s\"%s; %s"
            .formatted(
                kind,
                name,
                nearest == null ? "" : ", did you mean \"" + nearest + "\"?",
                known.isEmpty() ? "there are none" : "there are " + new TreeSet<>(known))));
  }

  Map<String, Duration> timeouts() {
    return timeouts;
  }

  Map<String, RetryPolicy> retries() {
    return retries;
  }

  Map<String, CircuitBreakerPolicy> circuitBreakers() {
    return circuitBreakers;
  }

  Map<String, Target> apps() {
    return apps;
  }

  Map<String, Target> actors() {
    return actors;
  }

  Map<String, ComponentTarget> components() {
    return components;
  }

  /**
   * Collects policies and targets. A name can be given once for each kind. Which policies a target
   * names is checked when all resources are together. Not thread-safe.
   */
  public static final class Builder {
    private final Map<String, Duration> timeouts = new LinkedHashMap<>();
    private final Map<String, RetryPolicy> retries = new LinkedHashMap<>();
    private final Map<String, CircuitBreakerPolicy> circuitBreakers = new LinkedHashMap<>();
    private final Map<String, Target> apps = new LinkedHashMap<>();
    private final Map<String, Target> actors = new LinkedHashMap<>();
    private final Map<String, ComponentTarget> components = new LinkedHashMap<>();

    private Builder() {}

    /** A timeout of one attempt; zero or below for none. */
    public Builder timeout(String name, Duration timeout) {
      requireGiven("timeout", name, timeout);
      return put(timeouts, "timeout", name, Durations.bounded("timeout", timeout));
    }

    /** A retry policy. */
    public Builder retry(String name, RetryPolicy policy) {
      return put(retries, "retry policy", name, policy);
    }

    /** A circuit breaker. */
    public Builder circuitBreaker(String name, CircuitBreakerPolicy policy) {
      return put(circuitBreakers, "circuit breaker", name, policy);
    }

    /** What protects calls to an app. Each method of it has a breaker of its own. */
    public Builder app(String id, Target target) {
      if (target.scope() != null) {
        throw new IllegalArgumentException(
            "\"circuitBreakerScope\" is for actors; an app has a breaker for each method");
      }
      return put(apps, "app target", id, target);
    }

    /**
     * What protects calls to actors of a type.
     *
     * @throws IllegalArgumentException when the target has a breaker and does not say per what
     */
    public Builder actor(String type, Target target) {
      if (target.circuitBreakerName() != null && target.scope() == null) {
        throw new IllegalArgumentException(
            "actor circuit breakers must include scope: \"circuitBreakerScope\" is type, id or both");
      }
      return put(actors, "actor target", type, target);
    }

    /** What protects calls from a component, and calls to it. Both share one breaker. */
    public Builder component(String name, Target inbound, Target outbound) {
      for (var target : List.of(inbound, outbound)) {
        if (target.scope() != null || target.hasCacheSize()) {
          throw new IllegalArgumentException(
              "a component has one breaker, without scope or cache size");
        }
      }
      return put(components, "component target", name, new ComponentTarget(inbound, outbound));
    }

    private <V> Builder put(Map<String, V> map, String kind, String name, V value) {
      requireGiven(kind, name, value);
      if (name.isBlank()) {
        throw new IllegalArgumentException("a %s needs a name".formatted(kind));
      }
      if (map.putIfAbsent(name, value) != null) {
        throw new IllegalArgumentException("the %s \"%s\" is there already".formatted(kind, name));
      }
      return this;
    }

    private static void requireGiven(String kind, String name, Object value) {
      Objects.requireNonNull(value, () -> "the %s \"%s\" is null".formatted(kind, name));
    }

    /** The resource; the builder may go on. */
    public Resiliency build() {
      return new Resiliency(this);
    }
  }
}
