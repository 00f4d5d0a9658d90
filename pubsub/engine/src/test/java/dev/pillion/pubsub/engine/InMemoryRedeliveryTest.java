// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pillion.CallRejectedException;
import dev.pillion.TypeRef;
import dev.pillion.call.Call;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallInterceptor;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.testkit.PlainThreads;
import dev.pillion.testkit.RealTime;
import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the in-memory broker counts as an attempt. */
class InMemoryRedeliveryTest {
  private final RealTime time = new RealTime();
  private final InMemoryPubSub memory = InMemoryPubSub.create();

  @AfterEach
  void end() {
    memory.close();
    time.close();
  }

  /** Refuses the first delivery, as an open breaker does. */
  private static final class RefusesOne implements CallInterceptor {
    final AtomicInteger deliveries = new AtomicInteger();

    @Override
    public <T extends @Nullable Object, E extends Exception> T around(
        Call call, CallBody<T, E> next) throws E {
      if (call.operation().equals("deliver") && deliveries.incrementAndGet() == 1) {
        throw new CallRejectedException("ERR_OPEN", "the breaker is open", null);
      }
      return next.run(call);
    }
  }

  private void open() {
    memory.open(new ComponentContext(
        "shop", "", "bus", time, new PlainThreads(), Deadline.after(Duration.ofSeconds(10), time)));
  }

  @Test
  void aPausedPathLeavesRoomForTheOthersHoweverManyOfItsEventsThereAre() {
    open();
    var engine = TestEngine.on(memory, time, 1, Duration.ofSeconds(1));
    TestEngine.declare(
        engine,
        SubscribeOptions.defaults().route("com.dapr.event.sent", "/paused").otherwise("/other"));
    var held = new ConcurrentLinkedQueue<String>();
    var others = new AtomicInteger();
    var paused = engine.subscribe(
        "bus",
        "orders",
        TypeRef.of(byte[].class),
        SubscribeOptions.defaults().onPath("/paused").concurrency(2),
        (event, delivery) -> {
          held.add(event.id());
          return DeliveryResult.SUCCESS;
        });
    engine.subscribe(
        "bus",
        "orders",
        TypeRef.of(byte[].class),
        SubscribeOptions.defaults().onPath("/other"),
        (event, delivery) -> {
          others.incrementAndGet();
          return DeliveryResult.SUCCESS;
        });
    paused.pause();
    var topic = engine.topic("bus", "orders");
    for (int i = 0; i < 10; i++) {
      topic.publish(new byte[] {1}, PublishOptions.defaults().id("p" + i));
    }
    for (int i = 0; i < 10; i++) {
      topic.publish(new byte[] {1}, PublishOptions.defaults().type("other"));
    }

    await().atMost(Duration.ofSeconds(20)).until(() -> others.get() == 10);
    assertThat(held).isEmpty();
    paused.resume();
    await().atMost(Duration.ofSeconds(20)).until(() -> held.size() == 10);
    assertThat(held).doesNotHaveDuplicates();
    engine.close();
  }

  @Test
  void aDeliveryThatIsRefusedIsNoAttempt() {
    open();
    var refuses = new RefusesOne();
    var engine = TestEngine.on(memory, time, 1, Duration.ofSeconds(1), refuses);
    var attempts = new ConcurrentLinkedQueue<Integer>();
    engine.subscribe(
        "bus",
        "orders",
        TypeRef.of(byte[].class),
        SubscribeOptions.defaults().deadLetterTopic("dead"),
        (event, delivery) -> {
          attempts.add(delivery.attempt());
          return DeliveryResult.SUCCESS;
        });

    engine.topic("bus", "orders").publish(new byte[] {1});

    await().atMost(Duration.ofSeconds(20)).until(() -> refuses.deliveries.get() == 2);
    await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> assertThat(attempts)
        .containsExactly(1));
    engine.close();
  }
}
