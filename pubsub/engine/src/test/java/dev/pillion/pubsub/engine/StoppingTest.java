// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.pillion.HandlerRegistration;
import dev.pillion.TypeRef;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.DeliveryHandler;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.engine.FakeBroker.Held;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.testkit.PlainThreads;
import dev.pillion.testkit.RealTime;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What pausing, closing and the handler's own misdeeds do to deliveries. */
class StoppingTest {
  private static final Duration LONG = ofSeconds(30);
  private static final String EVENT = "{\"id\":\"e1\",\"data\":1}";

  private final RealTime time = new RealTime();
  private final FakeBroker broker = new FakeBroker();
  private final InMemoryPubSub memory = InMemoryPubSub.create();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final ConcurrentLinkedQueue<String> seen = new ConcurrentLinkedQueue<>();

  @AfterEach
  void end() {
    threads.shutdownNow();
    memory.close();
    time.close();
  }

  private PubSubEngine inMemory(Duration drainTimeout) {
    memory.open(new ComponentContext(
        "shop", "", "bus", time, new PlainThreads(), Deadline.after(LONG, time)));
    return TestEngine.on(memory, time, 1, drainTimeout);
  }

  private static HandlerRegistration handler(
      PubSubEngine engine, String topic, DeliveryHandler<byte[]> handler) {
    return engine.subscribe(
        "bus", topic, TypeRef.of(byte[].class), SubscribeOptions.defaults(), handler);
  }

  private CompletableFuture<Disposition> bring(String topic, Held message) {
    var receiver = Objects.requireNonNull(broker.receivers.get(topic + " shop"));
    return CompletableFuture.supplyAsync(() -> receiver.receive(message), threads);
  }

  private CompletableFuture<Void> apart(Runnable step) {
    return CompletableFuture.runAsync(step, threads);
  }

  private static void publish(PubSubEngine engine, String topic, String data) {
    engine
        .topic("bus", topic)
        .publish(
            data.getBytes(StandardCharsets.UTF_8),
            PublishOptions.defaults().contentType("text/plain"));
  }

  private DeliveryResult note(byte[] data) {
    seen.add(new String(data, StandardCharsets.UTF_8));
    return DeliveryResult.SUCCESS;
  }

