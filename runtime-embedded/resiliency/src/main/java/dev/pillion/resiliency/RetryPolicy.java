// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How often a failed call is tried again, and after which pauses. Immutable; each method returns
 * another policy.
 */
public final class RetryPolicy {
  static final Duration DEFAULT_DURATION = Duration.ofSeconds(5);
  static final Duration DEFAULT_MAX_INTERVAL = Duration.ofSeconds(60);
  static final Duration INITIAL_INTERVAL = Duration.ofMillis(500);
  static final Duration DEFAULT_MAX_ELAPSED = Duration.ofMinutes(15);
  static final int UNLIMITED = -1;

  private final boolean exponential;
  private final Duration interval;
  private final int maxRetries;
  private final Duration maxElapsed;
  private final @Nullable StatusCodes http;
  private final @Nullable StatusCodes grpc;

  private RetryPolicy(
      boolean exponential,
      Duration interval,
      int maxRetries,
      Duration maxElapsed,
      @Nullable StatusCodes http,
      @Nullable StatusCodes grpc) {
    this.exponential = exponential;
    this.interval = interval;
    this.maxRetries = maxRetries;
    this.maxElapsed = maxElapsed;
    this.http = http;
    this.grpc = grpc;
  }

  /** Without end, 5 s apart: Dapr's default. */
  public static RetryPolicy constant() {
    return constant(DEFAULT_DURATION);
  }

  /**
   * Without end, so far apart.
   *
   * @throws IllegalArgumentException when the pause is negative
   */
  public static RetryPolicy constant(Duration pause) {
    return new RetryPolicy(
        false, Durations.notNegative("duration", pause), UNLIMITED, Duration.ZERO, null, null);
  }

  /** With pauses that grow from 500 ms to 60 s, for 15 minutes: Dapr's default. */
  public static RetryPolicy exponential() {
    return exponential(DEFAULT_MAX_INTERVAL);
  }

  /**
   * With pauses that grow from 500 ms by half each time, for 15 minutes. Each is drawn from half to
   * one and a half of its size.
   *
   * @param maxInterval where they stop to grow; must be positive
   */
  public static RetryPolicy exponential(Duration maxInterval) {
    return new RetryPolicy(
        true,
        Durations.positive("maxInterval", maxInterval),
        UNLIMITED,
        DEFAULT_MAX_ELAPSED,
        null,
        null);
  }

  /** So many retries after the first attempt; 0 for none, negative for no limit. */
  public RetryPolicy maxRetries(int retries) {
    return new RetryPolicy(
        exponential, interval, Math.max(retries, UNLIMITED), maxElapsed, http, grpc);
  }

  /** The same, given up before a pause that would end later than this after the first attempt. */
  RetryPolicy maxElapsed(Duration elapsed) {
    return new RetryPolicy(exponential, interval, maxRetries, elapsed, http, grpc);
  }

  /**
   * Of failures with an HTTP status only these are tried again, such as {@code 429,500-599}; an
   * empty text stands for all.
   *
   * @throws IllegalArgumentException when it is no list of codes from 100 to 599
   */
  public RetryPolicy httpStatusCodes(String codes) {
    var parsed = codes.isEmpty() ? null : StatusCodes.parse(codes, 100, 599);
    return new RetryPolicy(exponential, interval, maxRetries, maxElapsed, parsed, grpc);
  }

  /**
   * Of failures with a gRPC status only these are tried again, such as {@code 4,13-14}; an empty
   * text stands for all.
   *
   * @throws IllegalArgumentException when it is no list of codes from 0 to 16
   */
  public RetryPolicy grpcStatusCodes(String codes) {
    var parsed = codes.isEmpty() ? null : StatusCodes.parse(codes, 0, 16);
    return new RetryPolicy(exponential, interval, maxRetries, maxElapsed, http, parsed);
  }

  boolean isExponential() {
    return exponential;
  }

  /** The pause of a constant policy, the largest of an exponential one. */
  Duration interval() {
    return interval;
  }

  /** Negative for no limit. */
  int maxRetries() {
    return maxRetries;
  }

  /** Zero for no limit. */
  Duration maxElapsed() {
    return maxElapsed;
  }

  /** Whether a failure of that status is tried again: gRPC's below 17, HTTP's from 100 on. */
  boolean matches(int status) {
    if (status >= 0 && status <= 16) {
      return grpc == null || grpc.contains(status);
    }
    return status >= 100 && status <= 599 && (http == null || http.contains(status));
  }

  /** Readable, in the words of Dapr's files. */
  @Override
  public String toString() {
    var text = new StringBuilder(exponential ? "exponential, maxInterval " : "constant, duration ")
        .append(Durations.text(interval))
        .append(", maxRetries ")
        .append(maxRetries);
    if (http != null) {
      text.append(", httpStatusCodes ").append(http);
    }
    if (grpc != null) {
      text.append(", gRPCStatusCodes ").append(grpc);
    }
    return text.toString();
  }
}
