// SPDX-License-Identifier: Apache-2.0
package dev.pillion;

import dev.pillion.invocation.RequestHandler;
import dev.pillion.invocation.ServiceAction;
import dev.pillion.invocation.ServiceMethod;
import dev.pillion.pubsub.BulkHandler;
import dev.pillion.pubsub.DeliveryHandler;
import dev.pillion.pubsub.MessageHandler;
import dev.pillion.pubsub.SubscribeOptions;
import org.jspecify.annotations.Nullable;

/**
 * What a program can be called for. The builder of a runtime has it, whose handlers begin when the
 * runtime starts, and the started runtime, whose handlers begin at once.
 *
 * @param <R> the builder itself, or the {@link HandlerRegistration} that ends the handler
 */
public interface Handlers<R> {
  /**
   * Hands over the data of each event of a topic. The event is done when the handler returns; when
   * it throws, policies and the broker's redelivery decide.
   *
   * <p>Handlers of the same pubsub, topic and {@code consumerID} share its events: each goes to one
   * of them, and to one runtime of those with the same {@code consumerID}, which is the app id
   * unless set.
   *
   * @param type what the data is read as; {@code byte[]} for the bytes untouched, {@code Void} for
   *     a method that takes nothing. A call without a request is answered with status 400 unless it
   *     is one of these, or {@code Object}
   * @throws NoSuchComponentException when there is no pubsub of that name
   * @throws dev.pillion.pubsub.TopicForbiddenException when the topic, or the dead letter topic, is
   *     closed to this app
   * @throws IllegalArgumentException when the topic is empty, or the options can't be: wrong rules,
   *     others than those who share the topic can live with
   */
  <T> R subscribe(String pubsub, String topic, Class<T> type, MessageHandler<T> handler);

  /** The same with the CloudEvent at hand and an outcome to choose. */
  <T> R subscribe(
      String pubsub,
      String topic,
      Class<T> type,
      SubscribeOptions options,
      DeliveryHandler<T> handler);

  /** The same for generic types. */
  <T> R subscribe(
      String pubsub,
      String topic,
      TypeRef<T> type,
      SubscribeOptions options,
      DeliveryHandler<T> handler);

  /**
   * Hands over many events at a time, as {@link SubscribeOptions#bulk} says, or the subscription
   * resource; Dapr's bulk subscription.
   */
  <T> R subscribeBulk(
      String pubsub, String topic, Class<T> type, SubscribeOptions options, BulkHandler<T> handler);

  /**
   * Answers calls of a method by their values: Dapr's service invocation.
   *
   * @param method its name, or a path; slashes at the begin and the end make no difference, nor
   *     does the verb of a call
   * @param requestType what a request is read as; {@code byte[]} for the bytes untouched
   * @throws IllegalArgumentException when the method has a handler already, no name, or a
   *     {@code #}, a {@code ?} or a control character in it
   */
  <Q, A extends @Nullable Object> R method(
      String method, Class<Q> requestType, ServiceMethod<Q, A> handler);

  /** The same for generic types. */
  <Q, A extends @Nullable Object> R method(
      String method, TypeRef<Q> requestType, ServiceMethod<Q, A> handler);

  /** The same with the request as it came: verb, query, headers, streams. */
  R method(String method, RequestHandler handler);

  /** The same for a method without an answer. */
  <Q> R receive(String method, Class<Q> requestType, ServiceAction<Q> handler);

  /**
   * Answers calls of every method that has no handler of its own. A program beside this one does
   * that for the runtime that is connected to it.
   *
   * @throws IllegalArgumentException when there is such a handler already
   */
  R otherMethods(RequestHandler handler);
}
