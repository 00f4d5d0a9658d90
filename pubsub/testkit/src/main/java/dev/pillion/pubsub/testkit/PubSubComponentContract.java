// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Intake;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.pubsub.spi.PubSubComponent;
import dev.pillion.pubsub.spi.TopicSubscription;
import dev.pillion.testkit.PlainThreads;
import dev.pillion.testkit.RealTime;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What every pubsub component does with messages, as tests. An author of one writes a subclass and
 * inherits them all, later ones included:
 *
 * <pre>{@code
 * class PaperPubSubTest extends PubSubComponentContract {
 *   @Override
 *   protected PubSubComponent component() { return PaperPubSub.at("drawer"); }
 * }
 * }</pre>
 *
 * <p>Topics and groups are new in every test: the broker may be shared. A component should be set
 * to deliver again soon, for the tests wait for it, and to begin with the oldest message of a topic
 * where its broker keeps them.
 */
public abstract class PubSubComponentContract {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final RealTime time = new RealTime();
  private final List<AutoCloseable> closers = new ArrayList<>();
  private final String topic = "topic-" + UUID.randomUUID();
  private final String group = "group-" + UUID.randomUUID();

  /** A new component, not open yet, on the broker that all components of a test share. */
  protected abstract PubSubComponent component();

  /** Whether several components share a broker; one that lives within its component has only it. */
  protected boolean isShared() {
    return true;
  }

  /** Whether a group gets what was published before it first subscribed. */
  protected boolean keepsForNewGroups() {
    return true;
  }

  /** Whether a component's handlers run side by side when a subscription asks for it. */
  protected boolean runsSideBySide() {
    return true;
  }

  /** Makes a topic known to the broker, with this many partitions where it has such. */
  protected void createTopic(String name, int partitions) {}

  @AfterEach
  final void closeEverything() throws Exception {
    Collections.reverse(closers);
    for (var closer : closers) {
      closer.close();
    }
    time.close();
  }

  private PubSubComponent open() {
    var component = component();
    closers.add(component);
    component.open(
        new ComponentContext("contract", "", "pubsub", time, new PlainThreads(), in(PATIENCE)));
    return component;
  }

  private Deadline in(Duration duration) {
    return Deadline.after(duration, time);
  }

  private Intake subscribe(PubSubComponent component, String toGroup, TestReceiver receiver) {
    return subscribe(component, new TopicSubscription(topic, toGroup, Map.of(), 0, null), receiver);
  }

  private Intake subscribe(
      PubSubComponent component, TopicSubscription subscription, TestReceiver receiver) {
    createTopic(topic, 4);
    var intake = component.subscribe(subscription, receiver);
    closers.add(() -> intake.close(in(PATIENCE)));
    return intake;
  }

  private void publish(PubSubComponent component, String data) {
    publish(component, data, null);
  }

  private void publish(
      PubSubComponent component,
      String data,
      @org.jspecify.annotations.Nullable Map<String, String> metadata) {
    createTopic(topic, 4);
    component.publish(
        new OutgoingMessage(
            topic, data.getBytes(StandardCharsets.UTF_8), metadata, "application/json"),
        in(PATIENCE));
  }

  private static void until(org.assertj.core.api.ThrowableAssert.ThrowingCallable holds) {
    await().atMost(PATIENCE).untilAsserted(holds::call);
  }

  @Test
  void aMessageArrivesWithItsBytesAndMetadata() {
    var component = open();
    var receiver = TestReceiver.acknowledging();
    subscribe(component, group, receiver);

    publish(component, "{\"a\":\"\u00e4\"}", Map.of("tenant", "x"));

    until(() -> assertThat(receiver.data()).containsExactly("{\"a\":\"\u00e4\"}"));
    var seen = receiver.seen().get(0);
    assertThat(seen.metadata()).containsEntry("tenant", "x");
    assertThat(seen.attempts()).isZero();
    assertThat(seen.redelivered()).isFalse();
  }

  @Test
  void bytesOfEveryValueArriveUnchanged() {
    var component = open();
    var receiver = TestReceiver.acknowledging();
    subscribe(component, group, receiver);
    byte[] all = new byte[256];
    IntStream.range(0, 256).forEach(i -> all[i] = (byte) i);

    component.publish(new OutgoingMessage(topic, all, null, null), in(PATIENCE));

    until(() -> assertThat(receiver.seen()).hasSize(1));
    assertThat(receiver.seen().get(0).message().data()).isEqualTo(all);
  }

  @Test
  void eachGroupGetsEachMessage() {
    var component = open();
    var first = TestReceiver.acknowledging();
    var second = TestReceiver.acknowledging();
    subscribe(component, group, first);
    subscribe(component, group + "-2", second);

    publish(component, "1");
    publish(component, "2");

    until(() -> assertThat(first.data()).containsExactlyInAnyOrder("1", "2"));
    until(() -> assertThat(second.data()).containsExactlyInAnyOrder("1", "2"));
  }

