// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.CallRejectedException;
import dev.pillion.ComponentException;
import dev.pillion.Expressions;
import dev.pillion.HandlerRegistration;
import dev.pillion.Serializer;
import dev.pillion.TypeRef;
import dev.pillion.call.Call;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallChain;
import dev.pillion.call.CallInterceptor;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.pubsub.Delivery;
import dev.pillion.pubsub.DeliveryHandler;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.NotHandledException;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.engine.FakeBroker.Held;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.MessageReceiver;
import dev.pillion.testkit.ManualTime;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What the loop makes of messages, by the record that their broker keeps. */
class DeliveryTest {
  private static final String EVENT = "{\"id\":\"e1\",\"type\":\"t.x\",\"data\":1}";

  private final FakeBroker broker = new FakeBroker();
  private final List<Integer> starts = new ArrayList<>();
  private int attempts = 1;

  /** Tries a failed call again as often as the policy would. */
  private final CallInterceptor retries = new CallInterceptor() {
    @Override
    public <T extends @Nullable Object, E extends Exception> T around(
        Call call, CallBody<T, E> next) throws E {
      if (call.direction() == Call.Direction.OUTBOUND) {
        return next.run(call);
      }
      for (int left = attempts; ; left--) {
        try {
          return next.run(call);
        } catch (Exception e) {
          if (left <= 1) {
            throw e;
          }
        }
      }
    }
  };

  private final PubSubEngine engine = engine(List.of(retries));

  private PubSubEngine engine(List<CallInterceptor> interceptors) {
    var made = new PubSubEngine(
        "shop",
        "",
        new NoSerializer(),
        CallChain.of(interceptors),
        new ManualTime(),
        call -> attempts,
        FakeExpressions::new,
        Duration.ZERO);
    made.add("bus", broker, ComponentMetadata.of(Map.of()));
    return made;
  }

  /** Knows one condition only: {@code type=…}. */
  private record FakeExpressions() implements Expressions {
    @Override
    public Condition compile(String text) {
      if (!text.startsWith("type=")) {
        throw new IllegalArgumentException("no condition");
      }
      return variables -> {
        var type = ((Map<?, ?>) variables.get("event")).get("type");
        if (type == null) {
          throw new EvaluationException("there is no type", new IllegalStateException());
        }
        return text.substring(5).equals(type);
      };
    }
  }

  private static final class NoSerializer implements Serializer {
    @Override
    public byte[] serialize(Object value) {
      throw new UnsupportedOperationException("bytes only");
    }

    @Override
    public <T> @Nullable T deserialize(byte[] bytes, TypeRef<T> type) {
      throw new UnsupportedOperationException("bytes only");
    }

    @Override
    public String contentType() {
      return "application/json";
    }
  }

  private MessageReceiver subscribe(SubscribeOptions options, DeliveryHandler<byte[]> handler) {
    engine.subscribe("bus", "orders", TypeRef.of(byte[].class), options, handler);
    return receiver();
  }

  private MessageReceiver receiver() {
    return java.util.Objects.requireNonNull(broker.receivers.get("orders shop"));
  }

  private DeliveryResult fail(Delivery delivery) {
    starts.add(delivery.attempt());
    return DeliveryResult.RETRY;
  }

  private static SubscribeOptions deadLetters() {
    return SubscribeOptions.defaults().deadLetterTopic("dead");
  }

  @Test
  void theFirstAttemptOfAFreshMessageIsNotPutOnRecord() {
    var receiver = subscribe(deadLetters(), (event, delivery) -> DeliveryResult.SUCCESS);
    var message = new Held(EVENT);

    assertThat(receiver.receive(message)).isEqualTo(Disposition.ACKNOWLEDGE);
    assertThat(message.record).isEmpty();
  }

  @Test
  void furtherAttemptsArePutOnRecordBeforeTheyBegin() {
    attempts = 3;
    var message = new Held(EVENT);
    var receiver = subscribe(deadLetters(), (event, delivery) -> {
      assertThat(message.record).hasSize(delivery.attempt() - 1);
      return fail(delivery);
    });

    assertThat(receiver.receive(message)).isEqualTo(Disposition.ACKNOWLEDGE);
    assertThat(starts).containsExactly(1, 2, 3);
    assertThat(message.record).containsExactly(2, 3);
    assertThat(broker.published).singleElement().satisfies(dead -> {
      assertThat(dead.topic()).isEqualTo("dead");
      assertThat(dead.data()).asString(StandardCharsets.UTF_8).isEqualTo(EVENT);
      assertThat(dead.metadata()).isEqualTo(Map.of("pubsubName", "bus"));
    });
  }

