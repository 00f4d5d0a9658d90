// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.pillion.HandlerRegistration;
import dev.pillion.TypeRef;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.engine.FakeBroker.Held;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.MessageReceiver;
import dev.pillion.pubsub.spi.TopicSubscription;
import dev.pillion.testkit.ManualTime;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which of the handlers of a topic gets an event. */
class SharingTest {
  private final FakeBroker broker = new FakeBroker();
  private final PubSubEngine engine = TestEngine.on(broker, new ManualTime(), 1, Duration.ZERO);
  private final ExecutorService broughtBy = Executors.newCachedThreadPool();
  private final ConcurrentLinkedQueue<String> seen = new ConcurrentLinkedQueue<>();

  @AfterEach
  void endThreads() {
    broughtBy.shutdownNow();
  }

  private static Held event(String type) {
    return new Held("{\"id\":\"e\",\"type\":\"" + type + "\",\"data\":1}");
  }

  private void declare(SubscribeOptions options) {
    TestEngine.declare(engine, options);
  }

  private HandlerRegistration handler(String name, SubscribeOptions options) {
    return engine.subscribe(
        "bus", "orders", TypeRef.of(byte[].class), options, (event, delivery) -> {
          seen.add(name);
          return DeliveryResult.SUCCESS;
        });
  }

  /** A handler that is busy until the latch is at zero. */
  private void busyHandler(SubscribeOptions options, CountDownLatch begun, CountDownLatch mayEnd) {
    engine.subscribe("bus", "orders", TypeRef.of(byte[].class), options, (event, delivery) -> {
      begun.countDown();
      mayEnd.await();
      return DeliveryResult.SUCCESS;
    });
  }

  private MessageReceiver receiver() {
    return Objects.requireNonNull(broker.receivers.get("orders shop"));
  }

  private CompletableFuture<Disposition> bring(Held message) {
    return CompletableFuture.supplyAsync(() -> receiver().receive(message), broughtBy);
  }

  private static SubscribeOptions byPath() {
    return SubscribeOptions.defaults().route("t.x", "/x").otherwise("/rest");
  }

  @Test
  void handlersThatLeaveAllToAResourceShareItsEvents() {
    declare(byPath());
    handler("first", SubscribeOptions.defaults());
    handler("second", SubscribeOptions.defaults());

    for (int i = 0; i < 4; i++) {
      assertThat(receiver().receive(event("t.x"))).isEqualTo(Disposition.ACKNOWLEDGE);
    }

    assertThat(seen).containsExactlyInAnyOrder("first", "first", "second", "second");
  }

  private static SubscribeOptions stream() {
    return SubscribeOptions.defaults().otherwise("/").forPeer("a stream");
  }

  private static SubscribeOptions app() {
    return SubscribeOptions.defaults().otherwise("/app").forApp("the app on port 3000");
  }

  private void bringFour() {
    for (int i = 0; i < 4; i++) {
      assertThat(receiver().receive(event("t.x"))).isEqualTo(Disposition.ACKNOWLEDGE);
    }
  }

  @Test
  void streamsShareTheEventsOfATopic() {
    handler("first", stream());
    handler("second", stream());

    bringFour();

    assertThat(seen).containsExactlyInAnyOrder("first", "first", "second", "second");
    assertThat(broker.subscriptions).hasSize(1);
  }

  @Test
  void aStreamSharesWithHandlersOfThisProgram() {
    handler("handler", SubscribeOptions.defaults());
    handler("stream", stream());

    bringFour();

    assertThat(seen).containsExactlyInAnyOrder("handler", "handler", "stream", "stream");
  }

  @Test
  void aStreamSharesWithAnAppWhicheverComesFirst() {
    var first = handler("stream", stream());
    handler("app", app());
    bringFour();
    first.close();
    handler("later stream", stream());
    bringFour();

    assertThat(seen)
        .containsExactlyInAnyOrder(
            "stream", "stream", "app", "app", "app", "app", "later stream", "later stream");
    assertThat(broker.subscriptions).hasSize(1);
  }

