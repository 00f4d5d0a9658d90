// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static dev.pillion.wire.runtime.v1.DaprGrpc.getBulkPublishEventAlpha1Method;
import static dev.pillion.wire.runtime.v1.DaprGrpc.getBulkPublishEventMethod;
import static dev.pillion.wire.runtime.v1.DaprGrpc.getPublishEventMethod;

import com.google.protobuf.Empty;
import dev.pillion.BuildingBlockException;
import dev.pillion.NoSuchComponentException;
import dev.pillion.call.CallContext;
import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.Topic;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.wire.runtime.v1.BulkPublishRequest;
import dev.pillion.wire.runtime.v1.BulkPublishResponse;
import dev.pillion.wire.runtime.v1.PublishEventRequest;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Publishing: checks stand in Dapr's order. */
final class PublishService {
  private static final String RAW_PAYLOAD = "rawPayload";
  private static final Set<String> TRUE = Set.of("1", "t", "T", "TRUE", "true", "True");
  private static final Set<String> FALSE = Set.of("", "0", "f", "F", "FALSE", "false", "False");

  private final EmbeddedRuntime runtime;

  PublishService(EmbeddedRuntime runtime) {
    this.runtime = runtime;
  }

  void addTo(RpcTable rpcs) {
    rpcs.contextual(getPublishEventMethod(), this::publish);
    rpcs.contextual(getBulkPublishEventMethod(), this::publishAll);
    rpcs.contextual(getBulkPublishEventAlpha1Method(), this::publishAll);
  }

  private Empty publish(PublishEventRequest request, CallContext caller) {
    var failures = new PubSubFailures(
        runtime.appId(), request.getPubsubName(), request.getTopic(), request.getMetadataMap());
    var topic = topic(failures);
    boolean raw = isRaw(failures);
    var options = options(request.getDataContentType(), request.getMetadataMap(), caller);
    if (raw) {
      // Where there is no envelope to hold it, the trace goes along as metadata, known or not.
      options = options.metadata(Map.of(
          "traceid", header(caller, "traceparent"), "tracestate", header(caller, "tracestate")));
    }
    try {
      topic.publish(request.getData().toByteArray(), options);
      return Empty.getDefaultInstance();
    } catch (BuildingBlockException | IllegalArgumentException e) {
      throw failures.of(e);
    }
  }

  /** All or an error: who has failed is lost to the caller, as in Dapr. */
  private BulkPublishResponse publishAll(BulkPublishRequest request, CallContext caller) {
    var failures = new PubSubFailures(
        runtime.appId(), request.getPubsubName(), request.getTopic(), request.getMetadataMap());
    var topic = topic(failures);
    var unused = isRaw(failures);
    var ids = new HashSet<String>();
    try {
      topic.bulk(events -> {
        events.metadata(request.getMetadataMap());
        for (var entry : request.getEntriesList()) {
          if (entry.getEntryId().isEmpty() || !ids.add(entry.getEntryId())) {
            throw failures.entryId();
          }
          events.publish(
              entry.getEntryId(),
              entry.getEvent().toByteArray(),
              options(entry.getContentType(), entry.getMetadataMap(), caller));
        }
      });
      return BulkPublishResponse.getDefaultInstance();
    } catch (BuildingBlockException | IllegalArgumentException e) {
      throw failures.of(e);
    }
  }

  private static PublishOptions options(
      String contentType, Map<String, String> metadata, CallContext caller) {
    var options = PublishOptions.defaults().contentType(contentType).metadata(metadata);
    var parent = header(caller, "traceparent");
    return parent.isEmpty() ? options : options.traceContext(parent, header(caller, "tracestate"));
  }

  private static String header(CallContext caller, String name) {
    return caller.headers().getOrDefault(name, "");
  }

  private Topic topic(PubSubFailures failures) {
    boolean empty = failures.topic().isEmpty();
    Topic topic;
    try {
      // The pubsub is judged before the topic.
      topic = runtime.topic(failures.pubsub(), empty ? "-" : failures.topic());
    } catch (NoSuchComponentException e) {
      throw failures.noSuch(e);
    }
    if (empty) {
      throw failures.topicEmpty();
    }
    return topic;
  }

  private static boolean isRaw(PubSubFailures failures) {
    var value = failures.request().getOrDefault(RAW_PAYLOAD, "");
    if (TRUE.contains(value)) {
      return true;
    }
    if (FALSE.contains(value)) {
      return false;
    }
    throw failures.rawPayload(value);
  }
}
