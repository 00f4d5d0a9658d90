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
    var entries = new ArrayList<BulkHandler.Entry<T>>(items.size());
    for (var item : items) {
      entries.add(new BulkHandler.Entry<>(
          new CloudEvent<>(item.event().attributes(), data(item.event())), item.delivery()));
    }
    return handler.handle(entries);
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
