// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.Serializer;
import dev.pillion.TypeRef;
import dev.pillion.pubsub.BulkHandler;
import dev.pillion.pubsub.DeliveryHandler;
import dev.pillion.pubsub.MessageHandler;
import dev.pillion.pubsub.SubscribeOptions;
import java.util.function.Function;

/**
 * A handler that a program wants to register, and where it says so: what makes a request remembers
 * its caller. Immutable, thread-safe.
 */
public final class HandlerRequest {
  private final String pubsub;
  private final String topic;
  private final SubscribeOptions options;
  private final boolean bulk;
  private final Function<Serializer, EventSink> sink;
  private final String source;

  private HandlerRequest(
      String pubsub,
      String topic,
      SubscribeOptions options,
      boolean bulk,
      Function<Serializer, EventSink> sink) {
    this.pubsub = pubsub;
    this.topic = topic;
    this.options = options;
    this.bulk = bulk;
    this.sink = sink;
    var app = options.app();
    var peer = options.peer();
    this.source = app != null ? app : peer != null ? peer : CallerPlace.find();
  }

  /** {@link dev.pillion.Handlers#subscribe(String, String, Class, MessageHandler)}. */
  public static <T> HandlerRequest of(
      String pubsub, String topic, TypeRef<T> type, MessageHandler<T> handler) {
    return new HandlerRequest(
        pubsub,
        topic,
        SubscribeOptions.defaults(),
        false,
        serializer -> TypedSink.of(type, serializer, handler));
  }

  /**
   * {@link dev.pillion.Handlers#subscribe(String, String, TypeRef, SubscribeOptions,
   * DeliveryHandler)}.
   */
  public static <T> HandlerRequest of(
      String pubsub,
      String topic,
      TypeRef<T> type,
      SubscribeOptions options,
      DeliveryHandler<T> handler) {
    return new HandlerRequest(
        pubsub, topic, options, false, serializer -> TypedSink.of(type, serializer, handler));
  }

  /** {@link dev.pillion.Handlers#subscribeBulk}. */
  public static <T> HandlerRequest ofBulk(
      String pubsub,
      String topic,
      TypeRef<T> type,
      SubscribeOptions options,
      BulkHandler<T> handler) {
    return new HandlerRequest(
        pubsub, topic, options, true, serializer -> TypedSink.ofBulk(type, serializer, handler));
  }

  String pubsub() {
    return pubsub;
  }

  String topic() {
    return topic;
  }

  SubscribeOptions options() {
    return options;
  }

  boolean isBulk() {
    return bulk;
  }

  EventSink sink(Serializer serializer) {
    return sink.apply(serializer);
  }

  /** Who wants it: file and line in the program, the app beside it, a peer. */
  String source() {
    return source;
  }

  /** For messages: the topic and who wants it. */
  String describe() {
    return "%s: the subscription to %s/%s".formatted(source, pubsub, topic);
  }
}
