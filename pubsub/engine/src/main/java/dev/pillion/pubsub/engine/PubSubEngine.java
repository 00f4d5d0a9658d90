// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.Expressions;
import dev.pillion.HandlerRegistration;
import dev.pillion.NoSuchComponentException;
import dev.pillion.Serializer;
import dev.pillion.TypeRef;
import dev.pillion.call.Call;
import dev.pillion.call.CallChain;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.pubsub.BulkHandler;
import dev.pillion.pubsub.DeliveryHandler;
import dev.pillion.pubsub.MessageHandler;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.SubscriptionDeclaration;
import dev.pillion.pubsub.Topic;
import dev.pillion.pubsub.spi.PubSubComponent;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;

/**
 * Makes what programs hold, topics and handlers, of what brokers implement. Thread-safe, but for
 * {@link #add} and {@link #declare}, which are called while the runtime starts.
 */
public final class PubSubEngine implements AutoCloseable {
  private static final String CONSUMER_ID = "consumerID";

  private final Surroundings around;
  private final Subscriptions subscriptions;
  private final Stamps stamps;
  private final Map<String, NamedPubSub> pubsubs = new ConcurrentHashMap<>();
  private final List<Outbox> outboxes = new CopyOnWriteArrayList<>();

  /**
   * The engine of one runtime.
   *
   * @param namespace empty when there is none
   * @param attempts how often policies try a call: 1 without a policy, 0 for without end
   * @param expressions the language of routing rules, asked for when there are any; refuses them
   *     with an IllegalArgumentException when there is none
   * @param drainTimeout how long closing a handler waits for what it is doing
   */
  public PubSubEngine(
      String appId,
      String namespace,
      Serializer serializer,
      CallChain calls,
      TimeSource time,
      ToIntFunction<Call> attempts,
      Supplier<Expressions> expressions,
      Duration drainTimeout) {
    this.around = new Surroundings(
        appId, namespace, serializer, calls, time, attempts, expressions, drainTimeout);
    this.stamps = new Stamps(time, ZoneId.systemDefault());
    this.subscriptions = new Subscriptions(around);
  }

  /** Makes the building block's own settings known to {@code metadata}: scopes and group. */
  public static void check(ComponentMetadata metadata) {
    TopicScopes.of("", "", metadata);
    metadata.accept(CONSUMER_ID);
  }

  /** Adds a component, whose settings {@link #check} has made known. */
  public void add(String name, PubSubComponent component, ComponentMetadata metadata) {
    var group = component.consumerGroup();
    var consumerId = metadata.text(CONSUMER_ID).map(String::strip).orElse("");
    pubsubs.put(
        name,
        new NamedPubSub(
            name,
            component,
            new Envelope(
                around.appId(), name, component.expiresMessages(), stamps, EventIds.RANDOM),
            TopicScopes.of(name, around.appId(), metadata),
            metadata.isNamespaced() ? around.namespace() : "",
            group != null ? group : consumerId.isEmpty() ? around.appId() : consumerId));
  }

  /**
   * Keeps what a subscription resource says, for handlers that leave it to it. The first one of a
   * pubsub and topic holds; of later ones, and of variables that no rule has, the log warns.
   *
   * @return what is wrong with it, one text each with its place; it is not kept then
   */
  public List<String> declare(DeclaredSubscription resource) {
    return subscriptions.declare(resource);
  }

  /**
   * What is wrong with the routing rules of a handler that is not registered yet, one text each.
   */
  public List<String> problems(HandlerRequest request) {
    return Routes.Compiled.of(request.options().rules(), around.expressions())
        .faults()
        .values()
        .stream()
        .map(fault -> request.describe() + ": " + fault)
        .toList();
  }

  /** Every subscription, those of resources that nobody takes included, by pubsub and topic. */
  public List<SubscriptionDescription> describe() {
    return subscriptions.describe(pubsub -> {
      var named = pubsubs.get(pubsub);
      return named == null ? "" : named.consumerId();
    });
  }

  /** What resources declare and nobody takes, one text each with its place. */
  public List<String> untaken() {
    return subscriptions.untaken(pubsubs.keySet());
  }

  /** What has been declared, in the order of the resources; the first one of a pair. */
  public List<SubscriptionDeclaration> declarations() {
    return subscriptions.declarations();
  }

  /**
   * The topic as programs hold it.
   *
   * @throws NoSuchComponentException when there is no such pubsub
   * @throws IllegalArgumentException when the topic is empty
   */
  public Topic topic(String pubsub, String topic) {
    var named = pubsub(pubsub);
    if (topic.isEmpty()) {
      throw new IllegalArgumentException("topic is empty in pubsub " + pubsub);
    }
    return new TopicClient(around, named, topic);
  }

  private NamedPubSub pubsub(String name) {
    var named = pubsubs.get(name);
    if (named == null) {
      throw new NoSuchComponentException(
          pubsubs.isEmpty() ? "ERR_PUBSUB_NOT_CONFIGURED" : "ERR_PUBSUB_NOT_FOUND",
          "pubsub",
          name,
          pubsubs.keySet().stream().sorted().toList());
    }
    return named;
  }

  /** {@link dev.pillion.Handlers#subscribe(String, String, Class, MessageHandler)}. */
  public <T> HandlerRegistration subscribe(
      String pubsub, String topic, TypeRef<T> type, MessageHandler<T> handler) {
    return subscribe(HandlerRequest.of(pubsub, topic, type, handler));
  }

  /**
   * {@link dev.pillion.Handlers#subscribe(String, String, TypeRef, SubscribeOptions,
   * DeliveryHandler)}.
   */
  public <T> HandlerRegistration subscribe(
      String pubsub,
      String topic,
      TypeRef<T> type,
      SubscribeOptions options,
      DeliveryHandler<T> handler) {
    return subscribe(HandlerRequest.of(pubsub, topic, type, options, handler));
  }

  /** {@link dev.pillion.Handlers#subscribeBulk}. */
  public <T> HandlerRegistration subscribeBulk(
      String pubsub,
      String topic,
      TypeRef<T> type,
      SubscribeOptions options,
      BulkHandler<T> handler) {
    return subscribe(HandlerRequest.ofBulk(pubsub, topic, type, options, handler));
  }

  /** Registers a handler as it was asked for; the errors are those of the methods above. */
  public HandlerRegistration subscribe(HandlerRequest request) {
    return subscriptions.subscribe(pubsub(request.pubsub()), request);
  }

  /**
   * Begins the outbox of a state store; it ends with this engine.
   *
   * @throws NoSuchComponentException when there is no such pubsub
   * @throws dev.pillion.ComponentException when the broker refuses, or can't be reached by now
   */
  public Outbox outbox(OutboxRoute route, Outbox.Markers markers) {
    var outbox = new Outbox(
        around, route, pubsub(route.pubsub()), pubsub(route.publishPubsub()), stamps, markers);
    outbox.begin();
    outboxes.add(outbox);
    return outbox;
  }

  /** Ends every handler: intake first, then what runs, within the drain timeout. Idempotent. */
  @Override
  public void close() {
    subscriptions.close();
    var deadline = Deadline.after(around.drainTimeout(), around.time());
    outboxes.forEach(outbox -> outbox.close(deadline));
  }
}
