// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Message;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.pubsub.spi.TopicSubscription;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;

/**
 * A program in a JVM of its own that one message halts. It publishes what it handled to one topic
 * and, after three attempts on record, what it gave up to another, as an engine would.
 */
final class PoisonedProgram {
  static final String POISON = "m50";
  static final int LIMIT = 3;

  private PoisonedProgram() {}

  /** Arguments: the server's URI, the topic. */
  public static void main(String[] arguments) throws InterruptedException {
    var topic = arguments[1];
    var component = RedisPubSub.at(arguments[0])
        .processingTimeout(Duration.ofSeconds(1))
        .redeliverInterval(Duration.ofMillis(100));
    component.open(TestTime.context());
    var recorder = new Recorder(message -> {
      if (message.isRedelivered()) {
        if (message.attempts() >= LIMIT) {
          return pass(component, topic + "-dead", message);
        }
        message.recordAttempts(message.attempts() + 1);
      }
      if (Recorder.text(message).equals(POISON)) {
        LockSupport.parkNanos(Duration.ofMillis(200).toNanos());
        Runtime.getRuntime().halt(3);
      }
      return pass(component, topic + "-handled", message);
    });
    component.subscribe(new TopicSubscription(topic, Bus.GROUP, Map.of(), 4, null), recorder);
    new CountDownLatch(1).await();
  }

  private static Disposition pass(RedisPubSub component, String to, Message message) {
    var text = Recorder.text(message) + " after " + message.attempts();
    component.publish(new OutgoingMessage(to, text.getBytes(UTF_8), null, null), Deadline.none());
    return Disposition.ACKNOWLEDGE;
  }
}
