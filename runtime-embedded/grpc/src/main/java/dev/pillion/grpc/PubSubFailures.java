// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import com.google.rpc.ResourceInfo;
import dev.pillion.BuildingBlockException;
import dev.pillion.BulkException;
import dev.pillion.NoSuchComponentException;
import dev.pillion.pubsub.TopicForbiddenException;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What Dapr answers when publishing fails: code, reason, text and details.
 *
 * @param request the metadata of the request, which goes along with most failures
 */
record PubSubFailures(String appId, String pubsub, String topic, Map<String, String> request) {
  private static final String ENVELOPE = "ERR_PUBSUB_CLOUD_EVENTS_SER";
  private static final String ENVELOPE_TEXT = "cannot create cloudevent";

  StatusRuntimeException noSuch(NoSuchComponentException e) {
    if (!e.anyConfigured()) {
      return GrpcErrors.status(
          Code.FAILED_PRECONDITION,
          "pubsub " + pubsub + " is not configured",
          GrpcErrors.info("DAPR_PUBSUB_NOT_CONFIGURED", request));
    }
    return pubsub.isEmpty()
        ? failed(Code.INVALID_ARGUMENT, "DAPR_PUBSUB_NAME_EMPTY", "pubsub name is empty", request)
        : notFound(pubsub, request);
  }

  static StatusRuntimeException notFound(String pubsub, Map<String, String> request) {
    return GrpcErrors.status(
        Code.INVALID_ARGUMENT,
        "pubsub " + pubsub + " is not found",
        GrpcErrors.info("DAPR_PUBSUB_NOT_FOUND", request));
  }

  StatusRuntimeException topicEmpty() {
    return failed(
        Code.INVALID_ARGUMENT,
        "DAPR_PUBSUB_TOPIC_NAME_EMPTY",
        "topic is empty in pubsub " + pubsub,
        request);
  }

  StatusRuntimeException rawPayload(String value) {
    return failed(
        Code.INVALID_ARGUMENT,
        "DAPR_PUBSUB_METADATA_DESERIALIZATION",
        "failed deserializing metadata. Error: rawPayload value must be a valid boolean: actual is '"
            + value + "'",
        request);
  }

  StatusRuntimeException entryId() {
    return failed(
        Code.INVALID_ARGUMENT,
        "DAPR_PUBSUB_MARSHAL_EVENTS",
        "error marshaling events to bytes for topic %s pubsub %s. error: entryId is duplicated or not present for entry"
            .formatted(topic, pubsub),
        request);
  }

  /** What the runtime's topic has thrown. */
  StatusRuntimeException of(RuntimeException e) {
    if (e instanceof TopicForbiddenException) {
      return failed(
          Code.PERMISSION_DENIED,
          "DAPR_PUBSUB_FORBIDDEN",
          "topic " + topic + " is not allowed for app id " + appId,
          request);
    }
    var malformed = malformed(e);
    if (malformed != null) {
      var error = text(malformed);
      return failed(
          Code.INVALID_ARGUMENT,
          "DAPR_PUBSUB_CLOUD_EVENT_CREATION",
          ENVELOPE_TEXT,
          Map.of("appID", appId, "error", without(ENVELOPE_TEXT + ": ", error)));
    }
    var what = "error when publishing to topic %s in pubsub %s: ".formatted(topic, pubsub);
    var error = without(what, text(e));
    return failed(
        e instanceof IllegalArgumentException ? Code.INTERNAL : GrpcErrors.code(e, Code.INTERNAL),
        "DAPR_PUBSUB_PUBLISH_MESSAGE",
        what + error,
        Map.of("topic", topic, "error", error));
  }

  /** The failure to make an event of what was sent, of one entry where there are many. */
  private static @Nullable RuntimeException malformed(RuntimeException e) {
    Stream<? extends RuntimeException> all =
        e instanceof BulkException bulk ? bulk.failures().values().stream() : Stream.of(e);
    return all.filter(one ->
            one instanceof BuildingBlockException known && ENVELOPE.equals(known.errorCode()))
        .findFirst()
        .orElse(null);
  }

  private static String text(Throwable e) {
    return String.valueOf(e.getMessage());
  }

  private static String without(String what, String message) {
    return message.startsWith(what) ? message.substring(what.length()) : message;
  }

  private StatusRuntimeException failed(
      Code code, String reason, String message, Map<String, String> metadata) {
    return GrpcErrors.status(
        code,
        message,
        ResourceInfo.newBuilder()
            .setResourceType("pubsub")
            .setResourceName(pubsub)
            .setDescription(message)
            .build(),
        GrpcErrors.info(reason, metadata));
  }
}