  /** The app and the handler are told apart though a stream stands between them. */
  @Test
  void aStreamDoesNotBringAHandlerAndAnAppTogether() {
    handler("stream", stream());
    var app = handler("app", app());

    assertThatThrownBy(() -> handler("handler", SubscribeOptions.defaults()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the app on port 3000")
        .hasMessageContaining("consumerId");
    app.close();
    handler("handler", SubscribeOptions.defaults());
    assertThatThrownBy(() -> handler("app", app())).isInstanceOf(IllegalArgumentException.class);
    bringFour();

    assertThat(seen).containsExactlyInAnyOrder("handler", "handler", "stream", "stream");
  }

  @Test
  void handlersOfOnePathShareItsEvents() {
    declare(byPath());
    handler("first", SubscribeOptions.defaults().onPath("/x"));
    handler("second", SubscribeOptions.defaults().onPath("/x"));
    handler("other", SubscribeOptions.defaults());

    for (int i = 0; i < 4; i++) {
      receiver().receive(event("t.x"));
    }

    assertThat(seen).contains("first", "second").doesNotContain("other");
  }

  @Test
  void aPausedHandlerLeavesItsEventsToAnotherOfItsPath() {
    declare(byPath());
    handler("first", SubscribeOptions.defaults());
    handler("second", SubscribeOptions.defaults()).pause();

    for (int i = 0; i < 4; i++) {
      assertThat(receiver().receive(event("t.x"))).isEqualTo(Disposition.ACKNOWLEDGE);
    }

    assertThat(seen).containsOnly("first").hasSize(4);
  }

  @Test
  void anEventForAPausedPathWaitsAndOtherPathsGoOn() throws Exception {
    declare(byPath());
    var paused = handler("x", SubscribeOptions.defaults().onPath("/x"));
    handler("rest", SubscribeOptions.defaults().onPath("/rest"));
    paused.pause();

    var waiting = bring(event("t.x"));
    assertThat(receiver().receive(event("t.y"))).isEqualTo(Disposition.ACKNOWLEDGE);
    // It would come straight back, again and again.
    await().during(Duration.ofMillis(100)).atMost(ofSeconds(10)).until(() -> !waiting.isDone());
    paused.resume();

    assertThat(waiting.get(10, TimeUnit.SECONDS)).isEqualTo(Disposition.ACKNOWLEDGE);
    assertThat(seen).containsExactly("rest", "x");
  }

  @Test
  void ofManyEventsForAPausedPathOneWaitsAndTheOthersLeaveTheirPlaces() throws Exception {
    declare(byPath());
    var paused = handler("x", SubscribeOptions.defaults().onPath("/x"));
    handler("rest", SubscribeOptions.defaults().onPath("/rest"));
    paused.pause();

    var waiting = bring(event("t.x"));
    await().during(Duration.ofMillis(50)).atMost(ofSeconds(10)).until(() -> !waiting.isDone());
    for (int i = 0; i < 20; i++) {
      var another = event("t.x");
      assertThat(bring(another).get(10, TimeUnit.SECONDS)).isEqualTo(Disposition.REDELIVER);
      // It has not been tried, so it is not counted.
      assertThat(another.postponed).isEqualTo(1);
    }
    assertThat(receiver().receive(event("t.y"))).isEqualTo(Disposition.ACKNOWLEDGE);
    paused.resume();

    assertThat(waiting.get(10, TimeUnit.SECONDS)).isEqualTo(Disposition.ACKNOWLEDGE);
    assertThat(receiver().receive(event("t.x"))).isEqualTo(Disposition.ACKNOWLEDGE);
    assertThat(seen).containsExactly("rest", "x", "x");
  }

  @Test
  void closingAPausedPathReturnsTheEventThatWaits() throws Exception {
    declare(byPath());
    var paused = handler("x", SubscribeOptions.defaults().onPath("/x"));
    handler("rest", SubscribeOptions.defaults().onPath("/rest"));
    paused.pause();
    var waiting = bring(event("t.x"));
    await().during(Duration.ofMillis(50)).atMost(ofSeconds(10)).until(() -> !waiting.isDone());

    paused.close();

    assertThat(waiting.get(10, TimeUnit.SECONDS)).isEqualTo(Disposition.RELEASE);
  }

  @Test
  void aBusyHandlerIsPassedOver() throws Exception {
    var begun = new CountDownLatch(1);
    var mayEnd = new CountDownLatch(1);
    busyHandler(SubscribeOptions.defaults().concurrency(1), begun, mayEnd);
    var busy = bring(event("t.x"));
    begun.await();
    handler("other", SubscribeOptions.defaults());

    for (int i = 0; i < 4; i++) {
      assertThat(bring(event("t.x")).get(10, TimeUnit.SECONDS)).isEqualTo(Disposition.ACKNOWLEDGE);
    }

    assertThat(seen).hasSize(4);
    mayEnd.countDown();
    assertThat(busy.get(10, TimeUnit.SECONDS)).isEqualTo(Disposition.ACKNOWLEDGE);
  }

  @Test
  void aRevokedMessageDoesNotWaitForRoom() throws Exception {
    var begun = new CountDownLatch(1);
    var mayEnd = new CountDownLatch(1);
    busyHandler(SubscribeOptions.defaults().concurrency(1), begun, mayEnd);
    var busy = bring(event("t.x"));
    begun.await();
    var second = event("t.x");
    var waiting = bring(second);
    await().during(Duration.ofMillis(50)).atMost(ofSeconds(10)).until(() -> !waiting.isDone());

    receiver().revoke(second);

    assertThat(waiting.get(10, TimeUnit.SECONDS)).isEqualTo(Disposition.RELEASE);
    mayEnd.countDown();
    assertThat(busy.get(10, TimeUnit.SECONDS)).isEqualTo(Disposition.ACKNOWLEDGE);
  }

  @Test
  void theConcurrencyOfAHandlerOfAResourceReachesTheBroker() {
    declare(byPath());

    handler("x", SubscribeOptions.defaults().onPath("/x").concurrency(5));

    assertThat(broker.subscriptions)
        .singleElement()
        .extracting(TopicSubscription::concurrency)
        .isEqualTo(5);
  }

  @Test
  void aBulkHandlerHasItsSettingsFromTheResource() {
    declare(byPath().bulk(50, ofSeconds(2)).deadLetterTopic("dead"));

    engine.subscribeBulk(
        "bus", "orders", TypeRef.of(byte[].class), SubscribeOptions.defaults(), entries -> {
          entries.forEach(entry -> seen.add(entry.delivery().path()));
          return entries.stream().map(entry -> DeliveryResult.DROP).toList();
        });
    receiver().receiveAll(List.of(event("t.x"), event("t.y")));

    assertThat(broker.subscriptions)
        .singleElement()
        .extracting(TopicSubscription::bulk)
        .isEqualTo(new TopicSubscription.Bulk(50, ofSeconds(2)));
    assertThat(seen).containsExactlyInAnyOrder("/x", "/rest");
    assertThat(broker.published).hasSize(2);
  }

  @Test
  void aBulkHandlerIsRefusedWhereTheResourceHasSingleEvents() {
    declare(byPath());

    assertThatThrownBy(() -> engine.subscribeBulk(
            "bus",
            "orders",
            TypeRef.of(byte[].class),
            SubscribeOptions.defaults(),
            entries -> List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"orders\" says nothing of bulkSubscribe");
  }

  @Test
  void aTopicIsNotItsOwnDeadLetterTopic() {
    assertThatThrownBy(() -> handler("h", SubscribeOptions.defaults().deadLetterTopic("orders")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"orders\" can't be its own dead letter topic");
    assertThat(broker.subscriptions).isEmpty();
  }

  @Test
  void aDeadLetterTopicHasAName() {
    assertThatThrownBy(() -> SubscribeOptions.defaults().deadLetterTopic(""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a dead letter topic can't be without a name")
        .hasMessageContaining("leave it out");
  }

  @Test
  void anEventThatCannotBeReadFailsAloneInItsBatch() {
    engine.subscribeBulk(
        "bus", "orders", TypeRef.of(Object.class), SubscribeOptions.defaults(), entries -> {
          entries.forEach(entry -> seen.add(String.valueOf(entry.event().data())));
          return entries.stream().map(entry -> DeliveryResult.SUCCESS).toList();
        });
    var type = "\"datacontenttype\":\"application/json\"";

    var dispositions = receiver()
        .receiveAll(List.of(
            new Held("{\"data\":1," + type + "}"),
            new Held("{\"data\":\"unreadable\"," + type + "}"),
            new Held("{\"data\":2," + type + "}")));

    assertThat(dispositions)
        .containsExactly(Disposition.ACKNOWLEDGE, Disposition.REDELIVER, Disposition.ACKNOWLEDGE);
    assertThat(seen).containsExactly("1", "2");
  }
}
