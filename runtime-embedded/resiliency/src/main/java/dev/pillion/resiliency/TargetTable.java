// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The policies of one kind of target in one direction, worked out once a target. Thread-safe. */
final class TargetTable {
  /** Callers may name what they like: of what has no entry so much is kept, then all forgotten. */
  static final int MOST = 10_000;

  private final boolean withParts;
  private final News news;
  private final @Nullable Function<String, TargetPolicies> policies;
  private final Map<String, TargetPolicies> withEntry = new HashMap<>();
  private final ConcurrentHashMap<String, TargetPolicies> others = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<String, TargetPolicies> byTarget = new ConcurrentHashMap<>();

  /** Is told of a target when it is called. */
  @FunctionalInterface
  interface News {
    /**
     * Told once or more.
     *
     * @param now finds what the target has when it is asked; null when that is forgotten
     */
    void called(TargetPolicies target, Supplier<@Nullable TargetPolicies> now);
  }

  /**
   * A table.
   *
   * @param withParts whether the name of a target ends at its first slash
   * @param entries the names that have an entry of their own
   * @param news is told of each target at least when it is called first
   * @param policies works out what a name has; null when no name has any
   */
  TargetTable(
      boolean withParts,
      Set<String> entries,
      News news,
      @Nullable Function<String, TargetPolicies> policies) {
    this.withParts = withParts;
    this.news = news;
    this.policies = policies;
    if (policies != null) {
      entries.forEach(name -> withEntry.put(name, policies.apply(name)));
    }
  }

  /**
   * What protects a call's target, of {@code pubsub/topic} the {@code pubsub}; null for nothing.
   */
  @Nullable
  TargetPolicies of(String target) {
    var known = all(target);
    return known == null || known.isEmpty() ? null : known;
  }

  /** The same, also where that is without policies; null when no name has any. */
  @Nullable
  TargetPolicies all(String target) {
    if (policies == null) {
      return null;
    }
    var known = byTarget.get(target);
    return known == null ? add(target, policies) : known;
  }

  private TargetPolicies add(String target, Function<String, TargetPolicies> from) {
    int slash = withParts ? target.indexOf('/') : -1;
    var name = slash < 0 ? target : target.substring(0, slash);
    var found = withEntry.get(name);
    if (found == null) {
      if (others.size() >= MOST) {
        others.clear();
        byTarget.clear();
      }
      found = others.computeIfAbsent(name, from);
    }
    if (byTarget.size() >= MOST) {
      byTarget.clear();
    }
    byTarget.put(target, found);
    news.called(found, () -> named(name));
    return found;
  }

  /** What a name has that has an entry or has been called; null else, and when it is forgotten. */
  @Nullable
  TargetPolicies named(String name) {
    var entry = withEntry.get(name);
    return entry == null ? others.get(name) : entry;
  }

  /** Those that have an entry or have been called. */
  Stream<TargetPolicies> known() {
    return Stream.concat(withEntry.values().stream(), others.values().stream());
  }
}