  @Test
  void theFirstAttemptOfAMessageFetchedBeforeIsPutOnRecord() {
    var message = new Held(EVENT).again(0);
    var receiver = subscribe(deadLetters(), (event, delivery) -> DeliveryResult.SUCCESS);

    receiver.receive(message);

    assertThat(message.record).containsExactly(1);
  }

  @Test
  void aMessageThatHasKilledItsProcessOftenEnoughIsNotTriedAgain() {
    attempts = 3;
    var receiver = subscribe(deadLetters(), (event, delivery) -> fail(delivery));

    assertThat(receiver.receive(new Held(EVENT).again(3))).isEqualTo(Disposition.ACKNOWLEDGE);
    assertThat(starts).isEmpty();
    assertThat(broker.published).hasSize(1);
  }

  /** What a policy sees of a delivery: where nothing was tried, no success. */
  @Test
  void policiesSeeNoSuccessWhereNothingWasTried() {
    attempts = 3;
    var seen = new ArrayList<Throwable>();
    var watch = new CallInterceptor() {
      @Override
      public <T extends @Nullable Object, E extends Exception> T around(
          Call call, CallBody<T, E> next) throws E {
        try {
          return next.run(call);
        } catch (Exception e) {
          seen.add(e);
          throw e;
        }
      }
    };
    engine(List.of(watch, retries))
        .subscribe(
            "bus",
            "orders",
            TypeRef.of(byte[].class),
            deadLetters(),
            (event, delivery) -> fail(delivery));

    receiver().receive(new Held(EVENT).again(3));
    assertThat(seen).hasExactlyElementsOfTypes(NotHandledException.class);

    // One attempt is left, and fails; the policy has more.
    receiver().receive(new Held(EVENT).again(2));
    assertThat(starts).containsExactly(3);
    assertThat(seen)
        .hasExactlyElementsOfTypes(NotHandledException.class, NotHandledException.class);
    assertThat(seen.get(1).getSuppressed())
        .hasExactlyElementsOfTypes(DeliveryFailedException.class);
    assertThat(broker.published).hasSize(2);
  }

  @Test
  void attemptsOfAnEarlierProcessCount() {
    attempts = 3;
    var receiver = subscribe(deadLetters(), (event, delivery) -> fail(delivery));

    receiver.receive(new Held(EVENT).again(2));

    assertThat(starts).containsExactly(3);
    assertThat(broker.published).hasSize(1);
  }

  @Test
  void withoutADeadLetterTopicAMessageIsTriedForEver() {
    attempts = 2;
    var receiver = subscribe(SubscribeOptions.defaults(), (event, delivery) -> fail(delivery));

    assertThat(receiver.receive(new Held(EVENT).again(7))).isEqualTo(Disposition.REDELIVER);
    assertThat(starts).containsExactly(8, 9);
  }

  @Test
  void anAttemptThatCannotBePutOnRecordDoesNotBegin() {
    var message = new Held(EVENT).again(1);
    message.lost = true;
    attempts = 3;
    var receiver = subscribe(deadLetters(), (event, delivery) -> fail(delivery));

    // After the broker's own pause: it may be the broker that is in trouble.
    assertThat(receiver.receive(message)).isEqualTo(Disposition.REDELIVER);
    assertThat(starts).isEmpty();
    assertThat(broker.published).isEmpty();
  }

  @Test
  void aMessageThatIsLostBetweenAttemptsIsNotDeadLettered() {
    var message = new Held(EVENT);
    attempts = 3;
    var receiver = subscribe(deadLetters(), (event, delivery) -> {
      message.lost = true;
      return fail(delivery);
    });

    assertThat(receiver.receive(message)).isEqualTo(Disposition.REDELIVER);
    assertThat(starts).containsExactly(1);
    assertThat(broker.published).isEmpty();
  }

  @Test
  void handlersOfSingleEventsShareABatch() {
    TestEngine.declare(engine, SubscribeOptions.defaults().bulk(10, Duration.ZERO));
    var receiver = subscribe(SubscribeOptions.defaults(), (event, delivery) -> {
      if (event.id().equals("bad")) {
        throw new IllegalArgumentException("as the test wants it");
      }
      return DeliveryResult.SUCCESS;
    });

    assertThat(receiver.receiveAll(
            List.of(new Held("{\"id\":\"bad\"}"), new Held(EVENT), new Held(EVENT))))
        .containsExactly(Disposition.REDELIVER, Disposition.ACKNOWLEDGE, Disposition.ACKNOWLEDGE);
  }

