// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import dev.pillion.concurrent.TimeSource;
import dev.pillion.pubsub.spi.TopicSubscription;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How the messages of an intake are handed over. Thread-safe.
 *
 * @param headers what they carry
 * @param redelivery when one that failed comes again
 * @param bulk the batches asked for; null for single messages
 * @param held says whether nothing new is handed over now
 */
record IntakeRules(
    HeaderRules headers,
    Redelivery redelivery,
    TopicSubscription.@Nullable Bulk bulk,
    TimeSource time,
    BooleanSupplier held) {
  private static final int BATCH = 100;
  private static final Duration AWAIT = Duration.ofSeconds(1);

  /** How long a worker waits until its attempt is on record. */
  private static final Duration RECORD = Duration.ofSeconds(10);

  boolean isBulk() {
    return bulk != null;
  }

  boolean isHeld() {
    return held.getAsBoolean();
  }

  /** How many messages at a time. */
  int batch() {
    if (bulk == null) {
      return 1;
    }
    return bulk.maxMessages() == 0 ? BATCH : bulk.maxMessages();
  }

  Duration batchAwait() {
    return bulk == null || bulk.maxAwait().isZero() ? AWAIT : bulk.maxAwait();
  }

  Duration recordPatience() {
    return RECORD;
  }
}
