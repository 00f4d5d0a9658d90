// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.testkit;

import static dev.pillion.pubsub.testkit.DeliveryContract.bytes;
import static dev.pillion.pubsub.testkit.DeliveryContract.json;
import static dev.pillion.pubsub.testkit.DeliveryContract.newName;
import static dev.pillion.pubsub.testkit.DeliveryContract.until;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.SubscribeOptions;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DynamicTest;

/**
 * The outcome table, cell by cell. Each has an app id and topics of its own, so that cells may run
 * side by side. Thread-safe.
 */
final class OutcomeTable {
  private final DeliveryContract broker;

  OutcomeTable(DeliveryContract broker) {
    this.broker = broker;
  }

  /** What a handler does with an event. */
  private enum Act {
    SUCCEEDS,
    ASKS_FOR_RETRY,
    DROPS,
    THROWS,
    OVERFLOWS,
    GIVES_NO_OUTCOME;

    boolean isFailure() {
      return this != SUCCEEDS && this != DROPS;
    }

    @SuppressWarnings("NullAway") // That a handler gives none is what is tested.
    DeliveryResult act() throws Exception {
      return switch (this) {
        case SUCCEEDS -> DeliveryResult.SUCCESS;
        case ASKS_FOR_RETRY -> DeliveryResult.RETRY;
        case DROPS -> DeliveryResult.DROP;
        case THROWS -> throw new Exception("as the test wants it");
        case OVERFLOWS -> throw new StackOverflowError("as the test wants it");
        case GIVES_NO_OUTCOME -> null;
      };
    }
  }

  /** One cell: what the handler does, how often it may, and where the event goes then. */
  private record Cell(Act act, int attempts, boolean deadLetters) {
    String name() {
      return "%s, %d attempts, %s"
          .formatted(act, attempts, deadLetters ? "dead letter topic" : "no dead letter topic");
    }
  }

  List<DynamicTest> tests() {
    var tests = new ArrayList<DynamicTest>();
    for (var act : Act.values()) {
      for (int attempts : new int[] {1, 3}) {
        for (boolean deadLetters : new boolean[] {false, true}) {
          var cell = new Cell(act, attempts, deadLetters);
          tests.add(DynamicTest.dynamicTest(cell.name(), () -> run(cell)));
        }
      }
    }
    return tests;
  }

  private void run(Cell cell) {
    var topic = newName("topic");
    var dead = topic + "-dead";
    broker.createTopic(topic);
    broker.createTopic(dead);
    var settings = new PubSubDoor.Settings(
        newName("app"), cell.attempts(), Duration.ZERO, Duration.ZERO, DeliveryContract.PATIENCE);
    try (var door = broker.open(settings)) {
      run(cell, door, topic, dead);
    }
  }

  private static void run(Cell cell, PubSubDoor door, String topic, String dead) {
    var starts = new AtomicInteger();
    var later = new EventLog();
    var letters = new EventLog();
    door.subscribe(dead, SubscribeOptions.defaults(), letters);
    var options = SubscribeOptions.defaults();
    door.subscribe(
        topic, cell.deadLetters() ? options.deadLetterTopic(dead) : options, (event, delivery) -> {
          if (new String(event.requireData(), StandardCharsets.UTF_8).equals("\"later\"")) {
            return later.handle(event, delivery);
          }
          starts.incrementAndGet();
          return cell.act().act();
        });

    door.topic(topic).publish(bytes("\"first\""), json());

    boolean fails = cell.act().isFailure();
    if (fails && !cell.deadLetters()) {
      // Nobody has it: the broker keeps it and delivers again.
      until(() -> assertThat(starts).hasValueGreaterThan(cell.attempts()));
      return;
    }
    int expected = fails ? cell.attempts() : 1;
    boolean lettered = cell.deadLetters() && cell.act() != Act.SUCCEEDS;
    until(() -> assertThat(starts).hasValue(expected));
    door.topic(topic).publish(bytes("\"later\""), json());
    until(() -> assertThat(later.data).contains("\"later\""));
    if (lettered) {
      until(() -> assertThat(letters.data).containsExactly("\"first\""));
    }
    DeliveryContract.forAWhile(() -> starts.get() == expected);
    assertThat(letters.data).hasSize(lettered ? 1 : 0);
  }
}