  @Test
  void aHandlerMayEndItsOwnSubscription() throws Exception {
    var engine = inMemory(LONG);
    var own = new AtomicReference<HandlerRegistration>();
    var closed = new CountDownLatch(1);
    own.set(handler(engine, "orders", (event, delivery) -> {
      Objects.requireNonNull(own.get()).close();
      closed.countDown();
      return DeliveryResult.SUCCESS;
    }));

    publish(engine, "orders", "1");

    // Not as long as the drain timeout: it can't wait for itself.
    assertThat(closed.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aHandlerMayEndItsOwnSubscriptionAndBeginAnother() {
    var engine = inMemory(LONG);
    var own = new AtomicReference<HandlerRegistration>();
    own.set(handler(engine, "orders", (event, delivery) -> {
      Objects.requireNonNull(own.get()).close();
      handler(engine, "orders", (next, another) -> note(next.requireData()));
      return note(event.requireData());
    }));

    publish(engine, "orders", "1");
    await().atMost(LONG).until(() -> seen.contains("1"));
    publish(engine, "orders", "2");

    await().atMost(LONG).until(() -> seen.contains("2"));
    engine.close();
  }

  @Test
  void aHandlerThatIsWaitedForMayUseOthersOfItsTopic() throws Exception {
    var engine = TestEngine.on(broker, time, 1, LONG);
    var begun = new CountDownLatch(1);
    var mayGoOn = new CountDownLatch(1);
    var other = new AtomicReference<HandlerRegistration>();
    var first = handler(engine, "orders", (event, delivery) -> {
      begun.countDown();
      mayGoOn.await();
      Objects.requireNonNull(other.get()).pause();
      return DeliveryResult.SUCCESS;
    });
    var delivered = bring("orders", new Held(EVENT));
    begun.await();
    other.set(handler(engine, "orders", (event, delivery) -> DeliveryResult.SUCCESS));

    var closing = apart(first::close);
    await().during(Duration.ofMillis(50)).atMost(LONG).until(() -> !closing.isDone());
    mayGoOn.countDown();

    assertThat(delivered.get(10, TimeUnit.SECONDS)).isEqualTo(Disposition.ACKNOWLEDGE);
    closing.get(10, TimeUnit.SECONDS);
  }

  @Test
  void whileOneTopicDrainsTheOthersArePaused() throws Exception {
    var engine = TestEngine.on(broker, time, 1, LONG);
    var begun = new CountDownLatch(1);
    var mayEnd = new CountDownLatch(1);
    handler(engine, "a", (event, delivery) -> {
      begun.countDown();
      mayEnd.await();
      return DeliveryResult.SUCCESS;
    });
    handler(engine, "b", (event, delivery) -> DeliveryResult.SUCCESS);
    bring("a", new Held(EVENT));
    begun.await();

    var closing = apart(engine::close);

    // What they bring would be released, and brought again at once, for as long as that takes.
    await().atMost(LONG).until(() -> Collections.frequency(broker.intakes, "pause") >= 2);
    assertThat(closing).isNotDone();
    mayEnd.countDown();
    closing.get(10, TimeUnit.SECONDS);
  }

  @Test
  void anIntakeThatFailsToCloseDoesNotKeepTheOthersOpen() {
    var engine = TestEngine.on(broker, time, 1, Duration.ZERO);
    handler(engine, "a", (event, delivery) -> DeliveryResult.SUCCESS);
    handler(engine, "b", (event, delivery) -> DeliveryResult.SUCCESS);
    broker.closeFails = true;

    assertThatThrownBy(engine::close).hasMessage("as the test wants it");

    assertThat(broker.intakes).filteredOn("close"::equals).hasSize(2);
  }

  @Test
  void aStopDoesNotInterruptWhatPutsAnAttemptOnRecord() throws Exception {
    var engine = TestEngine.on(broker, time, 3, Duration.ZERO);
    var starts = new ConcurrentLinkedQueue<Integer>();
    var registration = handler(engine, "orders", (event, delivery) -> {
      starts.add(delivery.attempt());
      return DeliveryResult.RETRY;
    });
    var closing = new AtomicReference<CompletableFuture<Void>>();
    var interrupted = new AtomicReference<Boolean>();
    var message = new Held(EVENT) {
      @Override
      public void recordAttempts(int begun) {
        super.recordAttempts(begun);
        if (closing.get() == null) {
          closing.set(apart(registration::close));
          // It waits for this delivery, in vain, and for a second after its interrupt.
          await().atMost(LONG).until(() -> Objects.requireNonNull(closing.get()).isDone());
          interrupted.set(Thread.currentThread().isInterrupted());
        }
      }
    };

    assertThat(bring("orders", message).get(30, TimeUnit.SECONDS)).isEqualTo(Disposition.RELEASE);

    assertThat(interrupted).hasValue(false);
    assertThat(starts).containsExactly(1);
    assertThat(message.record).containsExactly(2, 1);
  }

  @Test
  void aHandlerThatAnswersAStopWithRetryGivesItsAttemptBack() throws Exception {
    var engine = TestEngine.on(broker, time, 1, Duration.ZERO);
    var begun = new CountDownLatch(1);
    var registration = handler(engine, "orders", (event, delivery) -> {
      begun.countDown();
      try {
        new CountDownLatch(1).await();
        return DeliveryResult.SUCCESS;
      } catch (InterruptedException e) {
        return DeliveryResult.RETRY;
      }
    });
    var message = new Held(EVENT).again(1);
    var delivered = bring("orders", message);
    begun.await();

    registration.close();

    assertThat(delivered.get(10, TimeUnit.SECONDS)).isEqualTo(Disposition.RELEASE);
    assertThat(message.record).containsExactly(2, 1);
  }

  @Test
  void aHandlerThatLeavesItsThreadInterruptedGetsTheNextEvent() {
    var engine = inMemory(ofSeconds(1));
    handler(engine, "orders", (event, delivery) -> {
      Thread.currentThread().interrupt();
      return note(event.requireData());
    });

    publish(engine, "orders", "1");
    await().atMost(LONG).until(() -> seen.contains("1"));
    publish(engine, "orders", "2");

    await().atMost(LONG).until(() -> seen.contains("2"));
  }

  @Test
  void anErrorOfTheHandlerIsAFailureLikeAnother() throws Exception {
    var engine = TestEngine.on(broker, time, 1, Duration.ZERO);
    handler(engine, "orders", (event, delivery) -> {
      throw new Error("not implemented, in Kotlin's words");
    });

    assertThat(bring("orders", new Held(EVENT)).get(10, TimeUnit.SECONDS))
        .isEqualTo(Disposition.REDELIVER);
  }

  @Test
  void aFirstAttemptIsOnRecordOnceItHasFailed() throws Exception {
    var engine = TestEngine.on(broker, time, 1, Duration.ZERO);
    handler(engine, "orders", (event, delivery) -> DeliveryResult.RETRY);
    var message = new Held(EVENT);

    bring("orders", message).get(10, TimeUnit.SECONDS);

    assertThat(message.record).containsExactly(1);
  }

  @Test
  void whatAHandlerDoesToTheEnvelopeIsItsOwn() throws Exception {
    var engine = TestEngine.on(broker, time, 2, Duration.ZERO);
    handler(engine, "orders", (event, delivery) -> {
      byte[] envelope = delivery.envelope();
      seen.add(new String(envelope, StandardCharsets.UTF_8));
      envelope[0] = 'X';
      return DeliveryResult.RETRY;
    });

    bring("orders", new Held(EVENT)).get(10, TimeUnit.SECONDS);

    assertThat(seen).containsExactly(EVENT, EVENT);
  }
}
