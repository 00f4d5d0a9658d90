// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.testkit;

import static dev.pillion.pubsub.testkit.DeliveryContract.until;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.pubsub.DeliveryHandler;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.testkit.DeliveryContract.Order;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DynamicTest;

/** What becomes of the order behind an event that fails, cell by cell. Thread-safe. */
final class OrderTable {
  private static final String KEY = "k";

  private final DeliveryContract broker;

  OrderTable(DeliveryContract broker) {
    this.broker = broker;
  }

  List<DynamicTest> tests() {
    var tests = new ArrayList<DynamicTest>();
    if (broker.order() == Order.KEPT) {
      tests.add(cell("those of its key wait while it comes again", scene -> keptInPlace(scene, 1)));
    } else {
      tests.add(cell("those of its key overtake it when it has failed", OrderTable::overtaken));
    }
    if (broker.order() == Order.NONE) {
      tests.add(cell("those of its key overtake it while it is handled", OrderTable::notHeldUp));
    } else {
      tests.add(
          cell("those of its key wait for the policy's attempts", scene -> keptInPlace(scene, 3)));
      tests.add(cell("those of its key go on when it is dead-lettered", OrderTable::deadLettered));
    }
    tests.add(cell("those of other keys go on when it has failed", OrderTable::othersAfterwards));
    if (broker.handlesKeysSideBySide()) {
      tests.add(cell("those of other keys go on while it is handled", OrderTable::othersMeanwhile));
    }
    return tests;
  }

  private DynamicTest cell(String name, Scene.Act act) {
    return Scene.test(name, broker, act);
  }

  /** A handler's log, by number. What it does with number 1 is a test's to say. */
  private static final class Numbers {
    final ConcurrentLinkedQueue<Integer> starts = new ConcurrentLinkedQueue<>();
    final ConcurrentLinkedQueue<Integer> done = new ConcurrentLinkedQueue<>();
    final CountDownLatch published = new CountDownLatch(1);

    /** What number 1 meets, with how often it has started. */
    interface First {
      DeliveryResult start(int starts) throws Exception;
    }

    DeliveryHandler<byte[]> handler(First first) {
      return (event, delivery) -> {
        int number = Scene.number(event);
        starts.add(number);
        var result = DeliveryResult.SUCCESS;
        if (number == 1) {
          // What is to be behind it must be there.
          Scene.await(published);
          result = first.start(Collections.frequency(starts, 1));
        }
        if (result == DeliveryResult.SUCCESS) {
          done.add(number);
        }
        return result;
      };
    }

    boolean hasOthers() {
      return done.stream().anyMatch(number -> number != 1);
    }
  }

  /** Number 1 and two behind it, of one key. */
  private static void publishThree(Scene scene, PubSubDoor door, Numbers numbers) {
    IntStream.rangeClosed(1, 3).forEach(number -> scene.publish(door, KEY, number));
    numbers.published.countDown();
  }

  /** Number 1, and others of so many keys that not all are in its partition. */
  private static void publishOfOtherKeys(Scene scene, PubSubDoor door, Numbers numbers) {
    scene.publish(door, KEY, 1);
    IntStream.rangeClosed(2, 13).forEach(number -> scene.publish(door, KEY + number, number));
    numbers.published.countDown();
  }

  /** @param attempts those of the policy; with 1 it is the broker that delivers again */
  private static void keptInPlace(Scene scene, int attempts) {
    var numbers = new Numbers();
    var door = scene.open(attempts);
    door.subscribe(
        scene.topic,
        SubscribeOptions.defaults(),
        numbers.handler(starts -> starts < 3 ? DeliveryResult.RETRY : DeliveryResult.SUCCESS));

    publishThree(scene, door, numbers);

    until(() -> assertThat(numbers.starts).containsExactly(1, 1, 1, 2, 3));
  }

  private static void overtaken(Scene scene) {
    var numbers = new Numbers();
    var door = scene.open(1);
    door.subscribe(
        scene.topic,
        SubscribeOptions.defaults(),
        numbers.handler(
            starts -> numbers.done.size() < 2 ? DeliveryResult.RETRY : DeliveryResult.SUCCESS));

    publishThree(scene, door, numbers);

    // In the end it is handled as well.
    until(() -> assertThat(numbers.done).containsExactlyInAnyOrder(1, 2, 3).endsWith(1));
  }

  private static void notHeldUp(Scene scene) {
    var numbers = new Numbers();
    var door = scene.open(1);
    var behind = new CountDownLatch(2);
    var first = numbers.handler(starts -> {
      Scene.await(behind);
      return DeliveryResult.SUCCESS;
    });
    door.subscribe(scene.topic, SubscribeOptions.defaults(), (event, delivery) -> {
      var result = first.handle(event, delivery);
      behind.countDown();
      return result;
    });

    publishThree(scene, door, numbers);

    until(() -> assertThat(numbers.done).containsExactlyInAnyOrder(1, 2, 3).endsWith(1));
    assertThat(numbers.starts).hasSize(3);
  }

  private static void deadLettered(Scene scene) {
    var numbers = new Numbers();
    var door = scene.open(2);
    door.subscribe(
        scene.topic, scene.deadLettering(), numbers.handler(starts -> DeliveryResult.RETRY));

    publishThree(scene, door, numbers);

    until(() -> assertThat(numbers.starts).containsExactly(1, 1, 2, 3));
    until(() -> assertThat(numbers.done).containsExactly(2, 3));
  }

  private static void othersAfterwards(Scene scene) {
    var numbers = new Numbers();
    var door = scene.open(1);
    door.subscribe(
        scene.topic,
        SubscribeOptions.defaults(),
        // Were they held up until it is done, it never would be.
        numbers.handler(starts ->
            starts > 1 && numbers.hasOthers() ? DeliveryResult.SUCCESS : DeliveryResult.RETRY));

    publishOfOtherKeys(scene, door, numbers);

    until(() -> assertThat(numbers.done)
        .containsAll(IntStream.rangeClosed(1, 13).boxed().toList()));
  }

  private static void othersMeanwhile(Scene scene) {
    var numbers = new Numbers();
    var door = scene.open(1);
    var other = new CountDownLatch(1);
    var first = numbers.handler(starts -> {
      Scene.await(other);
      return DeliveryResult.SUCCESS;
    });
    door.subscribe(scene.topic, SubscribeOptions.defaults(), (event, delivery) -> {
      var result = first.handle(event, delivery);
      if (Scene.number(event) != 1) {
        other.countDown();
      }
      return result;
    });

    publishOfOtherKeys(scene, door, numbers);

    until(() -> assertThat(numbers.done)
        .containsExactlyInAnyOrderElementsOf(
            IntStream.rangeClosed(1, 13).boxed().toList()));
    assertThat(Collections.frequency(numbers.starts, 1)).isEqualTo(1);
  }
}
