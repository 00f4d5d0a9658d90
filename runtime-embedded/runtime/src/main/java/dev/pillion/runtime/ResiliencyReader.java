// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.component.GoDuration;
import dev.pillion.resiliency.CircuitBreakerPolicy;
import dev.pillion.resiliency.Resiliency;
import dev.pillion.resiliency.RetryPolicy;
import dev.pillion.resiliency.Target;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;

/**
 * Reads a Resiliency document. What a policy can be is the policies' own to say; here it gets its
 * place.
 */
final class ResiliencyReader {
  private static final List<String> TOP =
      List.of("apiVersion", "kind", "metadata", "spec", "scopes");
  private static final List<String> SPEC = List.of("policies", "targets");
  private static final List<String> POLICIES = List.of("timeouts", "retries", "circuitBreakers");
  private static final List<String> TARGETS = List.of("apps", "actors", "components");
  private static final List<String> RETRY =
      List.of("policy", "duration", "maxInterval", "maxRetries", "matching");
  private static final List<String> MATCHING = List.of("httpStatusCodes", "gRPCStatusCodes");
  private static final List<String> BREAKER = List.of("maxRequests", "interval", "timeout", "trip");
  private static final List<String> COMPONENT = List.of("inbound", "outbound");
  private static final List<String> NAMES = List.of("timeout", "retry", "circuitBreaker");
  private static final Duration BARE_UNIT = Duration.ofMillis(1);

  private final YamlFields fields;
  private final Resiliency.Builder resiliency = Resiliency.builder();
  private final Map<String, String> places = new HashMap<>();

  ResiliencyReader(YamlFields fields) {
    this.fields = fields;
  }

  private interface Entry {
    void read(String name, Node node);
  }

  ResiliencyDocument read(MappingNode root) {
    fields.check(root, TOP, "a resiliency resource");
    var spec = fields.mapping(root, "spec");
    if (spec == null) {
      fields.problem(root, "the resiliency resource has no spec");
    } else {
      fields.check(spec, SPEC, "spec");
      var policies = fields.mapping(spec, "policies");
      if (policies != null) {
        fields.check(policies, POLICIES, "policies");
        // A faulty one is there all the same: that nobody has defined it would be a second problem.
        each(policies, "timeouts", this::timeout, name -> resiliency.timeout(name, Duration.ZERO));
        each(
            policies,
            "retries",
            this::retry,
            name -> resiliency.retry(name, RetryPolicy.constant()));
        each(
            policies,
            "circuitBreakers",
            this::breaker,
            name -> resiliency.circuitBreaker(name, CircuitBreakerPolicy.defaults()));
      }
      var targets = fields.mapping(spec, "targets");
      if (targets != null) {
        fields.check(targets, TARGETS, "targets");
        each(targets, "apps", this::app, name -> {});
        each(targets, "actors", this::actor, name -> {});
        each(targets, "components", this::component, name -> {});
      }
    }
    return new ResiliencyDocument(resiliency.build(), places);
  }

  /**
   * Reads the entries of a field.
   *
   * @param faulty what stands for an entry that is none
   */
  private void each(MappingNode parent, String field, Entry entry, Consumer<String> faulty) {
    var mapping = fields.mapping(parent, field);
    if (mapping == null) {
      return;
    }
    YamlText.fields(mapping).forEach((name, node) -> {
      try {
        entry.read(name, node);
      } catch (IllegalArgumentException e) {
        fields.problem(node, String.valueOf(e.getMessage()));
        if (!name.isBlank()) {
          faulty.accept(name);
        }
      }
    });
  }

  private void timeout(String name, Node node) {
    var timeout = duration("the timeout \"" + name + "\"", node);
    resiliency.timeout(name, timeout == null ? Duration.ZERO : timeout);
  }

  private void retry(String name, Node node) {
    var fieldsOfIt = named(node, RETRY, "a retry policy");
    var word = text(fieldsOfIt, "policy").toLowerCase(Locale.ROOT);
    var constant = RetryPolicy.constant();
    var exponential = RetryPolicy.exponential();
    var retry = constant;
    if (word.equals("exponential")) {
      retry = exponential;
    } else if (!word.isEmpty() && !word.equals("constant")) {
      fields.problem(
          node(fieldsOfIt, "policy"),
          "\"policy\" was \"%s\" but must be constant or exponential"
              .formatted(text(fieldsOfIt, "policy")));
    }
    // Both are checked, the one that the policy has no use for as well.
    var spaced = with(fieldsOfIt, "duration", constant, (r, t) -> RetryPolicy.constant(t));
    var capped = with(fieldsOfIt, "maxInterval", exponential, (r, t) -> RetryPolicy.exponential(t));
    retry = retry == exponential ? capped : spaced;
    var retries = integer(fieldsOfIt, "maxRetries", -1);
    retry = retry.maxRetries(retries);
    var matching = fieldsOfIt == null ? null : fields.mapping(fieldsOfIt, "matching");
    if (matching != null) {
      fields.check(matching, MATCHING, "matching");
      retry = matching(matching, "httpStatusCodes", retry, retry::httpStatusCodes);
      retry = matching(matching, "gRPCStatusCodes", retry, retry::grpcStatusCodes);
    }
    resiliency.retry(name, retry);
  }

