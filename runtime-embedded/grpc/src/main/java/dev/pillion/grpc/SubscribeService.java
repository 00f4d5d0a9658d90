// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static dev.pillion.wire.runtime.v1.DaprGrpc.getSubscribeTopicEventsAlpha1Method;

import dev.pillion.call.CallContext;
import dev.pillion.pubsub.SubscriptionDeclaration;
import dev.pillion.wire.runtime.v1.SubscribeTopicEventsResponseAlpha1;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Subscriptions of callers who take events on a stream. Thread-safe. */
final class SubscribeService
    implements ServerCallHandler<byte[], SubscribeTopicEventsResponseAlpha1>, AutoCloseable {
  private final Serving serving;
  private final Set<EventStream> streams = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  SubscribeService(Serving serving) {
    this.serving = serving;
  }

  void addTo(RpcTable rpcs) {
    var method = getSubscribeTopicEventsAlpha1Method();
    rpcs.add(
        method.toBuilder(RawRequest.MARSHALLER, method.getResponseMarshaller()).build(), this);
  }

  @Override
  public ServerCall.Listener<byte[]> startCall(
      ServerCall<byte[], SubscribeTopicEventsResponseAlpha1> call, Metadata headers) {
    var context = CallContext.EMPTY.with(TraceHeaders.of(headers));
    var stream = new EventStream(serving, call, context, streams::remove);
    streams.add(stream);
    call.request(1);
    if (closed) {
      stream.close();
    }
    return stream;
  }

  /** What callers are subscribed to now. */
  List<SubscriptionDeclaration> subscriptions() {
    return streams.stream()
        .map(EventStream::subscription)
        .filter(Objects::nonNull)
        .toList();
  }

  /** Ends all streams, whose callers may go elsewhere. */
  @Override
  public void close() {
    closed = true;
    streams.forEach(EventStream::close);
  }
}
