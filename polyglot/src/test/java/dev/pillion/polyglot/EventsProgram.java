// SPDX-License-Identifier: Apache-2.0
package dev.pillion.polyglot;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dapr.client.DaprClient;
import io.dapr.client.DaprClientBuilder;
import io.dapr.client.SubscriptionListener;
import io.dapr.client.domain.CloudEvent;
import io.dapr.client.domain.PublishEventRequest;
import io.dapr.utils.TypeRef;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import reactor.core.publisher.Mono;

/** Has events with a runtime through the unmodified Dapr SDK for Java, by a stream. */
@SuppressWarnings("deprecation") // Its successor leaves no choice of the outcome.
final class EventsProgram implements SubscriptionListener<Map<String, Object>> {
  private final DaprClient client = new DaprClientBuilder().build();
  private final Set<Object> retried = ConcurrentHashMap.newKeySet();

  public static void main(String[] arguments) throws Exception {
    try (var preview = new DaprClientBuilder().buildPreviewClient();
        var subscription = preview.subscribeToEvents(
            "pubsub", "orders", new EventsProgram(), new TypeRef<Map<String, Object>>() {})) {
      subscription.awaitTermination();
    }
  }

  @Override
  public Mono<Status> onEvent(CloudEvent<Map<String, Object>> event) {
    var order = new TreeMap<>(event.getData());
    var what = order.remove("do");
    var n = order.get("n");
    Mono<?> published;
    if ("text".equals(what)) {
      published =
          client.publishEvent(new PublishEventRequest("pubsub", "texts", "grüße".getBytes(UTF_8))
              .setContentType("text/plain"));
    } else if ("bulk".equals(what)) {
      published = client.publishEvents(
          "pubsub",
          "seen",
          "application/json",
          List.of(Map.of("n", n, "part", 1), Map.of("n", n, "part", 2)));
    } else {
      published = client.publishEvent("pubsub", "seen", order);
    }
    var status = "drop".equals(what)
        ? Status.DROP
        : "retry".equals(what) && retried.add(n) ? Status.RETRY : Status.SUCCESS;
    return published.then(Mono.just(status));
  }

  @Override
  public void onError(RuntimeException e) {
    e.printStackTrace();
  }
}
