// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import dev.pillion.appchannel.AppChannel;
import dev.pillion.appchannel.AppEvents;
import dev.pillion.appchannel.BulkOutcomes;
import dev.pillion.appchannel.EventMetadata;
import dev.pillion.call.Call;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.pubsub.BulkHandler;
import dev.pillion.pubsub.CloudEvent;
import dev.pillion.pubsub.Delivery;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.SubscriptionDeclaration;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** Events in Dapr's HTTP requests. */
final class HttpAppEvents implements AppEvents {
  private static final int NOT_FOUND = 404;

  private final String address;

  HttpAppEvents(String address) {
    this.address = address;
  }

  @Override
  public List<SubscriptionDeclaration> subscriptions(AppChannel channel, Call call) {
    var request = new InvocationRequest(
        "GET",
        "dapr/subscribe",
        "",
        Map.of("dapr-app-id", List.of(call.target())),
        "application/json",
        Body.EMPTY);
    try (var answer = channel.invoke(call, request)) {
      if (answer.status() == NOT_FOUND) {
        return List.of();
      }
      if (answer.status() != 200) {
        throw failed("GET /dapr/subscribe", answer.status());
      }
      return SubscriptionList.read(body(answer));
    } catch (SubscriptionList.MalformedException e) {
      throw new HttpAnswerException(
          "the app at %s answered GET /dapr/subscribe with something that is no list of subscriptions, so that none of it counts: %s"
              .formatted(address, e.getMessage()),
          200);
    }
  }

  @Override
  public DeliveryResult deliver(AppChannel channel, CloudEvent<byte[]> event, Delivery delivery) {
    var request = post(
        delivery,
        EventMetadata.headers(delivery),
        "application/cloudevents+json",
        delivery.envelope());
    try (var answer = channel.invokeWithin(EventMetadata.context(delivery), request)) {
      if (answer.isSuccess()) {
        return EventAnswers.single(body(answer));
      }
      if (answer.status() == NOT_FOUND) {
        return DeliveryResult.DROP;
      }
      throw failed("POST " + delivery.path(), answer.status());
    }
  }

  @Override
  public List<DeliveryResult> deliverAll(
      AppChannel channel, List<BulkHandler.Entry<byte[]>> entries, boolean raw) {
    var any = entries.get(0).delivery();
    var request =
        post(any, EventMetadata.batchHeaders(any), "application/json", BulkBody.of(entries, raw));
    try (var answer = channel.invokeWithin(EventMetadata.context(any), request)) {
      if (answer.isSuccess()) {
        return EventAnswers.bulk(body(answer), entries.size());
      }
      if (answer.status() == NOT_FOUND) {
        return BulkOutcomes.all(entries.size(), DeliveryResult.SUCCESS);
      }
      throw failed("POST " + any.path(), answer.status());
    }
  }

  private static InvocationRequest post(
      Delivery delivery, Map<String, List<String>> headers, String contentType, byte[] body) {
    var path = delivery.path();
    int query = path.indexOf('?');
    return new InvocationRequest(
        "POST",
        query < 0 ? path : path.substring(0, query),
        query < 0 ? "" : path.substring(query + 1),
        headers,
        contentType,
        Body.of(body));
  }

  private byte[] body(InvocationResponse answer) {
    try {
      return answer.body().readAllBytes();
    } catch (IOException e) {
      throw new InvocationException(
          InvocationException.Reason.CLOSED,
          "the answer of the app at " + address + " can't be read",
          e);
    }
  }

  private HttpAnswerException failed(String what, int status) {
    return new HttpAnswerException(
        "the app at %s answered %s with %d".formatted(address, what, status), status);
  }
}