  @Test
  void componentsOfOneGroupShareTheMessages() {
    assumeTrue(isShared(), "the broker lives within one component");
    var first = TestReceiver.acknowledging();
    var second = TestReceiver.acknowledging();
    var publisher = open();
    subscribe(publisher, group, first);
    subscribe(open(), group, second);

    var sent = IntStream.range(0, 200).mapToObj(Integer::toString).toList();
    sent.forEach(data -> publish(publisher, data));

    until(() -> {
      var all = new ArrayList<>(first.data());
      all.addAll(second.data());
      assertThat(all).containsAll(sent);
    });
  }

  @Test
  void aNewGroupGetsWhatTheBrokerKeeps() {
    assumeTrue(keepsForNewGroups(), "the broker keeps nothing for groups to come");
    var component = open();
    publish(component, "early");
    var receiver = TestReceiver.acknowledging();
    subscribe(component, group, receiver);

    until(() -> assertThat(receiver.data()).containsExactly("early"));
  }

  @Test
  void whatIsAcknowledgedDoesNotComeAgain() {
    assumeTrue(isShared(), "the broker lives within one component");
    var component = open();
    var receiver = TestReceiver.acknowledging();
    var intake = subscribe(component, group, receiver);
    publish(component, "done");
    until(() -> assertThat(receiver.data()).containsExactly("done"));
    intake.close(in(PATIENCE));

    var later = TestReceiver.acknowledging();
    subscribe(open(), group, later);
    publish(component, "next");

    until(() -> assertThat(later.data()).contains("next"));
    assertThat(later.data()).containsExactly("next");
  }

  @Test
  void whatFailsComesAgain() {
    var component = open();
    var times = new AtomicInteger();
    var receiver = new TestReceiver(
        message -> times.incrementAndGet() < 3 ? Disposition.REDELIVER : Disposition.ACKNOWLEDGE);
    subscribe(component, group, receiver);

    publish(component, "hard");

    until(() -> assertThat(receiver.data()).containsExactly("hard", "hard", "hard"));
    assertThat(receiver.seen().subList(1, 3)).allMatch(TestReceiver.Seen::redelivered);
  }

  @Test
  void theRecordOfAttemptsStaysWithTheMessage() {
    var component = open();
    var times = new AtomicInteger();
    var receiver = new TestReceiver(message -> {
      if (times.incrementAndGet() > 1) {
        return Disposition.ACKNOWLEDGE;
      }
      message.message().recordAttempts(3);
      return Disposition.REDELIVER;
    });
    subscribe(component, group, receiver);

    publish(component, "hard");

    until(() -> assertThat(receiver.seen()).hasSize(2));
    assertThat(receiver.seen().get(1).attempts()).isEqualTo(3);
  }

  @Test
  void anAttemptThatIsTakenBackIsOffTheRecord() {
    var component = open();
    var times = new AtomicInteger();
    var receiver = new TestReceiver(message -> {
      if (times.incrementAndGet() > 1) {
        return Disposition.ACKNOWLEDGE;
      }
      message.message().recordAttempts(3);
      message.message().recordAttempts(2);
      return Disposition.RELEASE;
    });
    subscribe(component, group, receiver);

    publish(component, "stopped");

    until(() -> assertThat(receiver.seen()).hasSize(2));
    assertThat(receiver.seen().get(1).attempts()).isEqualTo(2);
  }

  @Test
  void whatIsReleasedComesAgainWithoutAnAttempt() {
    var component = open();
    var times = new AtomicInteger();
    var receiver = new TestReceiver(
        message -> times.incrementAndGet() == 1 ? Disposition.RELEASE : Disposition.ACKNOWLEDGE);
    subscribe(component, group, receiver);

    publish(component, "again");

    until(() -> assertThat(receiver.data()).containsExactly("again", "again"));
    assertThat(receiver.seen().get(1).attempts()).isZero();
  }

  @Test
  void whatAClosedIntakeHadNotDoneGoesToAnother() {
    assumeTrue(isShared(), "the broker lives within one component");
    var component = open();
    var releasing = new TestReceiver(message -> Disposition.RELEASE);
    var sent = IntStream.range(0, 50).mapToObj(Integer::toString).toList();
    var intake = subscribe(component, group, releasing);
    sent.forEach(data -> publish(component, data));
    until(() -> assertThat(releasing.seen()).isNotEmpty());
    intake.close(in(PATIENCE));

    var other = TestReceiver.acknowledging();
    subscribe(open(), group, other);

    until(() -> assertThat(other.data()).containsAll(sent));
    assertThat(other.seen()).allMatch(message -> message.attempts() == 0);
  }

