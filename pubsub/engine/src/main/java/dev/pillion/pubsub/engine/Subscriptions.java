// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.HandlerRegistration;
import dev.pillion.component.NearestName;
import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.SubscriptionDeclaration;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The handlers of one runtime and the groups they share. Thread-safe. */
final class Subscriptions {
  private static final Logger log = LoggerFactory.getLogger(Subscriptions.class);

  private final Surroundings around;
  private final Map<Key, TopicGroup> groups = new ConcurrentHashMap<>();
  private final Map<Pair, Declared> declared = new LinkedHashMap<>();
  private final Set<Registered> registered = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  private record Key(String pubsub, String topic, String consumerId) {}

  private record Pair(String pubsub, String topic) {}

  private record Declared(DeclaredSubscription resource, Subscriber subscriber) {}

  Subscriptions(Surroundings around) {
    this.around = around;
  }

  /**
   * Keeps what a resource says about a topic; the first one of a pair holds, as in Dapr.
   *
   * @return what is wrong with it, each with its place; it is not kept then
   */
  List<String> declare(DeclaredSubscription resource) {
    var declaration = resource.declaration();
    Subscriber subscriber;
    try {
      var compiled = Routes.Compiled.of(declaration.options().rules(), around.expressions());
      compiled
          .doubts()
          .forEach((rule, doubt) -> log.warn(
              "{}{}; an event that comes to this rule will fail", resource.describe(rule), doubt));
      if (!compiled.faults().isEmpty()) {
        return compiled.faults().entrySet().stream()
            .map(fault -> resource.describe(fault.getKey()) + fault.getValue())
            .toList();
      }
      subscriber = subscriber(
          resource.name(),
          declaration.pubsub(),
          declaration.topic(),
          declaration.options(),
          compiled.routes());
    } catch (IllegalArgumentException e) {
      return List.of(resource.describe() + e.getMessage());
    }
    var first = declared.putIfAbsent(
        new Pair(declaration.pubsub(), declaration.topic()), new Declared(resource, subscriber));
    if (first != null) {
      log.warn(
          "{}: the subscription \"{}\" has no effect: {} is for the same topic, and the first one holds, as in Dapr",
          resource.source(),
          declaration.name(),
          first.resource().name());
    }
    return List.of();
  }

  List<SubscriptionDeclaration> declarations() {
    return declared.values().stream().map(one -> one.resource().declaration()).toList();
  }

  /** What there is: what handlers take, then resources that nobody takes. */
  List<SubscriptionDescription> describe(UnaryOperator<String> consumerIds) {
    var found = new ArrayList<SubscriptionDescription>();
    groups.values().forEach(group -> found.addAll(group.describe()));
    declared.forEach((pair, one) -> {
      if (!isTaken(pair)) {
        var declaration = one.resource().declaration();
        found.add(new SubscriptionDescription(
            pair.pubsub,
            pair.topic,
            consumerIds.apply(pair.pubsub),
            one.subscriber().source(),
            declaration.options().rules(),
            declaration.options().deadLetterTopic(),
            List.of()));
      }
    });
    found.sort(Comparator.comparing(SubscriptionDescription::pubsub)
        .thenComparing(SubscriptionDescription::topic)
        .thenComparing(SubscriptionDescription::consumerId)
        .thenComparing(SubscriptionDescription::source));
    return List.copyOf(found);
  }

  private boolean isTaken(Pair pair) {
    return groups.keySet().stream()
        .anyMatch(key -> key.pubsub.equals(pair.pubsub) && key.topic.equals(pair.topic));
  }

