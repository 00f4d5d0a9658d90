// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.pillion.HandlerRegistration;
import dev.pillion.pubsub.BulkEvents;
import dev.pillion.pubsub.CloudEvent;
import dev.pillion.pubsub.DeliveryHandler;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.Topic;
import dev.pillion.pubsub.testkit.PubSubDoor;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.wire.runtime.v1.BulkPublishRequest;
import dev.pillion.wire.runtime.v1.BulkPublishRequestEntry;
import dev.pillion.wire.runtime.v1.DaprGrpc;
import dev.pillion.wire.runtime.v1.PublishEventRequest;
import dev.pillion.wire.runtime.v1.SubscribeTopicEventsRequestAlpha1;
import dev.pillion.wire.runtime.v1.SubscribeTopicEventsRequestInitialAlpha1;
import dev.pillion.wire.runtime.v1.SubscribeTopicEventsRequestProcessedAlpha1;
import dev.pillion.wire.runtime.v1.SubscribeTopicEventsResponseAlpha1;
import dev.pillion.wire.runtime.v1.TopicEventRequest;
import dev.pillion.wire.runtime.v1.TopicEventResponse;
import dev.pillion.wire.runtime.v1.TopicEventResponse.TopicEventResponseStatus;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** A runtime as a peer sees it through the facade: it publishes by calls, and has streams. */
final class StreamDoor implements PubSubDoor {
  private final EmbeddedRuntime runtime;
  private final ManagedChannel channel;
  private final ExecutorService handlers = Executors.newCachedThreadPool();

  StreamDoor(EmbeddedRuntime runtime, GrpcFacade facade) {
    this.runtime = runtime;
    this.channel = TestFacade.channelTo(facade.port());
  }

  @Override
  public void close() {
    runtime.close();
    channel.shutdownNow();
    handlers.shutdownNow();
  }

  @Override
  public Topic topic(String topic) {
    return new WireTopic(topic);
  }

  @Override
  public HandlerRegistration subscribe(
      String topic, SubscribeOptions options, DeliveryHandler<byte[]> handler) {
    var subscriber = new Subscriber(topic, handler);
    var initial = SubscribeTopicEventsRequestInitialAlpha1.newBuilder()
        .setPubsubName("bus")
        .setTopic(topic)
        .putAllMetadata(options.metadata());
    if (options.deadLetterTopic() != null) {
      initial.setDeadLetterTopic(options.deadLetterTopic());
    }
    subscriber.open(initial);
    return subscriber;
  }

  private final class WireTopic implements Topic {
    private final String name;

    WireTopic(String name) {
      this.name = name;
    }

    @Override
    public String pubsub() {
      return "bus";
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public void publish(Object data) {
      publish(data, PublishOptions.defaults().contentType("application/octet-stream"));
    }

    @Override
    public void publish(Object data, PublishOptions options) {
      var request = PublishEventRequest.newBuilder()
          .setPubsubName("bus")
          .setTopic(name)
          .setData(ByteString.copyFrom((byte[]) data))
          .setDataContentType(options.contentType() == null ? "" : options.contentType())
          .putAllMetadata(options.metadata());
      var unused = stub(options).publishEvent(request.build());
    }

    private DaprGrpc.DaprBlockingStub stub(PublishOptions options) {
      var headers = new Metadata();
      if (!options.traceparent().isEmpty()) {
        headers.merge(TestFacade.header("traceparent", options.traceparent()));
        headers.merge(TestFacade.header("tracestate", options.tracestate()));
      }
      return DaprGrpc.newBlockingStub(ClientInterceptors.intercept(
              channel, MetadataUtils.newAttachHeadersInterceptor(headers)))
          .withDeadlineAfter(30, TimeUnit.SECONDS);
    }

    @Override
    public <E extends Exception> void bulk(BulkEvents.Writer<E> writer) throws E {
      var request = BulkPublishRequest.newBuilder().setPubsubName("bus").setTopic(name);
      writer.write(new BulkEvents() {
        @Override
        public BulkEvents publish(Object data) {
          return publish(data, PublishOptions.defaults());
        }

        @Override
        public BulkEvents publish(Object data, PublishOptions options) {
          return publish(Integer.toString(request.getEntriesCount()), data, options);
        }

        @Override
        public BulkEvents publish(String entryId, Object data, PublishOptions options) {
          request.addEntries(BulkPublishRequestEntry.newBuilder()
              .setEntryId(entryId)
              .setEvent(ByteString.copyFrom((byte[]) data))
              .setContentType(options.contentType())
              .putAllMetadata(options.metadata()));
          return this;
        }

        @Override
        public BulkEvents metadata(Map<String, String> entries) {
          request.putAllMetadata(entries);
          return this;
        }
      });
      var unused = stub(PublishOptions.defaults()).bulkPublishEventAlpha1(request.build());
    }
  }

