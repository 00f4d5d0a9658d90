// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

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
import dev.pillion.pubsub.engine.HandlerRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Handlers of a runtime that is being built: they begin when it starts. */
abstract class HandlersAtStart implements Handlers<EmbeddedRuntime.Builder> {
  final List<HandlerRequest> handlers = new ArrayList<>();
  final List<Consumer<InvocationEngine>> methods = new ArrayList<>();

  abstract EmbeddedRuntime.Builder self();

  @Override
  public <T> EmbeddedRuntime.Builder subscribe(
      String pubsub, String topic, Class<T> type, MessageHandler<T> handler) {
    handlers.add(HandlerRequest.of(pubsub, topic, TypeRef.of(type), handler));
    return self();
  }

  @Override
  public <T> EmbeddedRuntime.Builder subscribe(
      String pubsub,
      String topic,
      Class<T> type,
      SubscribeOptions options,
      DeliveryHandler<T> handler) {
    return subscribe(pubsub, topic, TypeRef.of(type), options, handler);
  }

  @Override
  public <T> EmbeddedRuntime.Builder subscribe(
      String pubsub,
      String topic,
      TypeRef<T> type,
      SubscribeOptions options,
      DeliveryHandler<T> handler) {
    handlers.add(HandlerRequest.of(pubsub, topic, type, options, handler));
    return self();
  }

  @Override
  public <T> EmbeddedRuntime.Builder subscribeBulk(
      String pubsub,
      String topic,
      Class<T> type,
      SubscribeOptions options,
      BulkHandler<T> handler) {
    handlers.add(HandlerRequest.ofBulk(pubsub, topic, TypeRef.of(type), options, handler));
    return self();
  }

  @Override
  public <Q, A extends @Nullable Object> EmbeddedRuntime.Builder method(
      String method, Class<Q> requestType, ServiceMethod<Q, A> handler) {
    return method(method, TypeRef.of(requestType), handler);
  }

  @Override
  public <Q, A extends @Nullable Object> EmbeddedRuntime.Builder method(
      String method, TypeRef<Q> requestType, ServiceMethod<Q, A> handler) {
    methods.add(engine -> engine.method(method, requestType, handler));
    return self();
  }

  @Override
  public EmbeddedRuntime.Builder method(String method, RequestHandler handler) {
    methods.add(engine -> engine.method(method, handler));
    return self();
  }

  @Override
  public <Q> EmbeddedRuntime.Builder receive(
      String method, Class<Q> requestType, ServiceAction<Q> handler) {
    methods.add(engine -> engine.receive(method, TypeRef.of(requestType), handler));
    return self();
  }

  @Override
  public EmbeddedRuntime.Builder otherMethods(RequestHandler handler) {
    methods.add(engine -> engine.otherMethods(handler));
    return self();
  }
}
