// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static dev.pillion.wire.runtime.v1.AppCallbackAlphaGrpc.getOnBulkTopicEventAlpha1Method;
import static dev.pillion.wire.runtime.v1.AppCallbackGrpc.getListTopicSubscriptionsMethod;
import static dev.pillion.wire.runtime.v1.AppCallbackGrpc.getOnBulkTopicEventMethod;
import static dev.pillion.wire.runtime.v1.AppCallbackGrpc.getOnTopicEventMethod;

import com.google.protobuf.Empty;
import com.google.protobuf.Message;
import dev.pillion.appchannel.AppChannel;
import dev.pillion.appchannel.AppEvents;
import dev.pillion.appchannel.BulkOutcomes;
import dev.pillion.appchannel.EventMetadata;
import dev.pillion.call.Call;
import dev.pillion.pubsub.BulkHandler;
import dev.pillion.pubsub.CloudEvent;
import dev.pillion.pubsub.Delivery;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.SubscriptionDeclaration;
import dev.pillion.wire.runtime.v1.TopicEventBulkRequest;
import dev.pillion.wire.runtime.v1.TopicEventBulkRequestEntry;
import dev.pillion.wire.runtime.v1.TopicEventBulkResponse;
import dev.pillion.wire.runtime.v1.TopicSubscription;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Events in the words of {@code AppCallback}. */
final class GrpcAppEvents implements AppEvents {
  private static final String BULK_TYPE = "com.dapr.event.sent.bulk";

  private final GrpcTransport transport;

  /** Whether the program knows bulk events by their older name; asked anew when it comes again. */
  private volatile boolean alpha;

  GrpcAppEvents(GrpcTransport transport) {
    this.transport = transport;
  }

  @Override
  public List<SubscriptionDeclaration> subscriptions(AppChannel channel, Call call) {
    alpha = false;
    var answer = channel.exchange(call, Map.of(), (headers, deadline) -> transport
        .calls()
        .run(getListTopicSubscriptionsMethod(), Empty.getDefaultInstance(), headers, deadline));
    return isUnimplemented(answer)
        ? List.of()
        : answer.success().getSubscriptionsList().stream()
            .map(GrpcAppEvents::declaration)
            .toList();
  }

  private static SubscriptionDeclaration declaration(TopicSubscription asked) {
    var options = SubscribeOptions.defaults().metadata(asked.getMetadataMap());
    for (var rule : asked.getRoutes().getRulesList()) {
      options = options.route(rule.getMatch(), rule.getPath());
    }
    if (!asked.getRoutes().getDefault().isEmpty()) {
      options = options.otherwise(asked.getRoutes().getDefault());
    } else if (options.rules().isEmpty()) {
      // Written down, so that nothing is left to a resource for the same topic.
      options = options.otherwise("");
    }
    if (!asked.getDeadLetterTopic().isEmpty()) {
      options = options.deadLetterTopic(asked.getDeadLetterTopic());
    }
    var bulk = asked.getBulkSubscribe();
    if (bulk.getEnabled()) {
      options =
          options.bulk(bulk.getMaxMessagesCount(), Duration.ofMillis(bulk.getMaxAwaitDurationMs()));
    }
    return new SubscriptionDeclaration("", asked.getPubsubName(), asked.getTopic(), options);
  }

  @Override
  public DeliveryResult deliver(AppChannel channel, CloudEvent<byte[]> event, Delivery delivery) {
    var answer = ask(
        channel,
        delivery,
        EventMetadata.headers(delivery),
        getOnTopicEventMethod(),
        TopicEvents.request(event, delivery));
    // A program that has no word for events is done with them, as in Dapr.
    return isUnimplemented(answer)
        ? DeliveryResult.SUCCESS
        : TopicEvents.result(answer.success().getStatus());
  }

  @Override
  public List<DeliveryResult> deliverAll(
      AppChannel channel, List<BulkHandler.Entry<byte[]>> entries, boolean raw) {
    var any = entries.get(0).delivery();
    var request = TopicEventBulkRequest.newBuilder()
        .setId(UUID.randomUUID().toString())
        .putAllMetadata(EventMetadata.ofBatch(any))
        .setTopic(any.topic())
        .setPubsubName(any.pubsub())
        .setType(BULK_TYPE)
        .setPath(any.path());
    for (int i = 0; i < entries.size(); i++) {
      request.addEntries(entry(i, entries.get(i), raw));
    }
    var answer = askAll(channel, any, request.build());
    if (isUnimplemented(answer)) {
      return BulkOutcomes.all(entries.size(), DeliveryResult.SUCCESS);
    }
    var outcomes = BulkOutcomes.of(entries.size());
    answer
        .success()
        .getStatusesList()
        .forEach(said -> outcomes.say(said.getEntryId(), TopicEvents.result(said.getStatus())));
    return outcomes.list();
  }

  private static TopicEventBulkRequestEntry entry(
      int position, BulkHandler.Entry<byte[]> entry, boolean raw) {
    var made = TopicEventBulkRequestEntry.newBuilder()
        .setEntryId(BulkOutcomes.entryId(position))
        // Empty where the broker has none, as in Dapr.
        .setContentType(entry.delivery().metadata().getOrDefault("content-type", ""))
        .putAllMetadata(EventMetadata.ofEntry(entry.delivery()));
    if (raw) {
      made.setBytes(TopicEvents.data(entry.event()));
    } else {
      made.setCloudEvent(TopicEvents.entry(entry.event()));
    }
    return made.build();
  }

  private AppAnswer<TopicEventBulkResponse> askAll(
      AppChannel channel, Delivery any, TopicEventBulkRequest request) {
    var headers = EventMetadata.batchHeaders(any);
    if (!alpha) {
      var answer = ask(channel, any, headers, getOnBulkTopicEventMethod(), request);
      if (!isUnimplemented(answer)) {
        return answer;
      }
    }
    var answer = ask(channel, any, headers, getOnBulkTopicEventAlpha1Method(), request);
    alpha = !isUnimplemented(answer);
    return answer;
  }

  private <Q extends Message, A extends Message> AppAnswer<A> ask(
      AppChannel channel,
      Delivery delivery,
      Map<String, List<String>> metadata,
      MethodDescriptor<Q, A> method,
      Q request) {
    return channel.exchangeWithin(
        EventMetadata.context(delivery),
        metadata,
        (headers, deadline) -> transport.calls().run(method, request, headers, deadline));
  }

  private static boolean isUnimplemented(AppAnswer<?> answer) {
    return answer.status().getCode() == Status.Code.UNIMPLEMENTED;
  }
}