  @Test
  void aDeadLetterThatIsNotTakenKeepsTheMessage() {
    broker.refusal = ComponentException.unavailable("the broker is away", null);
    var receiver = subscribe(deadLetters(), (event, delivery) -> DeliveryResult.DROP);

    assertThat(receiver.receive(new Held(EVENT))).isEqualTo(Disposition.REDELIVER);
  }

  @Test
  void whatADeadLetterTopicDoesNotTakeIsNotHeldAgainstTheMessage() {
    broker.refusal = ComponentException.unavailable("the broker is away", null);
    var receiver = subscribe(deadLetters(), (event, delivery) -> fail(delivery));
    var message = new Held(EVENT);

    assertThat(receiver.receive(message)).isEqualTo(Disposition.REDELIVER);
    assertThat(message.record).containsExactly(1);
    assertThat(message.postponed).isEqualTo(1);
  }

  @Test
  void aMessageThatIsRevokedBeforeItsDeliveryBeginsGetsNoAttempt() {
    var begun = new AtomicBoolean();
    var receiver = subscribe(deadLetters(), (event, delivery) -> {
      begun.set(true);
      return DeliveryResult.SUCCESS;
    });
    var message = new Held(EVENT);
    message.revoked = true;

    assertThat(receiver.receive(message)).isEqualTo(Disposition.RELEASE);
    assertThat(begun).isFalse();
  }

  @Test
  void aRevokedMessageGetsNoFurtherAttempt() {
    attempts = 5;
    var message = new Held(EVENT);
    var receiver = subscribe(deadLetters(), (event, delivery) -> {
      receiver().revoke(message);
      return fail(delivery);
    });

    assertThat(receiver.receive(message)).isEqualTo(Disposition.RELEASE);
    assertThat(starts).containsExactly(1);
    assertThat(broker.published).isEmpty();
    assertThat(Thread.interrupted()).isFalse();
  }

  @Test
  void whatARevokedHandlerHasDoneIsDone() {
    var message = new Held(EVENT);
    var receiver = subscribe(deadLetters(), (event, delivery) -> {
      receiver().revoke(message);
      return DeliveryResult.SUCCESS;
    });

    assertThat(receiver.receive(message)).isEqualTo(Disposition.ACKNOWLEDGE);
  }

  @Test
  void aCallThatIsRejectedIsNoAttempt() {
    var rejecting = engine(List.of(new CallInterceptor() {
      @Override
      public <T extends @Nullable Object, E extends Exception> T around(
          Call call, CallBody<T, E> next) {
        throw new CallRejectedException("ERR_OPEN", "the breaker is open", null);
      }
    }));
    rejecting.subscribe(
        "bus",
        "orders",
        TypeRef.of(byte[].class),
        deadLetters(),
        (event, delivery) -> fail(delivery));

    assertThat(receiver().receive(new Held(EVENT))).isEqualTo(Disposition.REDELIVER);
    assertThat(starts).isEmpty();
    assertThat(broker.published).isEmpty();
  }

  /** Whatever an earlier attempt met: those that are left have not been made. */
  @Test
  void anEventWhoseNextAttemptIsRejectedComesAgainWithItsAttempts() {
    var opening = engine(List.of(new CallInterceptor() {
      @Override
      public <T extends @Nullable Object, E extends Exception> T around(
          Call call, CallBody<T, E> next) throws E {
        try {
          return next.run(call);
        } catch (Exception e) {
          throw new CallRejectedException("ERR_OPEN", "the breaker is open", e);
        }
      }
    }));
    attempts = 3;
    opening.subscribe(
        "bus",
        "orders",
        TypeRef.of(byte[].class),
        deadLetters(),
        (event, delivery) -> fail(delivery));
    var message = new Held(EVENT);

    assertThat(receiver().receive(message)).isEqualTo(Disposition.REDELIVER);
    assertThat(receiver().receive(message.again(1))).isEqualTo(Disposition.REDELIVER);
    assertThat(broker.published).isEmpty();
    assertThat(message.record).containsExactly(1, 2);
    assertThat(receiver().receive(message.again(2))).isEqualTo(Disposition.ACKNOWLEDGE);
    assertThat(starts).containsExactly(1, 2, 3);
    assertThat(message.postponed).isZero();
    assertThat(broker.published).hasSize(1);
  }

