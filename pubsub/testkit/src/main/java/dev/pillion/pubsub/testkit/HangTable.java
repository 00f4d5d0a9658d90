// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.testkit;

import static dev.pillion.pubsub.testkit.DeliveryContract.bytes;
import static dev.pillion.pubsub.testkit.DeliveryContract.json;
import static dev.pillion.pubsub.testkit.DeliveryContract.until;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.SubscribeOptions;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DynamicTest;

/**
 * What becomes of a handler that hangs under the timeout of a policy, cell by cell. Thread-safe.
 */
final class HangTable {
  /** Long enough for an event to reach a peer's handler on a busy machine. */
  private static final Duration TIMEOUT = Duration.ofMillis(800);

  private final DeliveryContract broker;

  HangTable(DeliveryContract broker) {
    this.broker = broker;
  }

  List<DynamicTest> tests() {
    return List.of(
        Scene.test("it comes again by the broker", broker, scene -> comesAgain(scene, 1)),
        Scene.test("it counts as an attempt of the policy", broker, scene -> comesAgain(scene, 2)),
        Scene.test("it goes to the dead letter topic", broker, HangTable::isDeadLettered));
  }

  /** A handler that hangs so often at first. Closing lets it go. */
  private static final class Hanging implements AutoCloseable {
    final AtomicInteger starts = new AtomicInteger();
    final AtomicInteger interrupted = new AtomicInteger();
    final Collection<Integer> attempts = new ConcurrentLinkedQueue<>();
    private final CountDownLatch released = new CountDownLatch(1);
    private final int times;

    Hanging(int times) {
      this.times = times;
    }

    DeliveryResult handle(int attempt) throws InterruptedException {
      attempts.add(attempt);
      if (starts.incrementAndGet() > times) {
        return DeliveryResult.SUCCESS;
      }
      try {
        released.await();
        return DeliveryResult.RETRY;
      } catch (InterruptedException e) {
        interrupted.incrementAndGet();
        throw e;
      }
    }

    @Override
    public void close() {
      released.countDown();
    }
  }

  private static PubSubDoor open(Scene scene, int attempts) {
    return scene.open(attempts, Duration.ZERO, TIMEOUT, DeliveryContract.PATIENCE);
  }

  private static void comesAgain(Scene scene, int attempts) {
    try (var hanging = new Hanging(1)) {
      var door = open(scene, attempts);
      door.subscribe(
          scene.topic,
          SubscribeOptions.defaults(),
          (event, delivery) -> hanging.handle(delivery.attempt()));

      door.topic(scene.topic).publish(bytes("1"), json());

      until(() -> assertThat(hanging.starts).hasValue(2));
      // Done: it does not come a third time.
      DeliveryContract.forAWhile(() -> hanging.starts.get() == 2);
      if (scene.broker.hasEveryOption()) {
        assertThat(hanging.attempts).containsExactly(1, 2);
        assertThat(hanging.interrupted).hasValue(1);
      }
    }
  }

  private static void isDeadLettered(Scene scene) {
    try (var hanging = new Hanging(Integer.MAX_VALUE)) {
      var letters = new EventLog();
      var door = open(scene, 2);
      door.subscribe(scene.dead, SubscribeOptions.defaults(), letters);
      door.subscribe(
          scene.topic,
          scene.deadLettering(),
          (event, delivery) -> hanging.handle(delivery.attempt()));

      door.topic(scene.topic).publish(bytes("1"), json());

      until(() -> assertThat(letters.data).containsExactly("1"));
      assertThat(hanging.starts).hasValue(2);
      DeliveryContract.forAWhile(() -> hanging.starts.get() == 2);
      if (scene.broker.hasEveryOption()) {
        assertThat(hanging.attempts).containsExactly(1, 2);
        assertThat(hanging.interrupted).hasValue(2);
      }
    }
  }
}
