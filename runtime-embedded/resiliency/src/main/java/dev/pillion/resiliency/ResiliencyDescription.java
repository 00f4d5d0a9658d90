// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

/**
 * The policies of a runtime and how they stand; {@link #toString} is made to be read.
 *
 * @param policies what each policy says, under {@code timeout quick} and the like
 * @param targets which policies protect each explicit target, under {@code app orders} and the like
 * @param breakers the circuit breakers that have been used
 * @param stuck under a target's name, how many calls of user code run on although their time is up
 */
public record ResiliencyDescription(
    Map<String, String> policies,
    Map<String, String> targets,
    List<BreakerState> breakers,
    Map<String, Integer> stuck) {

  /**
   * One circuit breaker.
   *
   * @param target what it protects: {@code app "orders"}
   * @param key which part of that: a method, an actor id; empty for all of it
   * @param policy the name of its policy
   * @param state {@code closed}, {@code open} or {@code half-open}; an open one notices with the
   *     next call that its time is over
   * @param requests calls let through since the state or the interval began
   * @param failures those of them that failed
   */
  public record BreakerState(
      String target, String key, String policy, String state, long requests, long failures) {}

  /** Copies. */
  public ResiliencyDescription {
    policies = Map.copyOf(policies);
    targets = Map.copyOf(targets);
    breakers = List.copyOf(breakers);
    stuck = Map.copyOf(stuck);
  }

  /** Whether there is nothing to tell. */
  public boolean isEmpty() {
    return policies.isEmpty() && targets.isEmpty() && stuck.isEmpty();
  }

  @Override
  public String toString() {
    var lines = new StringJoiner(System.lineSeparator());
    policies.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(
            policy -> lines.add("  policy %s: %s".formatted(policy.getKey(), policy.getValue())));
    targets.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(
            target -> lines.add("  target %s: %s".formatted(target.getKey(), target.getValue())));
    breakers.stream()
        .filter(breaker -> !breaker.state.equals("closed"))
        .forEach(breaker -> lines.add("  circuit breaker %s of %s%s is %s"
            .formatted(
                breaker.policy,
                breaker.target,
                breaker.key.isEmpty() ? "" : " (" + breaker.key + ")",
                breaker.state)));
    stuck.forEach((target, calls) ->
        lines.add("  %d calls of %s run on although their time is up".formatted(calls, target)));
    return lines.toString();
  }
}