  /** A call of its own that was rejected is the handler's failure, as any other. */
  @Test
  void aHandlerThatWasRejectedElsewhereHasFailed() {
    attempts = 1;
    var receiver = subscribe(deadLetters(), (event, delivery) -> {
      throw new CallRejectedException("ERR_OPEN", "the store's breaker is open", null);
    });
    assertThat(receiver.receive(new Held(EVENT))).isEqualTo(Disposition.ACKNOWLEDGE);
    assertThat(broker.published).hasSize(1);
  }

  @Test
  void rulesChooseThePathAndWhatNoneMatchesIsGone() {
    var paths = new ArrayList<String>();
    var receiver = subscribe(
        SubscribeOptions.defaults().route("type=t.x", "/x").route("type=t.y", "/y"),
        (event, delivery) -> {
          paths.add(delivery.path());
          return DeliveryResult.SUCCESS;
        });

    receiver.receive(new Held(EVENT));
    receiver.receive(new Held("{\"type\":\"t.y\"}"));

    assertThat(receiver.receive(new Held("{\"type\":\"t.z\"}"))).isEqualTo(Disposition.ACKNOWLEDGE);
    assertThat(receiver.receive(new Held("{}"))).isEqualTo(Disposition.REDELIVER);
    assertThat(paths).containsExactly("/x", "/y");
  }

