// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.HandlerRegistration;
import dev.pillion.Handlers;
import dev.pillion.TypeRef;
import dev.pillion.invocation.RequestHandler;
import dev.pillion.invocation.ServiceAction;
import dev.pillion.invocation.ServiceMethod;
import dev.pillion.invocation.engine.InvocationEngine;
import dev.pillion.pubsub.BulkHandler;
import dev.pillion.pubsub.DeliveryHandler;
import dev.pillion.pubsub.MessageHandler;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.engine.PubSubEngine;
import org.jspecify.annotations.Nullable;

/** Handlers of a runtime that runs: they begin at once. */
abstract class RunningHandlers implements Handlers<HandlerRegistration> {
  final PubSubEngine pubsub;
  final InvocationEngine invocation;

  RunningHandlers(PubSubEngine pubsub, InvocationEngine invocation) {
    this.pubsub = pubsub;
    this.invocation = invocation;
  }

  /** @throws IllegalStateException when the runtime is closed */
  abstract void requireOpen();

  @Override
  public <T> HandlerRegistration subscribe(
      String pubsubName, String topic, Class<T> type, MessageHandler<T> handler) {
    requireOpen();
    return pubsub.subscribe(pubsubName, topic, TypeRef.of(type), handler);
  }

  @Override
  public <T> HandlerRegistration subscribe(
      String pubsubName,
      String topic,
      Class<T> type,
      SubscribeOptions options,
      DeliveryHandler<T> handler) {
    return subscribe(pubsubName, topic, TypeRef.of(type), options, handler);
  }

  @Override
  public <T> HandlerRegistration subscribe(
      String pubsubName,
      String topic,
      TypeRef<T> type,
      SubscribeOptions options,
      DeliveryHandler<T> handler) {
    requireOpen();
    return pubsub.subscribe(pubsubName, topic, type, options, handler);
  }

  @Override
  public <T> HandlerRegistration subscribeBulk(
      String pubsubName,
      String topic,
      Class<T> type,
      SubscribeOptions options,
      BulkHandler<T> handler) {
    requireOpen();
    return pubsub.subscribeBulk(pubsubName, topic, TypeRef.of(type), options, handler);
  }

  @Override
  public <Q, A extends @Nullable Object> HandlerRegistration method(
      String method, Class<Q> requestType, ServiceMethod<Q, A> handler) {
    return method(method, TypeRef.of(requestType), handler);
  }

  @Override
  public <Q, A extends @Nullable Object> HandlerRegistration method(
      String method, TypeRef<Q> requestType, ServiceMethod<Q, A> handler) {
    requireOpen();
    return invocation.method(method, requestType, handler);
  }

  @Override
  public HandlerRegistration method(String method, RequestHandler handler) {
    requireOpen();
    return invocation.method(method, handler);
  }

  @Override
  public <Q> HandlerRegistration receive(
      String method, Class<Q> requestType, ServiceAction<Q> handler) {
    requireOpen();
    return invocation.receive(method, TypeRef.of(requestType), handler);
  }

  @Override
  public HandlerRegistration otherMethods(RequestHandler handler) {
    requireOpen();
    return invocation.otherMethods(handler);
  }
}
