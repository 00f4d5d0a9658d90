// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.Handlers;
import dev.pillion.TypeRef;
import dev.pillion.invocation.RequestHandler;
import dev.pillion.invocation.ServiceAction;
import dev.pillion.invocation.ServiceMethod;
import dev.pillion.pubsub.BulkHandler;
import dev.pillion.pubsub.DeliveryHandler;
import dev.pillion.pubsub.MessageHandler;
import dev.pillion.pubsub.SubscribeOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Handlers of a runtime that is being built: they begin when it starts. */
abstract class HandlersAtStart implements Handlers<EmbeddedRuntime.Builder> {
  final List<Consumer<EmbeddedRuntime>> handlers = new ArrayList<>();

  abstract EmbeddedRuntime.Builder self();

  @Override
  public <T> EmbeddedRuntime.Builder subscribe(
      String pubsub, String topic, Class<T> type, MessageHandler<T> handler) {
    handlers.add(runtime -> runtime.subscribe(pubsub, topic, type, handler));
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
    handlers.add(runtime -> runtime.subscribe(pubsub, topic, type, options, handler));
    return self();
  }

  @Override
  public <T> EmbeddedRuntime.Builder subscribeBulk(
      String pubsub,
      String topic,
      Class<T> type,
      SubscribeOptions options,
      BulkHandler<T> handler) {
    handlers.add(runtime -> runtime.subscribeBulk(pubsub, topic, type, options, handler));
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
    handlers.add(runtime -> runtime.method(method, requestType, handler));
    return self();
  }

  @Override
  public EmbeddedRuntime.Builder method(String method, RequestHandler handler) {
    handlers.add(runtime -> runtime.method(method, handler));
    return self();
  }

  @Override
  public <Q> EmbeddedRuntime.Builder receive(
      String method, Class<Q> requestType, ServiceAction<Q> handler) {
    handlers.add(runtime -> runtime.receive(method, requestType, handler));
    return self();
  }

  @Override
  public EmbeddedRuntime.Builder otherMethods(RequestHandler handler) {
    handlers.add(runtime -> runtime.otherMethods(handler));
    return self();
  }
}
