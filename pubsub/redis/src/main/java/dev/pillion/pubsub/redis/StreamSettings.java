// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import dev.pillion.component.ComponentMetadata;
import java.time.Duration;

/**
 * How topics are written and read. Immutable.
 *
 * @param processingTimeout for how long a message is its consumer's without a sign of life
 * @param redeliverInterval how often messages past that are looked for
 * @param queueDepth how many messages are fetched ahead
 * @param concurrency how many handlers run at a time, for each subscription
 * @param maxLenApprox about how many messages a topic keeps; 0 for all
 * @param streamTtl for how long a topic keeps messages; zero for ever
 */
record StreamSettings(
    Duration processingTimeout,
    Duration redeliverInterval,
    int queueDepth,
    int concurrency,
    int maxLenApprox,
    Duration streamTtl) {
  static final StreamSettings DEFAULTS =
      new StreamSettings(Duration.ofSeconds(60), Duration.ofSeconds(15), 100, 10, 0, Duration.ZERO);

  private static final Duration LONGEST_RENEWAL = Duration.ofSeconds(10);
  private static final int MAX_QUEUE_DEPTH = 100_000;
  private static final int MAX_CONCURRENCY = 10_000;

  StreamSettings {
    requireNotNegative("processingTimeout", processingTimeout);
    requireNotNegative("redeliverInterval", redeliverInterval);
    requireNotNegative("streamTTL", streamTtl);
    requireWithin("queueDepth", queueDepth, 1, MAX_QUEUE_DEPTH);
    requireWithin("concurrency", concurrency, 1, MAX_CONCURRENCY);
    requireWithin("maxLenApprox", maxLenApprox, 0, Integer.MAX_VALUE);
  }

  private static void requireNotNegative(String name, Duration value) {
    if (value.isNegative()) {
      throw new IllegalArgumentException(
          "%s is %s, and must not be negative".formatted(name, value));
    }
  }

  private static void requireWithin(String name, int value, int min, int max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(
          "%s is %d, and must be from %d to %d".formatted(name, value, min, max));
    }
  }

  static StreamSettings read(ComponentMetadata metadata) {
    return new StreamSettings(
        millis(metadata, "processingTimeout", DEFAULTS.processingTimeout),
        millis(metadata, "redeliverInterval", DEFAULTS.redeliverInterval),
        metadata.integer("queueDepth", DEFAULTS.queueDepth, 1, MAX_QUEUE_DEPTH),
        metadata.integer("concurrency", DEFAULTS.concurrency, 1, MAX_CONCURRENCY),
        metadata.integer("maxLenApprox", DEFAULTS.maxLenApprox, 0, Integer.MAX_VALUE),
        millis(metadata, "streamTTL", DEFAULTS.streamTtl));
  }

  private static Duration millis(ComponentMetadata metadata, String key, Duration fallback) {
    var value = metadata.millis(key, fallback);
    if (value.isNegative()) {
      metadata.problem("\"%s\" was %s but must not be negative".formatted(key, value));
      return fallback;
    }
    return value;
  }

  /** Whether anyone looks for messages whose consumer shows no sign of life: Dapr's switch. */
  boolean redelivers() {
    return !processingTimeout.isZero() && !redeliverInterval.isZero();
  }

  /** A message that is held is renewed at least this often. */
  Duration renewInterval() {
    var third = processingTimeout.dividedBy(3);
    return third.compareTo(LONGEST_RENEWAL) < 0 ? third : LONGEST_RENEWAL;
  }

  /** From when on a claim without renewal is looked at again before a handler starts. */
  Duration doubtfulAfter() {
    return redelivers() ? processingTimeout.multipliedBy(2).dividedBy(3) : Duration.ofDays(10_000);
  }

  /** The idle time of a message that anyone may take at once. */
  Duration claimable() {
    return processingTimeout.isZero() ? DEFAULTS.processingTimeout : processingTimeout;
  }

  StreamSettings withProcessingTimeout(Duration value) {
    return new StreamSettings(
        value, redeliverInterval, queueDepth, concurrency, maxLenApprox, streamTtl);
  }

  StreamSettings withRedeliverInterval(Duration value) {
    return new StreamSettings(
        processingTimeout, value, queueDepth, concurrency, maxLenApprox, streamTtl);
  }

  StreamSettings withQueueDepth(int value) {
    return new StreamSettings(
        processingTimeout, redeliverInterval, value, concurrency, maxLenApprox, streamTtl);
  }

  StreamSettings withConcurrency(int value) {
    return new StreamSettings(
        processingTimeout, redeliverInterval, queueDepth, value, maxLenApprox, streamTtl);
  }

  StreamSettings withMaxLenApprox(int value) {
    return new StreamSettings(
        processingTimeout, redeliverInterval, queueDepth, concurrency, value, streamTtl);
  }

  StreamSettings withStreamTtl(Duration value) {
    return new StreamSettings(
        processingTimeout, redeliverInterval, queueDepth, concurrency, maxLenApprox, value);
  }
}
