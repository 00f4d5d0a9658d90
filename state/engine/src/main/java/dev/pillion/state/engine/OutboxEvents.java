// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import dev.pillion.state.SaveOptions;
import dev.pillion.state.spi.StateChange;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** What one transaction is to publish: an event for each value it saves. Used by one thread. */
final class OutboxEvents {
  private static final String PROJECTION = "outbox.projection";
  private static final Set<String> TRUTHY = Set.of("y", "yes", "true", "t", "on", "1");

  private final List<Saved> saved = new ArrayList<>();
  private final Map<String, Saved> projections = new HashMap<>();

  private record Saved(StateChange.Put put, String contentType, Map<String, String> metadata) {}

  /**
   * Takes note of a save.
   *
   * @param contentType the media type of a value whose options name none
   * @return whether it is to be stored: a projection is published alone, in place of what is stored
   *     under its key
   */
  boolean add(StateChange.Put put, SaveOptions options, String contentType) {
    var metadata = options.metadata();
    var entry =
        new Saved(put, metadata.getOrDefault(StateChange.CONTENT_TYPE, contentType), metadata);
    if (TRUTHY.contains(metadata.getOrDefault(PROJECTION, "").strip().toLowerCase(Locale.ROOT))) {
      projections.put(put.key(), entry);
      return false;
    }
    saved.add(entry);
    return true;
  }

  /** How many rows the transaction has beside its own. */
  int size() {
    return saved.size();
  }

  /** Publishes the events, and puts their markers behind the changes. */
  List<StateChange> publish(StateOutbox outbox, List<StateChange> changes) {
    var all = new ArrayList<>(changes);
    for (var entry : saved) {
      var shown = projections.getOrDefault(entry.put.key(), entry);
      var marker = OutboxMarkers.newKey();
      outbox.publish(new StateOutbox.Event(
          marker, shown.put.value().bytes(), shown.contentType, entry.metadata));
      all.add(OutboxMarkers.put(marker));
    }
    return all;
  }
}
