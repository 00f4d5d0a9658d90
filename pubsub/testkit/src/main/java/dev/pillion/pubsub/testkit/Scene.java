// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.testkit;

import static dev.pillion.pubsub.testkit.DeliveryContract.bytes;
import static dev.pillion.pubsub.testkit.DeliveryContract.json;
import static dev.pillion.pubsub.testkit.DeliveryContract.newName;

import dev.pillion.pubsub.CloudEvent;
import dev.pillion.pubsub.SubscribeOptions;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DynamicTest;

/**
 * One cell: a broker with an app id and topics of its own, so that cells may run side by side. Used
 * by one thread at a time.
 */
final class Scene {
  final String topic = newName("topic");
  final String dead = topic + "-dead";
  final DeliveryContract broker;

  private final String app = newName("app");
  private final List<PubSubDoor> doors = new ArrayList<>();

  private Scene(DeliveryContract broker) {
    this.broker = broker;
    broker.createTopic(topic);
    broker.createTopic(dead);
  }

  /** What is to be seen. */
  interface Act {
    void play(Scene scene) throws Exception;
  }

  static DynamicTest test(String name, DeliveryContract broker, Act act) {
    return DynamicTest.dynamicTest(name, () -> {
      var scene = new Scene(broker);
      try {
        act.play(scene);
      } finally {
        List.copyOf(scene.doors).forEach(scene::close);
      }
    });
  }

  /** A runtime whose policy tries so often. */
  PubSubDoor open(int attempts) {
    return open(attempts, Duration.ZERO, Duration.ZERO, DeliveryContract.PATIENCE);
  }

  PubSubDoor open(int attempts, Duration pause, Duration timeout, Duration drain) {
    var door = broker.open(new PubSubDoor.Settings(app, attempts, pause, timeout, drain));
    doors.add(door);
    return door;
  }

  void close(PubSubDoor door) {
    doors.remove(door);
    door.close();
  }

  /** Options with the dead letter topic. */
  SubscribeOptions deadLettering() {
    return SubscribeOptions.defaults().deadLetterTopic(dead);
  }

  /** Publishes a number of a key. */
  void publish(PubSubDoor door, String key, int number) {
    door.topic(topic).publish(bytes(Integer.toString(number)), json().partitionKey(key));
  }

  /** Waits for what must happen soon. */
  static void await(CountDownLatch latch) throws InterruptedException {
    if (!latch.await(DeliveryContract.PATIENCE.toNanos(), TimeUnit.NANOSECONDS)) {
      throw new IllegalStateException("what is waited for does not happen");
    }
  }

  static int number(CloudEvent<byte[]> event) {
    return Integer.parseInt(new String(event.requireData(), StandardCharsets.UTF_8));
  }
}
