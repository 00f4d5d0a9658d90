// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.Serializer;
import dev.pillion.TypeRef;
import dev.pillion.pubsub.BulkHandler;
import dev.pillion.pubsub.CloudEvent;
import dev.pillion.pubsub.DeliveryHandler;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.MessageHandler;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads the data of events as one type. Immutable, as thread-safe as its handler. */
final class TypedSink<T> implements EventSink {
  private static final Logger log = LoggerFactory.getLogger(TypedSink.class);

  private final TypeRef<T> type;
  private final Serializer serializer;
  private final BulkHandler<T> handler;

  private TypedSink(TypeRef<T> type, Serializer serializer, BulkHandler<T> handler) {
    this.type = type;
    this.serializer = serializer;
    this.handler = handler;
  }

  static <T> TypedSink<T> of(TypeRef<T> type, Serializer serializer, MessageHandler<T> handler) {
    return of(type, serializer, (event, delivery) -> {
      handler.handle(event.requireData());
      return DeliveryResult.SUCCESS;
    });
  }

  static <T> TypedSink<T> of(TypeRef<T> type, Serializer serializer, DeliveryHandler<T> handler) {
    return ofBulk(type, serializer, entries -> {
      if (entries.size() == 1) {
        var only = entries.get(0);
        // Whatever it returns: null is judged by whoever asked.
        return Arrays.asList(handler.handle(only.event(), only.delivery()));
      }
      // The subscription resource asks for batches: one event's failure is not the others'.
      var results = new ArrayList<DeliveryResult>(entries.size());
      for (var entry : entries) {
        results.add(handled(handler, entry));
      }
      return results;
    });
  }

  private static <T> DeliveryResult handled(DeliveryHandler<T> handler, BulkHandler.Entry<T> entry)
      throws InterruptedException {
    try {
      return handler.handle(entry.event(), entry.delivery());
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      log.warn("{} failed", entry.delivery(), e);
      return DeliveryResult.RETRY;
    }
  }

  static <T> TypedSink<T> ofBulk(TypeRef<T> type, Serializer serializer, BulkHandler<T> handler) {
    return new TypedSink<>(type, serializer, handler);
  }

  @Override
  public List<DeliveryResult> handle(List<Item> items) throws Exception {
    if (items.size() == 1) {
      return handler.handle(List.of(entry(items.get(0))));
    }
    var entries = new ArrayList<BulkHandler.Entry<T>>(items.size());
    var unreadable = new BitSet(items.size());
    for (int i = 0; i < items.size(); i++) {
      var item = items.get(i);
      try {
        entries.add(entry(item));
      } catch (RuntimeException e) {
        // One event that can't be read is not the others' failure.
        log.warn("{}: its data can't be read", item.delivery(), e);
        unreadable.set(i);
      }
    }
    var results = entries.isEmpty() ? List.<DeliveryResult>of() : handler.handle(entries);
    return unreadable.isEmpty() ? results : spread(results, unreadable, items.size());
  }

  /** The results at the places of the events they are about, and failures in between. */
  private static List<DeliveryResult> spread(
      @Nullable List<DeliveryResult> results, BitSet unreadable, int size) {
    var all = new ArrayList<DeliveryResult>(size);
    var given = results == null ? List.<DeliveryResult>of() : results;
    int next = 0;
    for (int i = 0; i < size; i++) {
      boolean has = !unreadable.get(i) && next < given.size();
      all.add(has ? given.get(next) : DeliveryResult.RETRY);
      next += unreadable.get(i) ? 0 : 1;
    }
    return all;
  }

  private BulkHandler.Entry<T> entry(Item item) {
    var event = item.event();
    return new BulkHandler.Entry<>(
        new CloudEvent<>(event.attributes(), data(event)), item.delivery());
  }

  @SuppressWarnings("unchecked") // T is what type says.
  private @Nullable T data(ReceivedEvent event) {
    byte[] data = event.data();
    if (data == null) {
      return null;
    }
    if (type.type() == byte[].class) {
      return (T) data;
    }
    if (type.type() == String.class && !ContentType.JSON.matches(event.dataContentType())) {
      return (T) new String(data, StandardCharsets.UTF_8);
    }
    return serializer.deserialize(data, type);
  }
}
