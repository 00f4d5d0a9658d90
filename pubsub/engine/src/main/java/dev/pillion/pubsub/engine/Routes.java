// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.Expressions;
import dev.pillion.pubsub.SubscribeOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The routing rules of one subscription, in order. Immutable, thread-safe. */
final class Routes {
  private static final Routes ALL = new Routes(List.of(new Rule(null, "")));

  /** A rule; without a condition it always matches. */
  private record Rule(Expressions.@Nullable Condition condition, String path) {}

  private final List<Rule> rules;

  private Routes(List<Rule> rules) {
    this.rules = rules;
  }

  /**
   * Compiles rules; none at all send everything to the empty path.
   *
   * @throws IllegalArgumentException with all that is wrong with them
   */
  static Routes of(List<SubscribeOptions.Rule> written, Supplier<Expressions> expressions) {
    if (written.isEmpty()) {
      return ALL;
    }
    var problems = new ArrayList<String>();
    var rules = new ArrayList<Rule>();
    for (var rule : written) {
      if (rule.match().isBlank()) {
        rules.add(new Rule(null, rule.path()));
      } else {
        try {
          rules.add(new Rule(expressions.get().compile(rule.match()), rule.path()));
        } catch (IllegalArgumentException e) {
          problems.add("the routing rule \"%s\": %s".formatted(rule.match(), e.getMessage()));
        }
      }
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("; ", problems));
    }
    return new Routes(List.copyOf(rules));
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