  /**
   * What resources declare and nobody takes, each with its place.
   *
   * @param pubsubs those there are; resources for others are another app's
   */
  List<String> untaken(Set<String> pubsubs) {
    var found = new ArrayList<String>();
    declared.forEach((pair, one) -> {
      if (!pubsubs.contains(pair.pubsub)) {
        return;
      }
      var resource = one.resource();
      var handlers = one.subscriber().handlers();
      if (!isTaken(pair)) {
        found.add("%snobody takes it: there is no handler for %s/%s, and no app"
            .formatted(resource.describe(), pair.pubsub, pair.topic));
      } else if (!handlers.isEmpty()
          && handlers.stream().noneMatch(handler -> handler.path() == null)) {
        var taken = handlers.stream().map(PathHandler::path).toList();
        var rules = resource.declaration().options().rules();
        for (int i = 0; i < rules.size(); i++) {
          if (!taken.contains(rules.get(i).path())) {
            found.add("%sno handler takes the path \"%s\"; its events come again until one does"
                .formatted(resource.describe(i), rules.get(i).path()));
          }
        }
      }
    });
    return found;
  }

  HandlerRegistration subscribe(NamedPubSub pubsub, HandlerRequest request) {
    var topic = request.topic();
    if (topic.isEmpty()) {
      throw new IllegalArgumentException("topic is empty in pubsub " + pubsub.name());
    }
    pubsub.scopes().requireSubscribing(topic);
    var subscriber = subscriber(pubsub, request);
    var dead = subscriber.deadLetterTopic();
    if (dead != null) {
      pubsub.scopes().requirePublishing(dead);
    }
    var asked = subscriber.options().consumerId();
    var key = new Key(pubsub.name(), topic, asked == null ? pubsub.consumerId() : asked);
    var handler = new PathHandler(
        request.source(),
        request.options().onPath(),
        request.sink(around.serializer()),
        request.options().concurrency());
    while (true) {
      requireOpen();
      var group =
          groups.computeIfAbsent(key, k -> new TopicGroup(around, pubsub, topic, k.consumerId()));
      boolean joined = false;
      try {
        joined = group.join(subscriber, handler);
      } finally {
        if (!joined && group.isClosed()) {
          // It has ended, or could not begin: whoever comes next makes another one.
          groups.remove(key, group);
        }
      }
      if (joined) {
        return register(new Registered(key, group, subscriber, handler));
      }
    }
  }

