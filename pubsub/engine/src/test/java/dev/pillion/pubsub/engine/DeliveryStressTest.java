// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pillion.HandlerRegistration;
import dev.pillion.TypeRef;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.CloudEvent;
import dev.pillion.pubsub.DeliveryHandler;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.testkit.PlainThreads;
import dev.pillion.testkit.RealTime;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Many events for handlers that come, go, pause, fail and misbehave, in memory: each event succeeds
 * exactly once. A failure prints the seed that its random choices began with.
 */
class DeliveryStressTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int EVENTS = 12_000;
  private static final int CONCURRENCY = 4;

  private final long seed = System.nanoTime();
  private final RealTime time = new RealTime();
  private final InMemoryPubSub memory = InMemoryPubSub.create();
  private final PubSubEngine engine = TestEngine.on(memory, time, 3, Duration.ofSeconds(10));
  private final ExecutorService threads = Executors.newCachedThreadPool();

  private final Map<String, AtomicInteger> successes = new ConcurrentHashMap<>();
  private final Map<String, AtomicBoolean> runs = new ConcurrentHashMap<>();
  private final List<String> wrong = java.util.Collections.synchronizedList(new ArrayList<>());
  private final AtomicInteger starts = new AtomicInteger();
  private final Semaphore begun = new Semaphore(0);
  private final AtomicInteger failures = new AtomicInteger();

  @AfterEach
  void end() {
    threads.shutdownNow();
    engine.close();
    memory.close();
    time.close();
  }

  /** A handler that fails and leaves interrupts at random, and watches what it must never see. */
  private final class Moody implements DeliveryHandler<byte[]> {
    private final int concurrency;
    private final AtomicInteger now = new AtomicInteger();
    private final AtomicBoolean ended = new AtomicBoolean();

    Moody(int concurrency) {
      this.concurrency = concurrency;
    }

    @Override
    public DeliveryResult handle(CloudEvent<byte[]> event, dev.pillion.pubsub.Delivery delivery) {
      starts.incrementAndGet();
      begun.release();
      var mine = runs.computeIfAbsent(event.id(), id -> new AtomicBoolean());
      if (!mine.compareAndSet(false, true)) {
        wrong.add(event.id() + " runs twice at a time");
      }
      if (now.incrementAndGet() > concurrency) {
        wrong.add("more than " + concurrency + " at a time");
      }
      if (ended.get()) {
        wrong.add(event.id() + " began after the end");
      }
      if (Thread.currentThread().isInterrupted()) {
        wrong.add(event.id() + " meets another's interrupt");
      }
      try {
        return result(event, new Random(seed ^ event.id().hashCode() ^ delivery.attempt()));
      } finally {
        now.decrementAndGet();
        mine.set(false);
      }
    }

    private DeliveryResult result(CloudEvent<byte[]> event, Random random) {
      int dice = random.nextInt(100);
      if (dice < 5) {
        Thread.currentThread().interrupt();
      }
      if (dice < 20) {
        failures.incrementAndGet();
        if (dice % 2 == 0) {
          throw new IllegalStateException("as the test wants it");
        }
        return DeliveryResult.RETRY;
      }
      successes.computeIfAbsent(event.id(), id -> new AtomicInteger()).incrementAndGet();
      return DeliveryResult.SUCCESS;
    }
  }

  private HandlerRegistration subscribe(Moody handler) {
    return engine.subscribe(
        "bus",
        "orders",
        TypeRef.of(byte[].class),
        SubscribeOptions.defaults().concurrency(handler.concurrency),
        handler);
  }

  @Test
  void eachEventSucceedsExactlyOnceWhoeverComesAndGoes() throws Exception {
    memory.open(new ComponentContext(
        "shop", "", "bus", time, new PlainThreads(), Deadline.after(PATIENCE, time)));
    // The queue lives as long as somebody is there.
    var constant = new Moody(CONCURRENCY);
    subscribe(constant);
    var published = new AtomicBoolean();
    var work = new ArrayList<Future<?>>();
    work.add(threads.submit(() -> publish(0, EVENTS / 2)));
    work.add(threads.submit(() -> publish(EVENTS / 2, EVENTS)));
    var restless = new ArrayList<Future<?>>();
    for (int i = 0; i < 2; i++) {
      var random = new Random(seed + i);
      restless.add(threads.submit((Callable<Integer>) () -> comeAndGo(random, published)));
    }

    for (var part : work) {
      part.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }
    published.set(true);
    int came = 0;
    for (var one : restless) {
      came += (Integer) one.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }
    await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(successes).as("seed %d", seed).hasSize(EVENTS));
    engine.close();

    assertThat(wrong).as("seed %d", seed).isEmpty();
    assertThat(successes.values()).as("seed %d", seed).allSatisfy(times -> assertThat(times)
        .hasValue(1));
    assertThat(starts.get()).as("seed %d", seed).isEqualTo(EVENTS + failures.get());
    assertThat(came).as("handlers that came and went, seed %d", seed).isPositive();
    assertThat(failures.get()).as("seed %d", seed).isPositive();
  }

  private void publish(int from, int to) {
    var topic = engine.topic("bus", "orders");
    for (int i = from; i < to; i++) {
      topic.publish(
          "1".getBytes(StandardCharsets.UTF_8),
          PublishOptions.defaults().contentType("text/plain").id("e" + i));
    }
  }

  /** Handlers with less room than the broker gives, which pause, resume and close. */
  private int comeAndGo(Random random, AtomicBoolean until) throws InterruptedException {
    int came = 0;
    while (!until.get()) {
      var handler = new Moody(1 + random.nextInt(2));
      var registration = subscribe(handler);
      came++;
      rest(random);
      if (random.nextBoolean()) {
        registration.pause();
        rest(random);
        if (random.nextBoolean()) {
          registration.resume();
        }
      }
      registration.close();
      if (handler.now.get() != 0) {
        wrong.add("a closed handler runs");
      }
      handler.ended.set(true);
    }
    return came;
  }

  /** Until some more events have begun, if any do soon. */
  private void rest(Random random) throws InterruptedException {
    begun.drainPermits();
    boolean ignored = begun.tryAcquire(1 + random.nextInt(30), 3, TimeUnit.MILLISECONDS);
  }
}
