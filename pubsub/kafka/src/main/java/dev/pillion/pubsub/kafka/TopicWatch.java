// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import dev.pillion.concurrent.TimeSource;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks every few seconds whether a topic is still the one that is taken in. A consumer does not
 * say: where a topic is deleted and made anew by the same name, it goes on at the old one's offset,
 * and passes over what lies before. Used by the thread that polls; only {@link #isGone} is for
 * others too.
 */
final class TopicWatch {
  private static final Logger log = LoggerFactory.getLogger(TopicWatch.class);
  private static final Duration PERIOD = Duration.ofSeconds(5);

  private final String topic;
  private final Supplier<KafkaFuture<Uuid>> ids;
  private final TimeSource time;
  private @Nullable KafkaFuture<Uuid> answer;
  private @Nullable Uuid known;
  private long next;
  private volatile boolean gone;

  /** @param ids asks, without waiting, for the topic's id */
  TopicWatch(String topic, Supplier<KafkaFuture<Uuid>> ids, TimeSource time) {
    this.topic = topic;
    this.ids = ids;
    this.time = time;
    this.next = time.nanos();
  }

  /** Whether the topic was there, and is not any more. */
  boolean isGone() {
    return gone;
  }

  /** Whether the topic is another one since the last call. */
  boolean isAnotherOne() throws InterruptedException {
    try {
      var asked = answer;
      if (asked != null && asked.isDone()) {
        answer = null;
        return isAnother(asked.get());
      }
      if (asked == null && time.nanos() - next >= 0) {
        next = time.nanos() + PERIOD.toNanos();
        answer = ids.get();
      }
    } catch (ExecutionException e) {
      isUnknown(e.getCause());
    } catch (RuntimeException e) {
      log.debug("nothing is known about \"{}\"", topic, e);
    }
    return false;
  }

  private boolean isAnother(Uuid id) {
    gone = false;
    boolean another = known != null && !known.equals(id);
    known = id;
    if (another) {
      log.warn("\"{}\" was made anew: it is read from its beginning", topic);
    }
    return another;
  }

  private void isUnknown(@Nullable Throwable failure) {
    if (!(failure instanceof UnknownTopicOrPartitionException)) {
      // No permission to ask, or no broker: the consumer says what matters of it.
      log.debug("nothing is known about \"{}\"", topic, failure);
    } else if (known != null && !gone) {
      gone = true;
      log.warn("\"{}\" is not there any more; waiting until it is made anew", topic);
    }
  }
}
