// SPDX-License-Identifier: Apache-2.0
package dev.pillion.polyglot.spring;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dapr.Topic;
import io.dapr.client.DaprClient;
import io.dapr.client.DaprClientBuilder;
import io.dapr.client.DaprPreviewClient;
import io.dapr.client.domain.BulkSubscribeAppResponse;
import io.dapr.client.domain.BulkSubscribeAppResponseEntry;
import io.dapr.client.domain.BulkSubscribeAppResponseStatus;
import io.dapr.client.domain.BulkSubscribeMessage;
import io.dapr.client.domain.CloudEvent;
import io.dapr.client.domain.PublishEventRequest;
import io.dapr.springboot.annotations.BulkSubscribe;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;

/** Has events with a runtime over HTTP through the unmodified Spring Boot extension of Dapr's SDK for Java. */
@SpringBootApplication
@RestController
public class EventsApp {
  private final DaprClient client = new DaprClientBuilder().build();
  private final DaprPreviewClient preview = new DaprClientBuilder().buildPreviewClient();
  private final Set<Object> retried = ConcurrentHashMap.newKeySet();

  public static void main(String[] arguments) {
    SpringApplication.run(EventsApp.class, "--server.port=" + System.getenv("APP_PORT"));
  }

  @Topic(pubsubName = "pubsub", name = "orders")
  @PostMapping("/orders")
  public Map<String, String> order(@RequestBody CloudEvent<Map<String, Object>> event) {
    return Map.of("status", handle(event));
  }

  @BulkSubscribe(maxMessagesCount = 10, maxAwaitDurationMs = 200)
  @Topic(pubsubName = "pubsub", name = "batches")
  @PostMapping("/batches")
  public BulkSubscribeAppResponse batch(
      @RequestBody BulkSubscribeMessage<CloudEvent<Map<String, Object>>> batch) {
    return new BulkSubscribeAppResponse(batch.getEntries().stream()
        .map(entry -> new BulkSubscribeAppResponseEntry(
            entry.getEntryId(), BulkSubscribeAppResponseStatus.valueOf(handle(entry.getEvent()))))
        .toList());
  }

  private String handle(CloudEvent<Map<String, Object>> event) {
    var order = new TreeMap<>(event.getData());
    var what = order.remove("do");
    var n = order.get("n");
    if ("text".equals(what)) {
      client
          .publishEvent(new PublishEventRequest("pubsub", "texts", "grüße".getBytes(UTF_8))
              .setContentType("text/plain"))
          .block();
    } else if ("bulk".equals(what)) {
      preview
          .publishEvents(
              "pubsub",
              "seen",
              "application/json",
              List.of(Map.of("n", n, "part", 1), Map.of("n", n, "part", 2)))
          .block();
    } else {
      client.publishEvent("pubsub", "seen", order).block();
    }
    return "drop".equals(what)
        ? "DROP"
        : "retry".equals(what) && retried.add(n) ? "RETRY" : "SUCCESS";
  }
}
