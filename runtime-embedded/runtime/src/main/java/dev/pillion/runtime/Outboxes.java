// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.pubsub.engine.Outbox;
import dev.pillion.pubsub.engine.OutboxRoute;
import dev.pillion.pubsub.engine.PubSubEngine;
import dev.pillion.pubsub.spi.PubSubComponent;
import dev.pillion.state.engine.OutboxMarkers;
import dev.pillion.state.engine.OutboxSettings;
import dev.pillion.state.engine.StateEngine;
import dev.pillion.state.engine.StateOutbox;
import dev.pillion.state.spi.StateStoreComponent;
import dev.pillion.state.spi.TransactionalStateStore;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Connects state stores that have an outbox with the pubsubs they name: no engine knows another.
 */
final class Outboxes {
  private final StateEngine state;
  private final PubSubEngine pubsub;

  Outboxes(StateEngine state, PubSubEngine pubsub) {
    this.state = state;
    this.pubsub = pubsub;
  }

  /** Collects what is wrong between the components. */
  void check(Registry registry, List<String> problems) {
    Map<String, String> topics = new HashMap<>();
    for (var entry : registry.entries()) {
      if (entry.component() instanceof StateStoreComponent component) {
        state
            .outbox(entry.metadata())
            .ifPresent(settings -> check(entry, component, settings, registry, problems, topics));
      }
    }
  }

  private static void check(
      Registry.Entry entry,
      StateStoreComponent component,
      OutboxSettings settings,
      Registry registry,
      List<String> problems,
      Map<String, String> topics) {
    var store = "component \"%s\"".formatted(entry.name());
    if (!(component instanceof TransactionalStateStore)) {
      problems.add(store + ": an outbox needs transactions, which this store doesn't support");
    }
    requirePubSub(registry, store, "outboxPublishPubsub", settings.publishPubsub(), problems);
    if (!settings.pubsub().equals(settings.publishPubsub())) {
      requirePubSub(registry, store, "outboxPubsub", settings.pubsub(), problems);
    }
    var internal = settings.pubsub() + "/" + settings.publishTopic();
    var other = topics.putIfAbsent(internal, entry.name());
    if (other != null) {
      problems.add(
          "%s: the state store \"%s\" has an outbox for the topic \"%s\" on the pubsub \"%s\" as well; each would take the other's events. Give one of them another outboxPubsub or outboxPublishTopic"
              .formatted(store, other, settings.publishTopic(), settings.pubsub()));
    }
  }

  private static void requirePubSub(
      Registry registry, String store, String setting, String name, List<String> problems) {
    if (registry.find(name, PubSubComponent.class) == null) {
      problems.add(
          "%s: \"%s\" names the pubsub \"%s\", which is not there".formatted(store, setting, name));
    }
  }

  /** Begins the outbox of a store, if it is to have one. */
  @Nullable
  StateOutbox begin(Registry.Entry entry, StateStoreComponent component) {
    var settings = state.outbox(entry.metadata()).orElse(null);
    if (settings == null) {
      return null;
    }
    var route = new OutboxRoute(
        entry.name(),
        settings.pubsub(),
        settings.publishPubsub(),
        settings.publishTopic(),
        settings.discardWhenMissingState());
    var outbox = pubsub.outbox(route, new Markers(state.markers(entry.name(), component)));
    return event ->
        outbox.publish(event.marker(), event.data(), event.contentType(), event.metadata());
  }

  /** The state engine's rows, as the pubsub engine asks for them. */
  private record Markers(OutboxMarkers rows) implements Outbox.Markers {
    @Override
    public boolean isThere(String key) {
      return rows.isThere(key);
    }

    @Override
    public void delete(String key) {
      rows.delete(key);
    }
  }
}