  /** The policy with a duration, if there is one and it can be one. */
  private <P> P with(
      @Nullable MappingNode node, String field, P policy, BiFunction<P, Duration, P> setter) {
    if (node == null || text(node, field).isEmpty()) {
      return policy;
    }
    var value = node(node, field);
    var duration = duration("\"" + field + "\"", value);
    try {
      return duration == null ? policy : setter.apply(policy, duration);
    } catch (IllegalArgumentException e) {
      fields.problem(value, String.valueOf(e.getMessage()));
      return policy;
    }
  }

  private RetryPolicy matching(
      MappingNode node, String field, RetryPolicy without, Function<String, RetryPolicy> setter) {
    try {
      return setter.apply(text(node, field));
    } catch (IllegalArgumentException e) {
      fields.problem(node(node, field), "\"%s\": %s".formatted(field, e.getMessage()));
      return without;
    }
  }

  private void breaker(String name, Node node) {
    var breakerFields = named(node, BREAKER, "a circuit breaker");
    var breaker = CircuitBreakerPolicy.defaults();
    breaker = with(breakerFields, "interval", breaker, CircuitBreakerPolicy::interval);
    breaker = with(breakerFields, "timeout", breaker, CircuitBreakerPolicy::timeout);
    var requests = integer(breakerFields, "maxRequests", 0);
    var trip = text(breakerFields, "trip");
    if (breakerFields != null && !trip.isEmpty()) {
      places.put(
          "policies.circuitBreakers." + name + ".trip", fields.at(node(breakerFields, "trip")));
    }
    resiliency.circuitBreaker(name, breaker.trip(trip).maxRequests(requests));
  }

  private void app(String id, Node node) {
    var known = List.of("timeout", "retry", "circuitBreaker", "circuitBreakerCacheSize");
    var target = target("targets.apps." + id, named(node, known, "an app target"));
    resiliency.app(id, cached(node, target));
  }

  private void actor(String type, Node node) {
    var known = List.of(
        "timeout", "retry", "circuitBreaker", "circuitBreakerScope", "circuitBreakerCacheSize");
    var targetFields = named(node, known, "an actor target");
    var target = cached(node, target("targets.actors." + type, targetFields));
    var scope = text(targetFields, "circuitBreakerScope");
    switch (scope) {
      case "" -> resiliency.actor(type, target);
      case "type" -> resiliency.actor(type, target.perActorType());
      case "id", "both" -> resiliency.actor(type, target.perActorId());
      default ->
        fields.problem(
            node(targetFields, "circuitBreakerScope"),
            "unknown circuit breaker scope \"%s\"; it is type, id or both".formatted(scope));
    }
  }

  private void component(String name, Node node) {
    var directions = named(node, COMPONENT, "a component target");
    resiliency.component(
        name,
        direction("targets.components." + name, directions, "inbound"),
        direction("targets.components." + name, directions, "outbound"));
  }

  private Target direction(String path, @Nullable MappingNode parent, String direction) {
    var node = parent == null ? null : fields.mapping(parent, direction);
    if (node != null) {
      fields.check(node, NAMES, direction);
    }
    return target(path + "." + direction, node);
  }

  private Target target(String path, @Nullable MappingNode node) {
    var target = Target.withoutPolicies();
    target = reference(path, node, "timeout", target, target::timeout);
    target = reference(path, node, "retry", target, target::retry);
    return reference(path, node, "circuitBreaker", target, target::circuitBreaker);
  }

  private Target reference(
      String path,
      @Nullable MappingNode node,
      String field,
      Target without,
      Function<String, Target> setter) {
    var name = text(node, field);
    if (node == null || name.isEmpty()) {
      return without;
    }
    places.put(path + "." + field, fields.at(node(node, field)));
    return setter.apply(name);
  }

  private Target cached(Node node, Target target) {
    var targetFields = node instanceof MappingNode mapping ? mapping : null;
    return target.circuitBreakerCacheSize(integer(targetFields, "circuitBreakerCacheSize", 0));
  }

  private @Nullable MappingNode named(Node node, List<String> known, String what) {
    var mapping = fields.mapping(what, node);
    if (mapping != null) {
      fields.check(mapping, known, what);
    }
    return mapping;
  }

  private String text(@Nullable MappingNode node, String field) {
    return node == null ? "" : fields.text(node, field).orElse("");
  }

  /** The value of a field that is known to be there; the whole where it is not. */
  private static Node node(@Nullable MappingNode parent, String field) {
    if (parent == null) {
      throw new IllegalStateException("\"" + field + "\" of nothing");
    }
    var node = YamlText.fields(parent).get(field);
    return node == null ? parent : node;
  }

  private @Nullable Duration duration(String what, Node node) {
    var text = YamlText.of(node);
    try {
      var parsed = GoDuration.parse(text, BARE_UNIT);
      if (parsed != null) {
        return parsed;
      }
    } catch (ArithmeticException e) {
      // Falls through: no duration can be as long.
    }
    fields.problem(
        node,
        "%s was \"%s\" but must be a duration such as 500ms or 1m30s; a bare integer counts milliseconds"
            .formatted(what, text));
    return null;
  }

  private int integer(@Nullable MappingNode node, String field, int byDefault) {
    var text = text(node, field);
    if (node == null || text.isEmpty()) {
      return byDefault;
    }
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      fields.problem(
          node(node, field), "\"%s\" was \"%s\" but must be a whole number".formatted(field, text));
      return byDefault;
    }
  }
}
