// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.pillion.CallTimeoutException;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Message;
import dev.pillion.pubsub.spi.MessageReceiver;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.pubsub.spi.TopicSubscription;
import dev.pillion.testkit.PlainThreads;
import dev.pillion.testkit.RealTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** More is published than a subscriber handles. */
@Timeout(60)
class InMemoryFloodTest {
  private static final int CAPACITY = 1_000;

  private final RealTime time = new RealTime();
  private final InMemoryPubSub memory = InMemoryPubSub.create();
  private final Semaphore permits = new Semaphore(0);
  private final Queue<String> handled = new ConcurrentLinkedQueue<>();

  @BeforeEach
  void open() {
    memory.open(new ComponentContext(
        "shop", "", "bus", time, new PlainThreads(), Deadline.after(Duration.ofSeconds(10), time)));
    memory.subscribe(new TopicSubscription("news", "g", Map.of(), 1, null), new Slow());
  }

  @AfterEach
  void end() {
    permits.release(CAPACITY * 10);
    memory.close();
    time.close();
  }

  /** Handles a message for each permit. */
  private final class Slow implements MessageReceiver {
    @Override
    public Disposition receive(Message message) {
      permits.acquireUninterruptibly();
      handled.add(new String(message.data(), UTF_8));
      return Disposition.ACKNOWLEDGE;
    }

    @Override
    public List<Disposition> receiveAll(List<Message> messages) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void revoke(Message message) {
      throw new UnsupportedOperationException();
    }
  }

  private void publish(String text, Duration within) {
    memory.publish(
        new OutgoingMessage("news", text.getBytes(UTF_8), null, null),
        Deadline.after(within, time));
  }

  @Test
  void aSlowSubscriberHoldsNoMoreThanItsGroupTakesAndPublishersHearOfIt() {
    var taken = new ArrayList<String>();
    for (int i = 0; i < CAPACITY; i++) {
      publish("m" + i, Duration.ofSeconds(10));
      taken.add("m" + i);
    }
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> publish("refused", Duration.ofMillis(50)))
          .isInstanceOf(CallTimeoutException.class)
          .hasMessageContaining("too slow")
          .hasMessageContaining(Integer.toString(CAPACITY));
    }
    permits.release(2);
    for (int i = 0; i < 2; i++) {
      publish("later" + i, Duration.ofSeconds(10));
      taken.add("later" + i);
    }
    assertThatThrownBy(() -> publish("refused", Duration.ofMillis(50)))
        .isInstanceOf(CallTimeoutException.class);
    permits.release(CAPACITY);
    await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> assertThat(handled)
        .containsExactlyElementsOf(taken));
  }

  @Test
  void publishersOfAFloodGoAtTheSubscribersPaceAndLoseNothing() throws Exception {
    int publishers = 4;
    int each = 1_000;
    var published = new ConcurrentLinkedQueue<String>();
    var flood = new ArrayList<FutureTask<Void>>();
    for (int p = 0; p < publishers; p++) {
      var prefix = "p" + p + "-";
      var task = new FutureTask<Void>(() -> {
        for (int i = 0; i < each; i++) {
          publish(prefix + i, Duration.ofSeconds(10));
          published.add(prefix + i);
        }
        return null;
      });
      flood.add(task);
      new Thread(task).start();
    }
    await().atMost(Duration.ofSeconds(10)).until(() -> published.size() == CAPACITY);
    for (int round = 1; round <= 10; round++) {
      int room = CAPACITY + round * 100;
      permits.release(100);
      await().atMost(Duration.ofSeconds(10)).until(() -> published.size() == room);
      await()
          .during(Duration.ofMillis(50))
          .atMost(Duration.ofSeconds(10))
          .until(() -> published.size() == room);
    }
    permits.release(publishers * each);
    for (var task : flood) {
      task.get();
    }
    await().atMost(Duration.ofSeconds(20)).until(() -> handled.size() == publishers * each);
    assertThat(handled).doesNotHaveDuplicates().containsAll(published);
  }
}
