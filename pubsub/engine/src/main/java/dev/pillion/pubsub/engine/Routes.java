// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.Expressions;
import dev.pillion.component.NearestName;
import dev.pillion.pubsub.SubscribeOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The routing rules of one subscription, in order. Immutable, thread-safe. */
final class Routes {
  private static final String EVENT = "event";
  private static final Routes ALL = new Routes(List.of(new Rule(null, "")));

  /** A rule; without a condition it always matches. */
  private record Rule(Expressions.@Nullable Condition condition, String path) {}

  private final List<Rule> rules;

  private Routes(List<Rule> rules) {
    this.rules = rules;
  }

  /**
   * Rules with what is to be said of them, by their places in the list; none at all send everything
   * to the empty path.
   *
   * @param faults why they can't be used
   * @param doubts why they can, but most likely should not
   */
  record Compiled(Routes routes, Map<Integer, String> faults, Map<Integer, String> doubts) {
    static Compiled of(List<SubscribeOptions.Rule> written, Supplier<Expressions> expressions) {
      var faults = new TreeMap<Integer, String>();
      var doubts = new TreeMap<Integer, String>();
      var rules = new ArrayList<Rule>();
      for (int i = 0; i < written.size(); i++) {
        var rule = written.get(i);
        if (rule.match().isBlank()) {
          rules.add(new Rule(null, rule.path()));
          continue;
        }
        try {
          var condition = expressions.get().compile(rule.match());
          rules.add(new Rule(condition, rule.path()));
          var unknown = unknown(condition);
          if (!unknown.isEmpty()) {
            doubts.put(i, "the routing rule \"%s\": %s".formatted(rule.match(), unknown));
          }
        } catch (IllegalArgumentException e) {
          faults.put(i, "the routing rule \"%s\": %s".formatted(rule.match(), e.getMessage()));
        }
      }
      return new Compiled(written.isEmpty() ? ALL : new Routes(List.copyOf(rules)), faults, doubts);
    }

    /** Dapr compiles those as well, and fails with each event that needs them. */
    private static String unknown(Expressions.Condition condition) {
      return condition.variables().stream()
          .filter(name -> !name.equals(EVENT))
          .sorted()
          .map(name -> NearestName.to(name, List.of(EVENT)) == null
              ? "there is no variable \"%s\", only \"%s\"".formatted(name, EVENT)
              : "there is no variable \"%s\", did you mean \"%s\"?".formatted(name, EVENT))
          .collect(Collectors.joining("; "));
    }
  }

  /**
   * Where an event goes; null when no rule matches it.
   *
   * @param variables the event for conditions; asked for only where one has to be evaluated
   * @throws Expressions.EvaluationException when a condition can't be decided
   */
  @Nullable
  String path(Supplier<Map<String, Object>> variables) throws Expressions.EvaluationException {
    Map<String, Object> event = null;
    for (var rule : rules) {
      var condition = rule.condition;
      if (condition == null) {
        return rule.path;
      }
      event = event == null ? variables.get() : event;
      if (condition.test(event)) {
        return rule.path;
      }
    }
    return null;
  }
}
