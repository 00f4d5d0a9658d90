// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import dev.pillion.BuildingBlockException;
import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import org.apache.kafka.common.errors.RecordBatchTooLargeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TimeoutException;

/** What Kafka's exceptions mean to a caller. */
final class KafkaFailures {
  private static final String CODE = "ERR_COMPONENT";

  private KafkaFailures() {}

  /** @param what was tried, such as {@code publishing to "orders"} */
  static BuildingBlockException of(String what, Throwable failure) {
    if (failure instanceof BuildingBlockException already) {
      return already;
    }
    if (failure instanceof TimeoutException
        || failure instanceof java.util.concurrent.TimeoutException) {
      return timeout(what, failure);
    }
    if (failure instanceof RecordTooLargeException
        || failure instanceof RecordBatchTooLargeException) {
      return ComponentException.failed(
          "%s failed: the event is too large (%s); raise \"maxMessageBytes\" and the topic's max.message.bytes, or send a reference"
              .formatted(what, failure.getMessage()),
          failure);
    }
    var message = "%s failed: %s".formatted(what, reason(failure));
    return failure instanceof RetriableException
        ? ComponentException.unavailable(message, failure)
        : ComponentException.failed(message, failure);
  }

  /** Nothing was tried. */
  static CallTimeoutException tooLate(String what) {
    return new CallTimeoutException(CODE, what + " was not begun, there was no time left", null);
  }

  static CallTimeoutException timeout(String what, Throwable failure) {
    var said = failure.getMessage();
    return new CallTimeoutException(
        CODE,
        "%s was not confirmed in time; it may still be carried out%s"
            .formatted(what, said == null ? "" : ": " + said),
        failure);
  }

  static ComponentException interrupted(String what, Throwable failure) {
    Thread.currentThread().interrupt();
    return ComponentException.unavailable("interrupted while " + what, failure);
  }

  /** Kafka says in a cause what its outer exceptions leave out. */
  static String reason(Throwable failure) {
    var deepest = failure;
    while (deepest.getCause() != null && deepest.getCause() != deepest) {
      deepest = deepest.getCause();
    }
    var said = deepest.getMessage();
    return said == null ? deepest.getClass().getSimpleName() : said;
  }
}
