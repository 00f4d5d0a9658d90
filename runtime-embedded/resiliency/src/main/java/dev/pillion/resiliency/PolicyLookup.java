// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import dev.pillion.Expressions;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.resiliency.TargetName.Kind;
import dev.pillion.resiliency.TargetPolicies.BreakerKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Which policies a target has: those of its own entry, or else the defaults by their names. */
final class PolicyLookup {
  private static final int APP_BREAKERS = 100;
  private static final int ACTOR_BREAKERS = 5000;

  /** How default policies call the components of a type. */
  private static final Map<String, String> KINDS = Map.of(
      "state", "Statestore",
      "pubsub", "Pubsub",
      "bindings", "Binding",
      "secretstores", "Secretstore",
      "configuration", "Configuration",
      "lock", "Lock",
      "crypto", "Crypto",
      "conversation", "Conversation");

  private final Resiliency resiliency;
  private final Map<String, String> componentTypes;
  private final Map<String, RetryPolicy> retries;
  private final Map<String, BreakerTemplate> breakers = new HashMap<>();
  private final Announcements announcements;
  private final Map<String, BreakerCache> componentBreakers = new ConcurrentHashMap<>();

  PolicyLookup(
      Resiliency resiliency,
      Map<String, String> componentTypes,
      TimeSource time,
      @Nullable Expressions expressions,
      Announcements announcements) {
    this.resiliency = resiliency;
    this.announcements = announcements;
    this.componentTypes = Map.copyOf(componentTypes);
    this.retries = BuiltInRetries.overriddenBy(resiliency.retries());
    resiliency
        .circuitBreakers()
        .forEach((name, policy) -> breakers.put(
            name, new BreakerTemplate(name, policy, trip(name, policy, expressions), time)));
  }

  private static Trip trip(
      String name, CircuitBreakerPolicy policy, @Nullable Expressions expressions) {
    var written = policy.trip();
    return written == null || expressions == null
        ? Trip.DEFAULT
        : new Trip.Written(name, expressions.compile(written, BreakerCounts.NAMES));
  }

  @Nullable
  RetryPolicy retry(String name) {
    return retries.get(name);
  }

  TargetTable apps() {
    return new TargetTable(
        false,
        resiliency.apps().keySet(),
        announcements.of(false),
        resiliency.apps().isEmpty() && !hasDefaults("App") ? null : this::app);
  }

  /** Of the way to a peer, inside the calls of an app: an entry of the app's own turns it off. */
  TargetTable hops() {
    return new TargetTable(
        false,
        resiliency.apps().keySet(),
        (target, now) -> {
          // Its retries have no state, and the app's own policies are announced.
        },
        this::hop);
  }

  private TargetPolicies hop(String id) {
    var name = new TargetName(Kind.APP, id);
    var target = resiliency.apps().containsKey(id)
        ? Target.withoutPolicies()
        : Target.withRetry(BuiltInRetries.SERVICE);
    return policies(name, target, BreakerKey.SINGLE, new BreakerCache(name, 1));
  }

  TargetTable actors(boolean inbound) {
    return new TargetTable(
        false,
        resiliency.actors().keySet(),
        announcements.of(inbound),
        resiliency.actors().isEmpty() && !hasDefaults("Actor")
            ? null
            // The turn has the time limit; waiting for it and trying again is the caller's.
            : type -> actor(type).only(inbound, !inbound));
  }

  TargetTable components(boolean inbound) {
    // Whose handlers are stuck is known of every component, with policies or without.
    boolean none = !inbound && resiliency.components().isEmpty() && !hasDefaults("Component");
    return new TargetTable(
        true,
        resiliency.components().keySet(),
        announcements.of(inbound),
        none ? null : name -> component(name, inbound));
  }

  /** Whether any policy has the name of a default for such targets. */
  private boolean hasDefaults(String kind) {
    var names = new ArrayList<String>();
    names.addAll(resiliency.timeouts().keySet());
    names.addAll(resiliency.retries().keySet());
    names.addAll(resiliency.circuitBreakers().keySet());
    return names.stream()
        .anyMatch(name -> name.startsWith("Default")
            && (name.contains(kind)
                || List.of(
                        "DefaultTimeoutPolicy", "DefaultRetryPolicy", "DefaultCircuitBreakerPolicy")
                    .contains(name)));
  }

  private TargetPolicies app(String id) {
    var name = new TargetName(Kind.APP, id);
    var own = resiliency.apps().get(id);
    var target = own != null ? own : byDefault(List.of("App", ""));
    return policies(
        name, target, BreakerKey.METHOD, new BreakerCache(name, target.cacheSize(APP_BREAKERS)));
  }

  private TargetPolicies actor(String type) {
    var name = new TargetName(Kind.ACTOR, type);
    var own = resiliency.actors().get(type);
    var target = own != null ? own : byDefault(List.of("Actor", ""));
    return policies(
        name,
        target,
        target.scope() == Target.Scope.ID ? BreakerKey.INSTANCE : BreakerKey.SINGLE,
        new BreakerCache(name, target.cacheSize(ACTOR_BREAKERS)));
  }

  private TargetPolicies component(String component, boolean inbound) {
    var name = new TargetName(Kind.COMPONENT, component);
    var own = resiliency.components().get(component);
    var target = own == null
        ? byDefault(componentDefaults(component, inbound))
        : inbound ? own.inbound() : own.outbound();
    var cache = componentBreakers.computeIfAbsent(component, c -> new BreakerCache(name, 1));
    return policies(name, target, BreakerKey.SINGLE, cache);
  }

  private List<String> componentDefaults(String component, boolean inbound) {
    var direction = inbound ? "Inbound" : "Outbound";
    var middles = new ArrayList<String>();
    var type = componentTypes.getOrDefault(component, "").toLowerCase(Locale.ROOT);
    var kind = KINDS.get(type.substring(0, Math.max(0, type.indexOf('.'))));
    if (kind != null) {
      middles.add(kind + "Component" + direction);
    }
    middles.addAll(List.of("Component" + direction, "Component", ""));
    return middles;
  }

  /** A target of the default policies; each kind is found by itself, the first that is there. */
  private Target byDefault(List<String> middles) {
    var target = Target.withoutPolicies();
    var timeout = first(middles, "TimeoutPolicy", resiliency.timeouts());
    var retry = first(middles, "RetryPolicy", retries);
    var breaker = first(middles, "CircuitBreakerPolicy", breakers);
    target = timeout == null ? target : target.timeout(timeout);
    target = retry == null ? target : target.retry(retry);
    return breaker == null ? target : target.circuitBreaker(breaker);
  }

  private static @Nullable String first(
      List<String> middles, String ending, Map<String, ?> policies) {
    return middles.stream()
        .map(middle -> "Default" + middle + ending)
        .filter(policies::containsKey)
        .findFirst()
        .orElse(null);
  }

  private TargetPolicies policies(
      TargetName name, Target target, BreakerKey key, BreakerCache cache) {
    var timeout = find(resiliency.timeouts(), target.timeoutName());
    var retry = find(retries, target.retryName());
    return new TargetPolicies(
        name,
        timeout == null || timeout.compareTo(Duration.ZERO) < 0 ? 0 : timeout.toNanos(),
        retry == null || retry.maxRetries() == 0 ? null : retry,
        find(breakers, target.circuitBreakerName()),
        key,
        cache);
  }

  private static <V> @Nullable V find(Map<String, V> policies, @Nullable String name) {
    return name == null ? null : policies.get(name);
  }
}