  private Registered register(Registered made) {
    registered.add(made);
    if (closed) {
      made.close();
      requireOpen();
    }
    return made;
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the runtime is closed");
    }
  }

  /**
   * The subscriber of a resource, where the options leave everything to it; else one of its own.
   */
  private Subscriber subscriber(NamedPubSub pubsub, HandlerRequest request) {
    var topic = request.topic();
    var options = request.options();
    boolean bulk = request.isBulk();
    var known = declared.get(new Pair(pubsub.name(), topic));
    if (leavesAllToResource(options) && known != null) {
      var declaration = known.resource().declaration();
      if (bulk && !known.subscriber().isBulk()) {
        throw new IllegalArgumentException(
            "the subscription resource \"%s\" says nothing of bulkSubscribe; enable it there, or give the bulk handler options of its own"
                .formatted(declaration.name()));
      }
      requirePath(declaration, options.onPath());
      return known.subscriber();
    }
    if (options.onPath() != null) {
      throw new IllegalArgumentException(
          known == null
              ? "a handler for the path \"%s\" needs a subscription resource for the topic \"%s\" of the pubsub \"%s\"; there %s"
                  .formatted(options.onPath(), topic, pubsub.name(), resources())
              : "a handler for the path \"%s\" has its other options from the subscription resource \"%s\""
                  .formatted(options.onPath(), known.resource().declaration().name()));
    }
    var compiled = Routes.Compiled.of(options.rules(), around.expressions());
    if (!compiled.faults().isEmpty()) {
      throw new IllegalArgumentException(String.join("; ", compiled.faults().values()));
    }
    compiled
        .doubts()
        .values()
        .forEach(doubt -> log.warn(
            "{}: {}; an event that comes to this rule will fail", request.describe(), doubt));
    boolean ownSize = !bulk || options.bulk() != null;
    return subscriber(
        request.source(),
        pubsub.name(),
        topic,
        ownSize ? options : options.bulk(0, Duration.ZERO),
        compiled.routes());
  }

  private static Subscriber subscriber(
      String source, String pubsub, String topic, SubscribeOptions options, Routes routes) {
    if (topic.equals(options.deadLetterTopic())) {
      throw new IllegalArgumentException(
          "the topic \"%s\" can't be its own dead letter topic: what fails would come back at once, for ever"
              .formatted(topic));
    }
    var raw = RequestMetadata.isRaw(options.metadata());
    return new Subscriber(
        source, options, routes, new EventReader(pubsub, topic, raw, EventIds.RANDOM));
  }

  private String resources() {
    return declared.isEmpty() ? "are none" : "are resources for " + declared.keySet();
  }

  /** A path that no rule leads to would never have an event. */
  private static void requirePath(SubscriptionDeclaration declaration, @Nullable String path) {
    var paths =
        declaration.options().rules().stream().map(SubscribeOptions.Rule::path).toList();
    if (path != null && !paths.contains(path)) {
      var nearest = NearestName.to(path, paths);
      throw new IllegalArgumentException(
          "no rule of the subscription resource \"%s\" leads to the path \"%s\"%s there are %s"
              .formatted(
                  declaration.name(),
                  path,
                  nearest == null ? ";" : "; did you mean \"" + nearest + "\"?",
                  paths));
    }
  }

  private static boolean leavesAllToResource(SubscribeOptions options) {
    return options.rules().isEmpty()
        && options.deadLetterTopic() == null
        && options.consumerId() == null
        && options.bulk() == null
        && options.metadata().isEmpty()
        && options.app() == null
        && options.peer() == null;
  }

  /**
   * Drains all of them side by side within one drain timeout.
   *
   * @throws RuntimeException when some did not end cleanly; all have ended
   */
  void close() {
    closed = true;
    var left = new ArrayList<>(registered);
    left.forEach(one -> one.handler.close());
    var deadlines = new Deadlines(around);
    var failures = new ArrayList<RuntimeException>();
    // None is to hand over in vain while others are waited for.
    left.stream()
        .map(one -> one.group)
        .distinct()
        .forEach(group -> attempt(group::pausedOrResumed, failures));
    left.stream()
        .sorted(Comparator.comparing(one -> one.group.topic()))
        .forEach(one -> attempt(() -> one.close(deadlines), failures));
    if (!failures.isEmpty()) {
      var first = failures.get(0);
      failures.stream().skip(1).forEach(first::addSuppressed);
      throw first;
    }
  }

  private static void attempt(Runnable step, List<RuntimeException> failures) {
    try {
      step.run();
    } catch (RuntimeException e) {
      failures.add(e);
    }
  }

  /** The drain timeout, and how long those it has interrupted have to come to an end. */
  private static final class Deadlines {
    private static final Duration LAST_WORDS = Duration.ofSeconds(1);

    final Deadline drain;
    final Deadline last;

    Deadlines(Surroundings around) {
      drain = Deadline.after(around.drainTimeout(), around.time());
      last = Deadline.after(around.drainTimeout().plus(LAST_WORDS), around.time());
    }
  }

  /** One handler of the program's. */
  private final class Registered implements HandlerRegistration {
    private final Key key;
    private final TopicGroup group;
    private final Subscriber subscriber;
    private final PathHandler handler;

    Registered(Key key, TopicGroup group, Subscriber subscriber, PathHandler handler) {
      this.key = key;
      this.group = group;
      this.subscriber = subscriber;
      this.handler = handler;
    }

    @Override
    public void pause() {
      handler.pause(true);
      group.pausedOrResumed();
    }

    @Override
    public void resume() {
      handler.pause(false);
      group.pausedOrResumed();
    }

    @Override
    public void close() {
      close(new Deadlines(around));
    }

    void close(Deadlines deadlines) {
      if (registered.remove(this)) {
        handler.close();
        try {
          group.leave(subscriber, handler, deadlines.drain, deadlines.last);
        } finally {
          if (group.isClosed()) {
            groups.remove(key, group);
          }
        }
      }
    }
  }
}
