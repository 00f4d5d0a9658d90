// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import java.util.Collection;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The policies of one kind of target in one direction, worked out once a target. Thread-safe. */
final class TargetTable {
  /** Callers may name what they like; beyond this many names each look-up works them out anew. */
  private static final int MOST = 10_000;

  private final boolean withParts;
  private final Consumer<TargetPolicies> news;
  private final @Nullable Function<String, TargetPolicies> policies;
  private final ConcurrentHashMap<String, TargetPolicies> byName = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<String, TargetPolicies> byTarget = new ConcurrentHashMap<>();

  /**
   * A table.
   *
   * @param withParts whether the name of a target ends at its first slash
   * @param news is told of each target when it is called first
   * @param policies works out what a name has; null when no name has any
   */
  TargetTable(
      boolean withParts,
      Consumer<TargetPolicies> news,
      @Nullable Function<String, TargetPolicies> policies) {
    this.withParts = withParts;
    this.news = news;
    this.policies = policies;
  }

  /**
   * What protects a call's target, of {@code pubsub/topic} the {@code pubsub}; null for nothing.
   */
  @Nullable
  TargetPolicies of(String target) {
    if (policies == null) {
      return null;
    }
    var known = byTarget.get(target);
    if (known == null) {
      known = add(target, policies);
    }
    return known.isEmpty() ? null : known;
  }

  private TargetPolicies add(String target, Function<String, TargetPolicies> from) {
    int slash = withParts ? target.indexOf('/') : -1;
    var name = slash < 0 ? target : target.substring(0, slash);
    var found = byName.get(name);
    if (found == null) {
      found = named(name, from.apply(name));
    }
    if (byTarget.size() < MOST) {
      byTarget.put(target, found);
    }
    return found;
  }

  private TargetPolicies named(String name, TargetPolicies made) {
    if (byName.size() >= MOST) {
      return made;
    }
    var other = byName.putIfAbsent(name, made);
    if (other != null) {
      return other;
    }
    if (!made.isEmpty()) {
      news.accept(made);
    }
    return made;
  }

  /** Those that have been called. */
  Collection<TargetPolicies> used() {
    return byName.values();
  }
}