  @Test
  void aWrongRuleIsRefusedWhenSubscribing() {
    assertThatThrownBy(() -> subscribe(
            SubscribeOptions.defaults().route("what", "/x"),
            (event, delivery) -> DeliveryResult.SUCCESS))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the routing rule \"what\": no condition");
  }

  @Test
  void handlersByPathShareTheSubscriptionOfAResource() {
    TestEngine.declare(
        engine,
        SubscribeOptions.defaults()
            .route("type=t.x", "/x")
            .otherwise("/rest")
            .deadLetterTopic("dead"));
    var seen = new ArrayList<String>();
    subscribe(SubscribeOptions.defaults().onPath("/x"), (event, delivery) -> {
      seen.add("x");
      return DeliveryResult.SUCCESS;
    });
    var receiver = subscribe(SubscribeOptions.defaults().onPath("/rest"), (event, delivery) -> {
      seen.add("rest");
      return DeliveryResult.DROP;
    });

    receiver.receive(new Held(EVENT));
    receiver.receive(new Held("{\"type\":\"t.y\"}"));

    assertThat(seen).containsExactly("x", "rest");
    assertThat(broker.published).hasSize(1);
    assertThat(broker.subscriptions).hasSize(1);
  }

  @Test
  void eventsOfAPathThatNobodyTakesYetComeAgain() {
    TestEngine.declare(
        engine,
        SubscribeOptions.defaults()
            .route("type=t.x", "/x")
            .otherwise("/rest")
            .deadLetterTopic("dead"));
    var receiver = subscribe(
        SubscribeOptions.defaults().onPath("/rest"), (event, delivery) -> DeliveryResult.SUCCESS);
    var message = new Held(EVENT);

    assertThat(receiver.receive(message)).isEqualTo(Disposition.REDELIVER);
    assertThat(message.postponed).isEqualTo(1);
    assertThat(broker.published).isEmpty();
    subscribe(
        SubscribeOptions.defaults().onPath("/x"), (event, delivery) -> DeliveryResult.SUCCESS);
    assertThat(receiver.receive(message)).isEqualTo(Disposition.ACKNOWLEDGE);
  }

  @Test
  void whatComesWhileTheLastHandlerClosesIsNotJudged() {
    var message = new Held(EVENT);
    var registration = new HandlerRegistration[1];
    registration[0] = engine.subscribe(
        "bus",
        "orders",
        TypeRef.of(byte[].class),
        deadLetters().route("type=never", "/never").otherwise("/rest"),
        (event, delivery) -> DeliveryResult.SUCCESS);
    // It closes between the choice of the subscriber and that of its handler.
    message.whenRead = () -> registration[0].close();

    assertThat(receiver().receive(message)).isEqualTo(Disposition.RELEASE);
    assertThat(broker.published).isEmpty();
  }

  @Test
  void aPathThatNoRuleLeadsToIsRefused() {
    TestEngine.declare(
        engine, SubscribeOptions.defaults().route("type=t.x", "/express").otherwise("/rest"));

    assertThatThrownBy(() -> subscribe(
            SubscribeOptions.defaults().onPath("/expres"),
            (event, delivery) -> DeliveryResult.SUCCESS))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "no rule of the subscription resource \"orders\" leads to the path \"/expres\"; did you mean \"/express\"? there are [/express, /rest]");
  }

  @Test
  void whatMatchesNoRuleGoesTheOtherWayWhereverThatIsSaid() {
    var paths = new ArrayList<String>();
    var receiver = subscribe(
        SubscribeOptions.defaults().otherwise("/rest").route("type=t.x", "/x"),
        (event, delivery) -> {
          paths.add(delivery.path());
          return DeliveryResult.SUCCESS;
        });

    receiver.receive(new Held(EVENT));
    receiver.receive(new Held("{\"type\":\"t.y\"}"));

    assertThat(paths).containsExactly("/x", "/rest");
  }

  @Test
  void aHandlerOfThisProgramAndAnAppDoNotShareATopic() {
    subscribe(SubscribeOptions.defaults(), (event, delivery) -> DeliveryResult.SUCCESS);

    assertThatThrownBy(() -> subscribe(
            SubscribeOptions.defaults().forApp("the app on port 3000"),
            (event, delivery) -> DeliveryResult.SUCCESS))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the app on port 3000")
        .hasMessageContaining("consumerId");
    // The refusal has done nothing to those who share it.
    subscribe(SubscribeOptions.defaults(), (event, delivery) -> DeliveryResult.SUCCESS);
    assertThat(broker.subscriptions).hasSize(1);
    subscribe(
        SubscribeOptions.defaults().forApp("the app on port 3000").consumerId("other"),
        (event, delivery) -> DeliveryResult.SUCCESS);
    assertThat(broker.receivers).containsOnlyKeys("orders shop", "orders other");
  }

  @Test
  void pausingTheOnlyHandlerPausesTheIntake() {
    HandlerRegistration registration = engine.subscribe(
        "bus",
        "orders",
        TypeRef.of(byte[].class),
        SubscribeOptions.defaults(),
        (event, delivery) -> DeliveryResult.SUCCESS);

    registration.pause();
    assertThat(receiver().receive(new Held(EVENT))).isEqualTo(Disposition.RELEASE);
    registration.resume();
    assertThat(receiver().receive(new Held(EVENT))).isEqualTo(Disposition.ACKNOWLEDGE);
    registration.close();
    registration.close();

    assertThat(broker.intakes).containsExactly("pause", "resume", "pause", "close");
    assertThat(receiver().receive(new Held(EVENT))).isEqualTo(Disposition.RELEASE);
  }

  @Test
  void theHandlerThatAStopInterruptsGivesItsAttemptBack() throws InterruptedException {
    var begun = new CountDownLatch(1);
    var registration = engine.subscribe(
        "bus", "orders", TypeRef.of(byte[].class), deadLetters(), (event, delivery) -> {
          begun.countDown();
          new CountDownLatch(1).await();
          return DeliveryResult.SUCCESS;
        });
    var message = new Held(EVENT).again(1);
    attempts = 3;
    var result = new ArrayList<Disposition>();
    var worker = new Thread(() -> result.add(receiver().receive(message)), "worker");
    worker.start();
    begun.await();

    registration.close();
    worker.join();

    assertThat(result).containsExactly(Disposition.RELEASE);
    assertThat(message.record).containsExactly(2, 1);
    assertThat(broker.published).isEmpty();
  }

  @Test
  void messagesOfABatchAreSettledOneByOne() {
    attempts = 2;
    engine.subscribeBulk(
        "bus", "orders", TypeRef.of(byte[].class), deadLetters(), entries -> entries.stream()
            .map(entry -> switch (entry.event().id()) {
              case "ok" -> DeliveryResult.SUCCESS;
              case "drop" -> DeliveryResult.DROP;
              default -> {
                starts.add(entry.delivery().attempt());
                yield DeliveryResult.RETRY;
              }
            })
            .toList());
    var bad = new Held("{\"id\":\"bad\"}");

    var dispositions = receiver()
        .receiveAll(List.of(
            new Held("{\"id\":\"ok\"}"), bad, new Held("{\"id\":\"drop\"}"), new Held("no event")));

    assertThat(dispositions).containsOnly(Disposition.ACKNOWLEDGE);
    assertThat(starts).containsExactly(1, 2);
    assertThat(bad.record).containsExactly(2);
    assertThat(broker.published.stream()
            .map(message -> new String(message.data(), StandardCharsets.UTF_8)))
        .containsExactlyInAnyOrder("{\"id\":\"bad\"}", "{\"id\":\"drop\"}", "no event");
  }
}
