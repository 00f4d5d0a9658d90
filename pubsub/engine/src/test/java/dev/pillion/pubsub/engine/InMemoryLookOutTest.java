// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Message;
import dev.pillion.pubsub.spi.MessageReceiver;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.pubsub.spi.TopicSubscription;
import dev.pillion.testkit.ManualTime;
import dev.pillion.testkit.PlainThreads;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * When a thread of the in-memory broker looks out for the next event instead of sleeping: whoever
 * looks out asks for the time again and again, some 300 times while the clock stands still.
 */
class InMemoryLookOutTest {
  private static final int EVENTS = 20;

  private final AskedTime time = new AskedTime();
  private final InMemoryPubSub memory = InMemoryPubSub.create();
  private final Receiver receiver = new Receiver();

  /** Counts how often it is asked. */
  private static final class AskedTime implements TimeSource {
    final ManualTime manual = new ManualTime();
    final AtomicInteger asked = new AtomicInteger();

    @Override
    public Instant now() {
      return manual.now();
    }

    @Override
    public long nanos() {
      asked.incrementAndGet();
      return manual.nanos();
    }

    @Override
    public Scheduled schedule(Duration delay, Runnable task) {
      return manual.schedule(delay, task);
    }
  }

  private static final class Receiver implements MessageReceiver {
    final AtomicInteger received = new AtomicInteger();
    volatile @Nullable Thread thread;

    @Override
    public Disposition receive(Message message) {
      thread = Thread.currentThread();
      received.incrementAndGet();
      return Disposition.ACKNOWLEDGE;
    }

    @Override
    public List<Disposition> receiveAll(List<Message> messages) {
      throw new UnsupportedOperationException("no bulk subscription");
    }

    @Override
    public void revoke(Message message) {}

    /** Whether it has had so many, and waits for the next one. */
    boolean sleepsAfter(int events) {
      var last = thread;
      return received.get() == events
          && last != null
          && last.getState() == Thread.State.TIMED_WAITING;
    }
  }

  @BeforeEach
  void subscribe() {
    memory.open(new ComponentContext("shop", "", "bus", time, new PlainThreads(), Deadline.none()));
    memory.subscribe(new TopicSubscription("orders", "shop", Map.of(), 1, null), receiver);
    publish(1);
    time.asked.set(0);
  }

  @AfterEach
  void end() {
    memory.close();
  }

  private void publish(int number) {
    memory.publish(new OutgoingMessage("orders", new byte[] {1}, null, null), Deadline.none());
    await().atMost(Duration.ofSeconds(20)).until(() -> receiver.sleepsAfter(number));
  }

  @Test
  void eventsThatComeNowAndThenAreNotLookedOutFor() {
    for (int i = 2; i < EVENTS + 2; i++) {
      time.manual.advance(Duration.ofMillis(1));
      publish(i);
    }
    assertThat(time.asked.get()).isLessThan(5 * EVENTS);
  }

  @Test
  void eventsThatFollowEachOtherAre() {
    assumeThat(Runtime.getRuntime().availableProcessors()).isGreaterThan(1);
    // A publisher that is not on a core for a moment says too late that its event is there, and
    // nobody looks out for the next one.
    for (int i = 2; i < EVENTS + 2 && time.asked.get() <= 300; i++) {
      publish(i);
    }
    assertThat(time.asked.get()).isGreaterThan(300);
  }
}
