// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.testkit;

import static dev.pillion.pubsub.testkit.DeliveryContract.PATIENCE;
import static dev.pillion.pubsub.testkit.DeliveryContract.bytes;
import static dev.pillion.pubsub.testkit.DeliveryContract.json;
import static dev.pillion.pubsub.testkit.DeliveryContract.until;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.pubsub.CloudEvent;
import dev.pillion.pubsub.Delivery;
import dev.pillion.pubsub.DeliveryHandler;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.SubscribeOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DynamicTest;

/** What a stop does to the events that are on their way, cell by cell. Thread-safe. */
final class StopTable {
  private static final Duration SHORT = Duration.ofMillis(100);

  private final DeliveryContract broker;

  StopTable(DeliveryContract broker) {
    this.broker = broker;
  }

  List<DynamicTest> tests() {
    var tests = new ArrayList<DynamicTest>();
    if (broker.hasEveryOption()) {
      tests.add(cell("what ends while it drains is done", StopTable::endsInTime));
    }
    if (broker.isShared()) {
      tests.add(cell("between attempts it is no failure", StopTable::betweenAttempts));
      tests.add(cell("while a handler hangs it is no failure", StopTable::whileAHandlerHangs));
      tests.add(cell("many restarts dead-letter nothing", StopTable::manyRestarts));
    } else {
      tests.add(cell("what a handler hangs at goes to nobody", StopTable::runtimeEnds));
      if (broker.hasEveryOption()) {
        tests.add(cell("with the last handler goes what it had", StopTable::lastHandlerEnds));
      }
    }
    return tests;
  }

  private DynamicTest cell(String name, Scene.Act act) {
    return Scene.test(name, broker, act);
  }

  /** A handler that hangs until it is interrupted. */
  private static final class Hanging implements DeliveryHandler<byte[]> {
    final EventLog log = new EventLog();
    final CountDownLatch begun = new CountDownLatch(1);
    final CountDownLatch interrupted = new CountDownLatch(1);

    @Override
    public DeliveryResult handle(CloudEvent<byte[]> event, Delivery delivery)
        throws InterruptedException {
      log.handle(event, delivery);
      begun.countDown();
      try {
        new CountDownLatch(1).await();
        return DeliveryResult.SUCCESS;
      } catch (InterruptedException e) {
        interrupted.countDown();
        throw e;
      }
    }
  }

  private static void endsInTime(Scene scene) throws Exception {
    var begun = new CountDownLatch(1);
    var mayEnd = new CountDownLatch(1);
    var log = new EventLog();
    var door = scene.open(1);
    door.subscribe(scene.topic, scene.deadLettering(), (event, delivery) -> {
      begun.countDown();
      Scene.await(mayEnd);
      return log.handle(event, delivery);
    });
    scene.publish(door, "k", 1);
    Scene.await(begun);

    var closing = new FutureTask<>(() -> {
      scene.close(door);
      return true;
    });
    var thread = new Thread(closing, "closing");
    thread.start();
    until(
        () -> assertThat(thread.getState()).isIn(Thread.State.TIMED_WAITING, Thread.State.WAITING));
    mayEnd.countDown();
    assertThat(closing.get()).isTrue();

    assertThat(log.data).containsExactly("1");
    if (scene.broker.isShared()) {
      var next = scene.open(1);
      var later = new EventLog();
      next.subscribe(scene.topic, scene.deadLettering(), later);
      scene.publish(next, "k", 2);
      until(() -> assertThat(later.data).containsExactly("2"));
    }
  }

  private static void betweenAttempts(Scene scene) {
    var door = scene.open(3, Duration.ofMinutes(5), Duration.ZERO, PATIENCE);
    var failing = new EventLog();
    door.subscribe(scene.topic, scene.deadLettering(), (event, delivery) -> {
      failing.handle(event, delivery);
      return DeliveryResult.RETRY;
    });
    door.topic(scene.topic).publish(bytes("\"kept\""), json());
    until(() -> assertThat(failing.data).hasSize(1));

    scene.close(door);

    isDelivered(scene, scene.open(3));
  }

  private static void whileAHandlerHangs(Scene scene) throws Exception {
    var door = scene.open(1, Duration.ZERO, Duration.ZERO, SHORT);
    var hanging = new Hanging();
    door.subscribe(scene.topic, scene.deadLettering(), hanging);
    door.topic(scene.topic).publish(bytes("\"kept\""), json());
    Scene.await(hanging.begun);

    scene.close(door);
    Scene.await(hanging.interrupted);

    isDelivered(scene, scene.open(1));
  }

  private static void isDelivered(Scene scene, PubSubDoor next) {
    var letters = new EventLog();
    var log = new EventLog();
    next.subscribe(scene.dead, SubscribeOptions.defaults(), letters);
    next.subscribe(scene.topic, scene.deadLettering(), log);
    until(() -> assertThat(log.data).containsExactly("\"kept\""));
    assertThat(letters.data).isEmpty();
  }

  private static void manyRestarts(Scene scene) {
    var sent = IntStream.range(0, 60).mapToObj(Integer::toString).toList();
    var log = new EventLog();
    for (int restart = 0; restart < 6; restart++) {
      var door = scene.open(1);
      door.subscribe(scene.topic, scene.deadLettering().concurrency(1), log);
      if (restart == 0) {
        IntStream.range(0, 60).forEach(number -> scene.publish(door, "k", number));
      }
      int before = log.data.size();
      until(() -> assertThat(log.data.size()).isGreaterThan(Math.min(before, sent.size() - 1)));
      scene.close(door);
    }
    var letters = new EventLog();
    var last = scene.open(1);
    last.subscribe(scene.dead, SubscribeOptions.defaults(), letters);
    last.subscribe(scene.topic, scene.deadLettering(), log);

    until(() -> assertThat(log.data).containsAll(sent));
    assertThat(letters.data).isEmpty();
  }

  private static void runtimeEnds(Scene scene) throws Exception {
    var door = scene.open(3, Duration.ZERO, Duration.ZERO, SHORT);
    var hanging = new Hanging();
    door.subscribe(scene.topic, SubscribeOptions.defaults(), hanging);
    scene.publish(door, "k", 1);
    scene.publish(door, "k", 2);
    Scene.await(hanging.begun);

    scene.close(door);
    Scene.await(hanging.interrupted);

    // No further attempt, and nothing of what was behind it.
    DeliveryContract.forAWhile(() -> List.copyOf(hanging.log.data).equals(List.of("1")));
  }

  private static void lastHandlerEnds(Scene scene) throws Exception {
    var door = scene.open(3, Duration.ZERO, Duration.ZERO, SHORT);
    var hanging = new Hanging();
    var letters = new EventLog();
    door.subscribe(scene.dead, SubscribeOptions.defaults(), letters);
    var registration = door.subscribe(scene.topic, scene.deadLettering(), hanging);
    scene.publish(door, "k", 1);
    scene.publish(door, "k", 2);
    Scene.await(hanging.begun);

    registration.close();
    Scene.await(hanging.interrupted);

    var later = new EventLog();
    door.subscribe(scene.topic, scene.deadLettering(), later);
    scene.publish(door, "k", 3);
    until(() -> assertThat(later.data).containsExactly("3"));
    DeliveryContract.forAWhile(() -> letters.data.isEmpty() && later.data.size() == 1);
    assertThat(hanging.log.data).containsExactly("1");
  }
}