  @Test
  void aPausedIntakeReceivesNothingNew() {
    var component = open();
    var receiver = TestReceiver.acknowledging();
    var intake = subscribe(component, group, receiver);
    publish(component, "before");
    until(() -> assertThat(receiver.data()).containsExactly("before"));

    intake.pause();
    int before = receiver.seen().size();
    publish(component, "meanwhile");
    // What was being fetched when the pause began may still come; nothing proves a negative.
    await()
        .during(Duration.ofMillis(300))
        .atMost(PATIENCE)
        .until(() -> receiver.seen().size() <= before + 1);
    intake.resume();

    until(() -> assertThat(receiver.data()).contains("meanwhile"));
  }

  @Test
  void noMoreAreReceivedAtATimeThanAskedFor() {
    var component = open();
    var receiver = TestReceiver.acknowledging();
    subscribe(component, new TopicSubscription(topic, group, Map.of(), 1, null), receiver);

    var sent = IntStream.range(0, 100).mapToObj(Integer::toString).toList();
    sent.forEach(data -> publish(component, data));

    until(() -> assertThat(receiver.data()).containsAll(sent));
    assertThat(receiver.mostAtATime()).isEqualTo(1);
  }

  @Test
  void severalAreReceivedAtATimeWhereAskedFor() {
    assumeTrue(runsSideBySide(), "the component has an order to keep");
    var component = open();
    var together = new CountDownLatch(3);
    var receiver = new TestReceiver(message -> {
      together.countDown();
      try {
        together.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return Disposition.ACKNOWLEDGE;
    });
    subscribe(component, new TopicSubscription(topic, group, Map.of(), 3, null), receiver);

    IntStream.range(0, 12)
        .forEach(i -> publish(component, "m" + i, Map.of("partitionKey", "k" + i)));

    until(() -> assertThat(together.getCount()).isZero());
    until(() -> assertThat(receiver.seen()).hasSize(12));
  }

  @Test
  void aBulkSubscriptionReceivesBatchesAndSettlesEachMessage() {
    var component = open();
    var failedOnce = new AtomicInteger();
    var receiver =
        new TestReceiver(message -> message.data().equals("3") && failedOnce.incrementAndGet() == 1
            ? Disposition.REDELIVER
            : Disposition.ACKNOWLEDGE);
    var bulk = new TopicSubscription.Bulk(5, Duration.ofMillis(200));
    subscribe(component, new TopicSubscription(topic, group, Map.of(), 0, bulk), receiver);

    var sent = IntStream.range(0, 10).mapToObj(Integer::toString).toList();
    var failures = component.publishAll(
        sent.stream()
            .map(data -> new OutgoingMessage(
                topic, data.getBytes(StandardCharsets.UTF_8), Map.of("partitionKey", "same"), null))
            .toList(),
        in(PATIENCE));

    assertThat(failures).isEmpty();
    until(() -> assertThat(receiver.data()).containsAll(sent));
    until(() -> assertThat(Collections.frequency(receiver.data(), "3")).isGreaterThan(1));
    assertThat(receiver.batches()).allMatch(size -> size <= 5).anyMatch(size -> size > 1);
  }

  @Test
  void closingWaitsForWhatIsBeingReceived() throws Exception {
    var component = open();
    var begun = new CountDownLatch(1);
    var mayEnd = new CountDownLatch(1);
    var ended = new AtomicInteger();
    var receiver = new TestReceiver(message -> {
      begun.countDown();
      try {
        mayEnd.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      ended.incrementAndGet();
      return Disposition.ACKNOWLEDGE;
    });
    var intake = subscribe(component, group, receiver);
    publish(component, "slow");
    begun.await();

    var closing = new Thread(() -> intake.close(in(PATIENCE)), "closing");
    closing.start();
    await()
        .atMost(PATIENCE)
        .until(() -> closing.getState() == Thread.State.TIMED_WAITING
            || closing.getState() == Thread.State.WAITING);
    mayEnd.countDown();
    closing.join();

    assertThat(ended).hasValue(1);
  }

  @Test
  void closingDoesNotWaitBeyondItsDeadline() throws Exception {
    var component = open();
    var begun = new CountDownLatch(1);
    var mayEnd = new CountDownLatch(1);
    var receiver = new TestReceiver(message -> {
      begun.countDown();
      try {
        mayEnd.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return Disposition.RELEASE;
    });
    var intake = subscribe(component, group, receiver);
    publish(component, "stuck");
    begun.await();

    intake.close(in(Duration.ofMillis(50)));

    assertThat(mayEnd.getCount()).isEqualTo(1);
    mayEnd.countDown();
  }

  @Test
  void closingTwiceIsHarmless() {
    var component = open();
    var intake = subscribe(component, group, TestReceiver.acknowledging());
    intake.close(in(PATIENCE));

    assertThatCode(() -> intake.close(in(PATIENCE))).doesNotThrowAnyException();
    component.close();
    assertThatCode(component::close).doesNotThrowAnyException();
  }
}
