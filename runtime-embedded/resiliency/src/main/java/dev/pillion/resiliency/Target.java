// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * Which policies protect one app, actor type or component, by their names. A target keeps the
 * default policies away, also those of a kind it does not name. Immutable; each method returns
 * another target.
 */
public final class Target {
  private static final Target NONE = new Target(null, null, null, null, 0);

  /** What an actor type has a breaker for. */
  enum Scope {
    TYPE,
    ID
  }

  private final @Nullable String timeout;
  private final @Nullable String retry;
  private final @Nullable String circuitBreaker;
  private final @Nullable Scope scope;
  private final int cacheSize;

  private Target(
      @Nullable String timeout,
      @Nullable String retry,
      @Nullable String circuitBreaker,
      @Nullable Scope scope,
      int cacheSize) {
    this.timeout = timeout;
    this.retry = retry;
    this.circuitBreaker = circuitBreaker;
    this.scope = scope;
    this.cacheSize = cacheSize;
  }

  /** No policies at all. */
  public static Target withoutPolicies() {
    return NONE;
  }

  /** The timeout of that name alone. */
  public static Target withTimeout(String name) {
    return NONE.timeout(name);
  }

  /** The retry policy of that name alone. */
  public static Target withRetry(String name) {
    return NONE.retry(name);
  }

  /** The circuit breaker of that name alone. */
  public static Target withCircuitBreaker(String name) {
    return NONE.circuitBreaker(name);
  }

  /** The same with this timeout. */
  public Target timeout(String name) {
    return new Target(name, retry, circuitBreaker, scope, cacheSize);
  }

  /** The same with this retry policy. */
  public Target retry(String name) {
    return new Target(timeout, name, circuitBreaker, scope, cacheSize);
  }

  /** The same with this circuit breaker; an actor target says per what as well. */
  public Target circuitBreaker(String name) {
    return new Target(timeout, retry, name, scope, cacheSize);
  }

  /** One breaker for all actors of the type. */
  public Target perActorType() {
    return new Target(timeout, retry, circuitBreaker, Scope.TYPE, cacheSize);
  }

  /** One breaker for each actor id. */
  public Target perActorId() {
    return new Target(timeout, retry, circuitBreaker, Scope.ID, cacheSize);
  }

  /**
   * How many breakers are kept, the least recently used forgotten first; 0 for Dapr's default: 100
   * methods of an app, 5000 ids of an actor type.
   */
  public Target circuitBreakerCacheSize(int size) {
    if (size < 0) {
      throw new IllegalArgumentException(
          "\"circuitBreakerCacheSize\" can't be negative: %d".formatted(size));
    }
    return new Target(timeout, retry, circuitBreaker, scope, size);
  }

  @Nullable
  String timeoutName() {
    return timeout;
  }

  @Nullable
  String retryName() {
    return retry;
  }

  @Nullable
  String circuitBreakerName() {
    return circuitBreaker;
  }

  @Nullable
  Scope scope() {
    return scope;
  }

  /** The size, or this one where none is set. */
  int cacheSize(int byDefault) {
    return cacheSize == 0 ? byDefault : cacheSize;
  }

  /** Whether it says what only apps and actors can have. */
  boolean hasCacheSize() {
    return cacheSize != 0;
  }

  /** Readable, in the words of Dapr's files. */
  @Override
  public String toString() {
    var text = new StringJoiner(", ").setEmptyValue("no policies");
    if (timeout != null) {
      text.add("timeout " + timeout);
    }
    if (retry != null) {
      text.add("retry " + retry);
    }
    if (circuitBreaker != null) {
      text.add("circuitBreaker " + circuitBreaker
          + (scope == null ? "" : scope == Scope.TYPE ? " per type" : " per id"));
    }
    return text.toString();
  }
}