  /** One stream. Events are handled side by side, as an SDK's are. */
  private final class Subscriber
      implements StreamObserver<SubscribeTopicEventsResponseAlpha1>, HandlerRegistration {
    private final String topic;
    private final DeliveryHandler<byte[]> handler;
    private final CountDownLatch opened = new CountDownLatch(1);
    private final StreamObserver<SubscribeTopicEventsRequestAlpha1> requests =
        DaprGrpc.newStub(channel).subscribeTopicEventsAlpha1(this);

    Subscriber(String topic, DeliveryHandler<byte[]> handler) {
      this.topic = topic;
      this.handler = handler;
    }

    /** Returns when the runtime has said that it is subscribed. */
    void open(SubscribeTopicEventsRequestInitialAlpha1.Builder initial) {
      send(SubscribeTopicEventsRequestAlpha1.newBuilder().setInitialRequest(initial));
      await().atMost(30, TimeUnit.SECONDS).until(() -> opened.getCount() == 0);
    }

    private synchronized void send(SubscribeTopicEventsRequestAlpha1.Builder message) {
      requests.onNext(message.build());
    }

    @Override
    public void onNext(SubscribeTopicEventsResponseAlpha1 message) {
      if (message.hasInitialResponse()) {
        opened.countDown();
      } else if (message.hasEventMessage()) {
        handlers.execute(() -> handle(message.getEventMessage()));
      }
    }

    private void handle(TopicEventRequest event) {
      var status = TopicEventResponseStatus.RETRY;
      try {
        var result = handler.handle(cloudEvent(event), new WireDelivery(topic, event.getPath()));
        if (result == DeliveryResult.SUCCESS) {
          status = TopicEventResponseStatus.SUCCESS;
        } else if (result == DeliveryResult.DROP) {
          status = TopicEventResponseStatus.DROP;
        }
      } catch (Exception | StackOverflowError e) {
        // What a peer's SDK makes of it.
        status = TopicEventResponseStatus.RETRY;
      }
      send(SubscribeTopicEventsRequestAlpha1.newBuilder()
          .setEventProcessed(SubscribeTopicEventsRequestProcessedAlpha1.newBuilder()
              .setId(event.getId())
              .setStatus(TopicEventResponse.newBuilder().setStatus(status))));
    }

    @Override
    public void onError(Throwable e) {
      // The runtime has closed, or the test has.
    }

    @Override
    public void onCompleted() {
      // The runtime has closed.
    }

    @Override
    public void pause() {
      throw new UnsupportedOperationException("a stream can't pause");
    }

    @Override
    public void resume() {
      throw new UnsupportedOperationException("a stream can't pause");
    }

    @Override
    public void close() {
      requests.onCompleted();
    }
  }

  static CloudEvent<byte[]> cloudEvent(TopicEventRequest event) {
    var attributes = new HashMap<String, Object>();
    event
        .getExtensions()
        .getFieldsMap()
        .forEach((name, value) -> attributes.put(name, value.getStringValue()));
    attributes.put("id", event.getId());
    attributes.put("source", event.getSource());
    attributes.put("type", event.getType());
    attributes.put("datacontenttype", event.getDataContentType());
    return new CloudEvent<>(attributes, event.getData().toByteArray());
  }
}
