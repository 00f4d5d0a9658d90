// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import com.google.protobuf.Empty;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.wire.runtime.v1.AppCallbackGrpc;
import dev.pillion.wire.runtime.v1.AppCallbackHealthCheckGrpc;
import dev.pillion.wire.runtime.v1.HealthCheckResponse;
import dev.pillion.wire.runtime.v1.ListTopicSubscriptionsResponse;
import dev.pillion.wire.runtime.v1.TopicEventRequest;
import dev.pillion.wire.runtime.v1.TopicEventResponse;
import dev.pillion.wire.runtime.v1.TopicEventResponse.TopicEventResponseStatus;
import dev.pillion.wire.runtime.v1.TopicSubscription;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** A program that takes events by AppCallback. */
final class GrpcDoorProgram implements AutoCloseable {
  /** A word that no version of Dapr knows. */
  private static final int NO_OUTCOME = 9;

  private final AppHandlers handlers;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Server server;

  GrpcDoorProgram(AppHandlers handlers) throws IOException {
    this.handlers = handlers;
    this.server = NettyServerBuilder.forAddress(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .executor(threads)
        .addService(new Callback())
        .addService(new Health())
        .build()
        .start();
  }

  int port() {
    return server.getPort();
  }

  @Override
  public void close() throws InterruptedException {
    server.shutdownNow();
    threads.shutdownNow();
    server.awaitTermination();
  }

  private static TopicSubscription subscription(AppHandlers.Subscribed subscribed) {
    var dead = subscribed.options().deadLetterTopic();
    return TopicSubscription.newBuilder()
        .setPubsubName("bus")
        .setTopic(subscribed.topic())
        .putAllMetadata(subscribed.options().metadata())
        .setDeadLetterTopic(dead == null ? "" : dead)
        .build();
  }

  private static TopicEventResponse answer(@Nullable DeliveryResult result) {
    var answer = TopicEventResponse.newBuilder();
    return result == null
        ? answer.setStatusValue(NO_OUTCOME).build()
        : answer.setStatus(TopicEventResponseStatus.valueOf(result.name())).build();
  }

  private final class Callback extends AppCallbackGrpc.AppCallbackImplBase {
    @Override
    public void listTopicSubscriptions(
        Empty request, StreamObserver<ListTopicSubscriptionsResponse> answer) {
      var all = ListTopicSubscriptionsResponse.newBuilder();
      handlers.all().forEach(one -> all.addSubscriptions(subscription(one)));
      answer.onNext(all.build());
      answer.onCompleted();
    }

    @Override
    public void onTopicEvent(TopicEventRequest event, StreamObserver<TopicEventResponse> answer) {
      TopicEventResponse said;
      try {
        said = answer(handlers.handle(event.getTopic(), StreamDoor.cloudEvent(event)));
      } catch (Exception | StackOverflowError e) {
        answer.onError(Status.INTERNAL.withDescription(e.toString()).asRuntimeException());
        return;
      }
      answer.onNext(said);
      answer.onCompleted();
    }
  }

  private final class Health extends AppCallbackHealthCheckGrpc.AppCallbackHealthCheckImplBase {
    @Override
    public void healthCheck(Empty request, StreamObserver<HealthCheckResponse> answer) {
      if (handlers.isWell()) {
        answer.onNext(HealthCheckResponse.getDefaultInstance());
        answer.onCompleted();
      } else {
        answer.onError(Status.UNAVAILABLE.asRuntimeException());
      }
    }
  }
}
