// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.Serializer;
import dev.pillion.pubsub.BulkEvents;
import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.spi.Payload;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The events of one bulk. Used by one thread. */
final class EventList implements BulkEvents {
  private final Serializer serializer;
  private final Map<String, Written> written = new LinkedHashMap<>();
  private final Map<String, String> metadata = new HashMap<>();
  private List<OutgoingEvent> events = List.of();
  private boolean closed;

  private record Written(Payload payload, PublishOptions options) {}

  EventList(Serializer serializer) {
    this.serializer = serializer;
  }

  @Override
  public BulkEvents publish(@Nullable Object data) {
    return publish(data, PublishOptions.defaults());
  }

  @Override
  public BulkEvents publish(@Nullable Object data, PublishOptions options) {
    return publish(Integer.toString(written.size()), data, options);
  }

  @Override
  public BulkEvents publish(String entryId, @Nullable Object data, PublishOptions options) {
    requireOpen();
    if (entryId.isEmpty() || written.containsKey(entryId)) {
      throw new IllegalArgumentException(
          "the entry id \"%s\" is empty or taken; each entry of a bulk needs its own"
              .formatted(entryId));
    }
    written.put(entryId, new Written(Payload.of(data, options, serializer), options));
    return this;
  }

  @Override
  public BulkEvents metadata(Map<String, String> entries) {
    requireOpen();
    metadata.putAll(entries);
    return this;
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the bulk is over; its events can't be added to any more");
    }
  }

  <E extends Exception> void writtenBy(BulkEvents.Writer<E> writer) throws E {
    writer.write(this);
    closed = true;
    // The whole request says whether its entries are raw.
    boolean raw = RequestMetadata.isRaw(metadata);
    var list = new ArrayList<OutgoingEvent>(written.size());
    written
        .values()
        .forEach(
            entry -> list.add(new OutgoingEvent(entry.payload, withRequests(entry.options), raw)));
    events = List.copyOf(list);
  }

  /** An entry that has metadata of its own gets from the request's what it lacks. */
  private PublishOptions withRequests(PublishOptions options) {
    var own = options.metadata();
    var all = RequestMetadata.ofEntry(own.isEmpty() ? null : own, metadata);
    return all == null ? options : options.metadata(all);
  }

  List<OutgoingEvent> events() {
    return events;
  }

  List<String> entryIds() {
    return List.copyOf(written.keySet());
  }
}
